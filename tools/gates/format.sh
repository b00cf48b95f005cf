#!/bin/sh
# The `formatting` test: every C++ file of ours reads as .clang-format says.
#
#   tools/gates/format.sh                     names each place that does not, and fails
#   tools/gates/format.sh --fix [FILE...]     rewrites the files, or those given
set -eu
cd "$(dirname "$0")/../.."

format=$(command -v clang-format-16 || true)
if [ -z "$format" ]; then
  echo "format: clang-format-16 is missing (tools/test installs it)" >&2
  exit 1
fi

mode="--dry-run --Werror"
if [ "${1:-}" = --fix ]; then
  mode="-i"
  shift
fi
if [ $# -gt 0 ]; then
  # shellcheck disable=SC2086  # two words
  exec "$format" $mode "$@"
fi
# shellcheck disable=SC2086
find engine projections schemas adapters tools tests bench -name node_modules -prune -o \
  -type f \( -name '*.h' -o -name '*.cc' \) -print0 2>/dev/null |
  xargs -0 -r -n 16 -P "$(nproc)" "$format" $mode
