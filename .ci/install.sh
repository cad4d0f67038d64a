#!/usr/bin/env bash
# Installs what the tests need, once: Chromium and Python from the system's
# packages (only as root), and into .cache/ the linter, the packet checkers and readers of graphs.
set -euo pipefail
cd "$(dirname "$0")/.."
cache="$PWD/.cache"
mkdir -p "$cache"

lint=v2.15.0
bagit=1.9.0 warcio=1.8.1 ftm=4.11.2 networkx=3.6.1

packages() { # package command …
  local missing=()
  while [ $# -gt 0 ]; do
    command -v "$2" >/dev/null 2>&1 || missing+=("$1")
    shift 2
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    echo "missing: ${missing[*]}; install them, for instance with: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "installing ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -q "${missing[@]}" >/dev/null 2>&1 || { apt-get update -q >/dev/null && apt-get install -y -q "${missing[@]}" >/dev/null; }
}

packages chromium chromium python3 python3 openssl openssl gcc gcc systemd systemd-analyze e2fsprogs mkfs.ext4 util-linux losetup
python3 -c 'import venv, ensurepip' 2>/dev/null || {
  [ "$(id -u)" = 0 ] || { echo "missing: python3-venv; install it" >&2; exit 1; }
  apt-get install -y -q python3-venv >/dev/null
}

if [ ! -e "$cache/checkers/.ok-$bagit-$warcio" ]; then
  echo "installing the packet checkers" >&2
  rm -rf "$cache/checkers"
  python3 -m venv "$cache/checkers/venv"
  "$cache/checkers/venv/bin/pip" install -q --disable-pip-version-check "bagit==$bagit" "warcio==$warcio" setuptools
  touch "$cache/checkers/.ok-$bagit-$warcio"
fi

if [ ! -e "$cache/checkers/graphs/.ok-$ftm-$networkx" ]; then
  echo "installing readers of graphs" >&2 # followthemoney needs PyICU, which the system has compiled
  /usr/bin/python3 -c 'import icu, ensurepip' 2>/dev/null || {
    [ "$(id -u)" = 0 ] || { echo "missing: python3-icu or python3-venv; install them" >&2; exit 1; }
    apt-get install -y -q python3-icu python3-venv >/dev/null 2>&1 || { apt-get update -q >/dev/null && apt-get install -y -q python3-icu python3-venv >/dev/null; }
  }
  rm -rf "$cache/checkers/graphs"
  /usr/bin/python3 -m venv --system-site-packages "$cache/checkers/graphs"
  "$cache/checkers/graphs/bin/pip" install -q --disable-pip-version-check "followthemoney==$ftm" "networkx==$networkx"
  touch "$cache/checkers/graphs/.ok-$ftm-$networkx"
fi

if [ "$("$cache/golangci-lint" version --short 2>/dev/null)" != "${lint#v}" ]; then
  echo "installing the linter" >&2
  GOBIN="$cache" go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$lint"
fi

# axe-core, which judges the pages in tests: one file out of a package of Python's,
# of which nothing else is used.
axe=0.1.8 axe_sha256=84494fec757e4710dc751c8d7a636e457f4532f08f85c86dc9070133fbff53bc
if ! echo "$axe_sha256  $cache/axe.min.js" | sha256sum --status -c - 2>/dev/null; then
  echo "installing axe-core" >&2
  work=$(mktemp -d)
  "$cache/checkers/venv/bin/pip" download -q --disable-pip-version-check --no-deps -d "$work" "axe-playwright-python==$axe"
  python3 -m zipfile -e "$work"/*.whl "$work"
  echo "$axe_sha256  $work/axe_playwright_python/axe.min.js" | sha256sum --quiet -c -
  mv "$work/axe_playwright_python/axe.min.js" "$cache/axe.min.js"
  rm -rf "$work"
fi

.ci/schemathesis.sh install
