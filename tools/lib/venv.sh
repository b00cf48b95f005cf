#!/bin/sh
# A folder of Python packages for a test: venv.sh REQUIREMENTS FOLDER. What is installed belongs to one file of pinned
# requirements; until that changes there is nothing to do. Exits with 77 where the package index can't be reached.
set -eu
requirements=$1
folder=$2

cmp -s "$requirements" "$folder/installed-for" && exit 0
rm -rf "$folder"
python3 -m venv "$folder" || {
  echo "venv: python3 -m venv failed; tools/test installs what it needs (python3-venv)" >&2
  exit 1
}
log=$folder/pip.log
if "$folder/bin/pip" install --disable-pip-version-check --no-input --retries 2 --timeout 20 --only-binary :all: \
  -r "$requirements" >"$log" 2>&1; then
  cp "$requirements" "$folder/installed-for"
  exit 0
fi
# Not a wrong pin, but no way to the index.
if grep -Eq 'NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|ConnectionError|Network is unreachable' "$log"; then
  echo "venv: the package index can't be reached" >&2
  exit 77
fi
tail -n 20 "$log" >&2
exit 1
