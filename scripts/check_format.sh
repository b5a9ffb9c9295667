#!/bin/sh
# Fails if clang-format would change a source file.
set -eu
cd "$(dirname "$0")/.."
find core chunker vault restore cli tests -name '*.h' -print0 -o -name '*.cpp' -print0 |
  xargs -0 clang-format --dry-run --Werror
