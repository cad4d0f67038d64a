#!/usr/bin/env bash
# Installs what the tests need, once: Chromium and Python from the system's
# packages (only as root), and into .cache/ the linter and the packet checkers.
set -euo pipefail
cd "$(dirname "$0")/.."
cache="$PWD/.cache"
mkdir -p "$cache"

lint=v2.15.0
bagit=1.9.0 warcio=1.8.1

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

if [ "$("$cache/golangci-lint" version --short 2>/dev/null)" != "${lint#v}" ]; then
  echo "installing the linter" >&2
  GOBIN="$cache" go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$lint"
fi

.ci/schemathesis.sh install
