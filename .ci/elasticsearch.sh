#!/usr/bin/env bash
# A real Elasticsearch for the tests, on loopback, with TLS and a password.
#   elasticsearch.sh run COMMAND…          start a node, run the command with VIGIL_ELASTICSEARCH
#                                          naming the node's folder, stop the node, whatever happened
#   elasticsearch.sh start FOLDER [plain]  start a node in a folder; plain: neither TLS nor password.
#                                          Its address is then in FOLDER/url, of its transport in
#                                          FOLDER/transport; user vigil's password in FOLDER/password,
#                                          the certificate to trust in FOLDER/config/node.crt
#   elasticsearch.sh stop FOLDER [KILL]    stop it (with a signal of that name)
#   elasticsearch.sh get                   install what is missing, start nothing
# A folder whose file config/unicast_hosts.txt names nodes joins them; ES_MASTERS names the first ones
# of a new cluster. ES_HEAP is 512m when not given; ES_OPTIONS are further options of the JVM.
set -euo pipefail

version=8.19.21
heap=${ES_HEAP:-512m}
limit=900 # seconds for a start, on a machine that does much else
quick=${ES_OPTIONS--XX:TieredStopAtLevel=1 -XX:-AlwaysPreTouch} # up sooner; measure with none of them
root() { [ "$(id -u)" = 0 ]; }
say() { echo "elasticsearch.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

# Elasticsearch refuses to run as root: then nobody runs it, who must be able to read it.
if root; then cache=/var/cache/vigil-elasticsearch; else cache="$(cd "$(dirname "$0")/.." && pwd)/.cache/elasticsearch"; fi
home="$cache/elasticsearch-$version"

packages() { # command package …
  local missing=()
  while [ $# -gt 0 ]; do
    command -v "$1" >/dev/null 2>&1 || missing+=("$2")
    shift 2
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  root || fail "missing: ${missing[*]}; install them, for instance with: sudo apt-get install ${missing[*]}"
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -q "${missing[@]}" >/dev/null 2>&1 || { apt-get update -q >/dev/null && apt-get install -y -q "${missing[@]}" >/dev/null; }
}

# get brings the distribution that Elastic publishes for the tests of others: the
# server without a Java of its own.
get() {
  packages java openjdk-17-jre-headless openssl openssl setpriv util-linux curl curl
  [ -x "$home/bin/elasticsearch" ] && return 0
  packages mvn maven unzip unzip
  mkdir -p "$cache"
  local tmp
  tmp=$(mktemp -d "$cache/get.XXXXXX")
  say "fetching Elasticsearch $version"
  (cd "$tmp" && mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dmdep.useBaseVersion=true -DoutputDirectory="$tmp" \
    -Dartifact="org.elasticsearch.distribution.integ-test-zip:elasticsearch:$version:zip") >&2 || { rm -rf "$tmp"; fail "Maven cannot fetch it"; }
  unzip -q "$tmp/elasticsearch-$version.zip" -d "$tmp"
  chmod -R a+rX "$cache"
  chmod a+x "$tmp/elasticsearch-$version"/bin/*
  mv -T "$tmp/elasticsearch-$version" "$home" 2>/dev/null || [ -x "$home/bin/elasticsearch" ] # another was first
  rm -rf "$tmp"
}

start() {
  local at=$1 plain=${2:-} as=()
  get
  mkdir -p "$at/config" "$at/data" "$at/logs" "$at/tmp"
  at=$(cd "$at" && pwd)
  rm -f "$at/pid" "$at/logs/"*.ports
  local port=0 # a free one, and the same again
  [ -s "$at/url" ] && port=$(sed 's/.*://' "$at/url")
  cp "$home/config/jvm.options" "$home/config/log4j2.properties" "$at/config/"
  touch "$at/config/unicast_hosts.txt"
  {
    echo "cluster.name: vigil-test"
    echo "node.name: $(basename "$at")"
    echo "path.data: $at/data"
    echo "path.logs: $at/logs"
    echo "network.host: 127.0.0.1"
    echo "http.port: $port"
    echo "transport.port: 0"
    echo "node.portsfile: true"
    echo "cluster.routing.allocation.disk.threshold_enabled: ${ES_DISK_THRESHOLD:-false}"
    if [ -n "${ES_MASTERS:-}" ]; then
      echo "discovery.seed_providers: file"
      echo "discovery.initial_state_timeout: 0s" # the others are found later
      echo "cluster.initial_master_nodes: [$ES_MASTERS]"
    else
      echo "discovery.type: single-node"
    fi
    if [ "$plain" = plain ]; then
      echo "xpack.security.enabled: false"
    else
      echo "xpack.security.enabled: true"
      echo "xpack.security.http.ssl: {enabled: true, certificate: node.crt, key: node.key}"
      echo "xpack.security.authc.realms.file.file1: {order: 0}"
    fi
  } >"$at/config/elasticsearch.yml"
  if [ "$plain" != plain ] && [ ! -s "$at/password" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=vigil-test \
      -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout "$at/config/node.key" -out "$at/config/node.crt" 2>/dev/null
    openssl rand -hex 16 >"$at/password"
    touch "$at/config/users" "$at/config/users_roles"
  fi
  if root; then
    chown -R nobody "$at"
    as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
  fi
  local env=(env -i PATH="$PATH" HOME="$at" LANG=C.UTF-8 ES_PATH_CONF="$at/config" ES_TMPDIR="$at/tmp"
    ES_JAVA_HOME="$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")" ES_JAVA_OPTS="-Xms$heap -Xmx$heap $quick")
  if [ "$plain" != plain ] && [ ! -s "$at/config/users" ]; then
    (cd "$at" && "${env[@]}" "${as[@]}" "$home/bin/elasticsearch-users" useradd vigil -p "$(cat "$at/password")" -r superuser) >"$at/logs/users.log" 2>&1 ||
      { cat "$at/logs/users.log" >&2; fail "no user could be made"; }
  fi
  # -d: the launcher ends when the node is ready.
  (cd "$at" && timeout "$limit" "${env[@]}" "${as[@]}" "$home/bin/elasticsearch" -d -p "$at/pid" </dev/null >"$at/logs/start.log" 2>&1) ||
    { tail -n 30 "$at/logs/start.log" >&2; fail "the node in $at did not start"; }
  tail -n 1 "$at/logs/transport.ports" >"$at/transport"
  local scheme=https
  [ "$plain" = plain ] && scheme=http
  echo "$scheme://$(grep -m1 127.0.0.1 "$at/logs/http.ports")" >"$at/url"
  echo "$at"
}

stop() {
  local at=$1 signal=${2:-TERM} pid
  pid=$(cat "$at/pid" 2>/dev/null) || return 0
  # The pid must still belong to this node: its folder is in its command line.
  if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$at/"; then
    kill -s "$signal" "$pid"
    for _ in $(seq 1 120); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.25
    done
    kill -9 "$pid" 2>/dev/null && say "the node in $at had to be killed"
  fi
  rm -f "$at/pid"
}

case "${1:-}" in
  get) get ;;
  start) start "$2" "${3:-}" ;;
  stop) stop "$2" "${3:-TERM}" ;;
  run)
    shift
    VIGIL_ELASTICSEARCH=$(mktemp -d /var/tmp/vigil-elasticsearch.XXXXXX)
    export VIGIL_ELASTICSEARCH
    chmod 711 "$VIGIL_ELASTICSEARCH"
    trap 'stop "$VIGIL_ELASTICSEARCH"; rm -rf "$VIGIL_ELASTICSEARCH"' EXIT
    trap 'exit 130' INT TERM
    start "$VIGIL_ELASTICSEARCH" >/dev/null
    "$@"
    ;;
  *) sed -n '2,14p' "$0" >&2; exit 2 ;;
esac
