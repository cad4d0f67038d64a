#!/usr/bin/env bash
# schemathesis.sh - asks a running server everything that its description allows, and
# much that it does not, and holds the answers against the description.
#
#   schemathesis.sh install                  makes .cache/schemathesis, once
#   schemathesis.sh URL [option of schemathesis run]...
#
# URL is where the server is. From the environment: VIGIL_TOKEN, a token's secret, and
# VIGIL_AD and VIGIL_CLUSTER, ids of what is there. The server holds made-up data only:
# what is asked changes it. What is excused, and why, stands in schemathesis.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
venv="$PWD/.cache/schemathesis"
wanted=$(sha256sum .ci/schemathesis.txt | cut -c1-16)
if [ ! -e "$venv/.ok-$wanted" ]; then
  echo "installing schemathesis" >&2
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r .ci/schemathesis.txt
  touch "$venv/.ok-$wanted"
fi
[ "$1" != install ] || exit 0
url=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -c 'import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())' "$url/api/v1/openapi.json" >"$work/openapi.json"
"$venv/bin/openapi-spec-validator" "$work/openapi.json"
config="$PWD/.ci/schemathesis.toml"
cd "$work" # it keeps notes where it runs
"$venv/bin/schemathesis" --config-file "$config" run openapi.json --url "$url/api/v1" \
  --checks all --continue-on-failure --request-timeout 300 --max-response-time 300 --no-color --warnings off "$@"
