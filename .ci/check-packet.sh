#!/usr/bin/env bash
# check-packet.sh - has other people's tools judge one Vigil evidence packet.
#
#   check-packet.sh PACKET(.zip or folder) TOOLS_DIR TRUST_DIR
#
# TOOLS_DIR gets a Python environment with bagit and warcio when it has none (pip);
# nothing is installed anywhere else. TRUST_DIR holds signer.pub.pem, which comes to
# a receiver by another way than the packet. From the system: bash, coreutils,
# python3 and OpenSSL 3.
#
# Prints one line a check, "ok NAME - detail" or "FAIL NAME - detail", then
# "N passed, N failed". Exit: 0 all passed, 1 something failed, 2 usage or no tools.
set -u
[ $# -eq 3 ] || { sed -n 2,14p "$0"; exit 2; }
PACKET=$(realpath "$1") && mkdir -p "$2" && TOOLS=$(realpath "$2") && TRUST=$(realpath "$3") || exit 2
PY=$TOOLS/venv/bin
export LC_ALL=C.UTF-8 TZ=UTC
PASSED=0 FAILED=0
WORK=$(mktemp -d) || exit 2
trap 'rm -rf "$WORK"' EXIT

if ! "$PY/python" -c 'import bagit, warcio' 2>/dev/null; then
  echo "# installing bagit and warcio into $TOOLS/venv" >&2
  python3 -m venv "$TOOLS/venv" >&2 && "$PY/pip" install -q --disable-pip-version-check bagit==1.9.0 warcio==1.8.1 >&2 ||
    { echo "FAIL tools - bagit and warcio could not be installed; see above"; exit 2; }
fi

check() { # check NAME COMMAND...: its last words become the detail
  local name=$1
  shift
  if "$@" >"$WORK/out" 2>&1; then
    PASSED=$((PASSED + 1)) && echo "ok $name - $(tail -n 1 "$WORK/out" | cut -c1-200)"
  else
    FAILED=$((FAILED + 1)) && echo "FAIL $name - $(tail -n 3 "$WORK/out" | tr '\n' ' ' | cut -c1-300)"
    return 1
  fi
}

finish() {
  echo "$PASSED passed, $FAILED failed"
  [ $FAILED = 0 ] && [ $PASSED -gt 0 ]
  exit
}

# The ZIP file, before anything is unpacked: no unsafe names, twins or links, and no
# byte that is neither content nor one of the fields a packet's headers have.
unpack() {
  "$PY/python" - "$PACKET" "$WORK/unpacked" <<'PYTHON'
import stat, struct, sys, zipfile
raw = open(sys.argv[1], 'rb').read()
z = zipfile.ZipFile(sys.argv[1])
names, tops, at, directory = set(), set(), 0, b''
for i in z.infolist():
    n = i.filename
    if n.startswith('/') or '\\' in n or not n.isascii() or any(p in ('', '.', '..') for p in n.split('/')): sys.exit(f'unsafe name {n!r}')
    if n.lower() in names: sys.exit(f'name twice {n!r}')
    if stat.S_IFMT(i.external_attr >> 16) not in (0, stat.S_IFREG): sys.exit(f'no plain file {n!r}')
    if i.file_size > len(raw): sys.exit(f'larger than the packet {n!r}')
    names.add(n.lower()); tops.add(n.split('/')[0]); name = n.encode()
    measures = struct.pack('<IIIHH', i.CRC, i.file_size, i.file_size, len(name), 0)
    header = b'PK\3\4' + struct.pack('<HHHHH', 20, 0x800, 0, 0, 0x21) + measures + name
    if raw[at:at + len(header)] != header: sys.exit(f'the header of {n!r} is not as packets have it')
    directory += b'PK\1\2' + struct.pack('<HHHHHH', 20 | 3 << 8, 20, 0x800, 0, 0, 0x21) + measures + bytes(6) + struct.pack('<II', 0o100644 << 16, at) + name
    at += len(header) + i.file_size
directory += b'PK\5\6' + struct.pack('<HHHHIIH', 0, 0, len(names), len(names), len(directory), at, 0)
if raw[at:] != directory: sys.exit('the directory is not as packets have it')
if len(tops) != 1: sys.exit(f'not one top folder: {sorted(tops)[:4]}')
if z.testzip(): sys.exit('CRC of ' + z.testzip())
z.extractall(sys.argv[2])
open(sys.argv[2] + '.top', 'w').write(sys.argv[2] + '/' + tops.pop())
print(len(names), 'members, every byte accounted for')
PYTHON
}
if [ -d "$PACKET" ]; then
  BAG=$PACKET
else
  check zip unpack || finish
  BAG=$(cat "$WORK/unpacked.top")
fi
cd "$BAG" || exit 2

bag() { "$PY/bagit.py" --validate . && echo "a whole and valid bag"; }
check bagit bag

hashes() {
  local a
  for a in 256 512; do
    sha${a}sum --strict --quiet -c manifest-sha$a.txt && sha${a}sum --strict --quiet -c tagmanifest-sha$a.txt || return 1
    diff <(cut -d' ' -f3- manifest-sha$a.txt) <(find data ! -type d | sort) || { echo "the list of files differs"; return 1; }
    diff <(cut -d' ' -f3- tagmanifest-sha$a.txt) <(printf '%s\n' bag-info.txt bagit.txt manifest-sha256.txt manifest-sha512.txt) ||
      { echo "not all is under the seal"; return 1; }
  done
  diff <(find . -type f ! -path './data/*' | sort) <(printf './%s\n' bag-info.txt bagit.txt manifest-sha256.txt manifest-sha512.txt \
    signatures/tagmanifest-sha256.txt.sig tagmanifest-sha256.txt tagmanifest-sha512.txt) || { echo "a file that is not under the seal"; return 1; }
  echo "$(wc -l <manifest-sha256.txt) files, two hashes each"
}
check hashes hashes

seal() {
  openssl pkeyutl -verify -rawin -pubin -inkey "$TRUST/signer.pub.pem" -in tagmanifest-sha256.txt -sigfile signatures/tagmanifest-sha256.txt.sig
}
check seal seal

captures() { # warcio passes records without a digest: ask for one by name
  local w n=0
  for w in data/captures/*.warc.gz; do
    "$PY/warcio" check -v "$w" >"$WORK/warcio" || { grep -m 3 -i fail "$WORK/warcio"; return 1; }
    ! grep -q 'no digest' "$WORK/warcio" || { echo "$w: a record has no digest"; return 1; }
    n=$((n + $(grep -c 'digest pass' "$WORK/warcio")))
  done
  [ $n -gt 0 ] && echo "$n records pass"
}
check captures captures

custody() {
  "$PY/python" - <<'PYTHON'
import hashlib, json, os, sys
sha = lambda b: hashlib.sha256(b).hexdigest()
info = dict(l.rstrip('\n').split(': ', 1) for l in open('bag-info.txt', encoding='utf-8', newline='\n'))
log = open('data/custody.jsonl', 'rb').read()
if not log.endswith(b'\n'): sys.exit('the last line is cut')
prev, last, followed = '0' * 64, '', set()
for n, l in enumerate(log.split(b'\n')[:-1]):
    e = json.loads(l)
    if e['seq'] != n or e['prev_sha256'] != prev: sys.exit(f'line {n}: the chain is broken')
    if e['time'] < last: sys.exit(f'line {n}: time goes back')
    if os.path.isfile(e['object']):
        if sha(open(e['object'], 'rb').read()) != e['object_sha256']: sys.exit(f'line {n}: another hash than ' + e['object'])
        followed.add(e['object'])
    prev, last = sha(l), e['time']
if prev != info['Vigil-Custody-Head-SHA256']: sys.exit('the last line is not the one under the seal')
rest = [l for l in open('manifest-sha256.txt', 'rb') if not l.endswith(b'  data/custody.jsonl\n')]
if e['action'] != 'export' or e['object_sha256'] != sha(b''.join(rest)): sys.exit('the last line does not vouch for these files')
lost = {l[66:-1].decode() for l in rest} - followed
if lost: sys.exit(f'no line tells of {sorted(lost)[:3]}')
print(n + 1, 'lines,', len(followed), 'files followed to the export')
PYTHON
}
check custody custody
finish
