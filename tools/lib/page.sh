#!/bin/sh
# Builds the page: page.sh SOURCE OUT [OTHERWISE]. Run by the build (tools/cmake/web.cmake) when a file of the page
# changes. Where it can't be built, the folder OTHERWISE is taken in its place, or without one the build fails.
set -eu
source=$1
out=$2
otherwise=${3:-}

build() {
  cd "$source"
  # What is installed belongs to one lock file; until that changes, npm has nothing to do.
  installed=node_modules/.installed-for
  if ! cmp -s package-lock.json "$installed"; then
    echo "page: npm ci (the first time it takes a minute)" >&2
    npm ci --include=dev --no-audit --no-fund --loglevel=error || return 1
    cp package-lock.json "$installed"
  fi
  rm -rf "$out"
  PARLANCE_WEB_OUT="$out" npm run --silent build || return 1
  test -f "$out/index.html"
}

if (build); then
  exit 0
elif [ -n "$otherwise" ]; then
  echo "page: warning: it could not be built and is left out (-DPARLANCE_PAGE=ON makes this an error)" >&2
  rm -rf "$out"
  cp -R "$otherwise" "$out"
else
  echo "page: it could not be built; -DPARLANCE_PAGE=OFF leaves it out" >&2
  exit 1
fi
