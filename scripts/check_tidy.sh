#!/bin/sh
# Usage: scripts/check_tidy.sh BUILD_DIR [FOLDER...]
# Runs clang-tidy on every source file of the layers, or of the folders named, with the compile
# commands of BUILD_DIR.
set -eu
cd "$(dirname "$0")/.."
build=${1:?usage: scripts/check_tidy.sh BUILD_DIR [FOLDER...]}
shift
[ $# -gt 0 ] || set -- core chunker vault restore cli
if ! [ -f "$build/compile_commands.json" ]; then
  echo "$build has no compile_commands.json: run meson setup there first" >&2
  exit 2
fi
{ find "$@" -name '*.cpp' -print0 |
    xargs -0 -P "$(nproc)" -n 1 clang-tidy --quiet -p "$build" 2>&1 ||
    echo "clang-tidy did not pass every file"; } |
  { grep -v '^[0-9]* warnings\{0,1\} generated\.$' || true; } > "$build/clang-tidy.txt"
cat "$build/clang-tidy.txt"
! [ -s "$build/clang-tidy.txt" ]
