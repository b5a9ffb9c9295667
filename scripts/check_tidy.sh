#!/bin/sh
# Usage: scripts/check_tidy.sh BUILD_DIR [FOLDER...]
# Runs clang-tidy on every unit that BUILD_DIR compiles of the layers, or of the folders named.
set -eu
cd "$(dirname "$0")/.."
build=${1:?usage: scripts/check_tidy.sh BUILD_DIR [FOLDER...]}
shift
[ $# -gt 0 ] || set -- core chunker vault restore cli
if ! [ -f "$build/compile_commands.json" ]; then
  echo "$build has no compile_commands.json: run meson setup there first" >&2
  exit 2
fi
units() {
  python3 -c '
import json, os, sys
build, *folders = sys.argv[1:]
for command in json.load(open(build + "/compile_commands.json")):
    if command["output"].split("/")[0] in folders:
        print(os.path.join(command["directory"], command["file"]), end="\0")
' "$build" "$@"
}
{ units "$@" |
    xargs -0 -P "$(nproc)" -n 1 clang-tidy --quiet -p "$build" 2>&1 ||
    echo "clang-tidy did not pass every file"; } |
  { grep -v '^[0-9]* warnings\{0,1\} generated\.$' || true; } > "$build/clang-tidy.txt"
cat "$build/clang-tidy.txt"
! [ -s "$build/clang-tidy.txt" ]
