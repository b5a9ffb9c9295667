#!/bin/sh
# Usage: explore.sh PROGRAM CORPUS SECONDS [FOUND]
# Lets libFuzzer look for new input for a target, from its corpus. New inputs stay in FOUND if it
# is named. What is wrong is printed with the input, as base64, so that it can be kept.
set -u
program=$1 corpus=$2 seconds=$3
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
found=${4:-$work/found}
mkdir -p "$found"
# The bounds of a reader: 256 MiB, ten seconds; the address sanitizer's own memory comes on top.
ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=16" \
  "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -malloc_limit_mb=64 \
  -print_final_stats=1 -verbosity=1 -artifact_prefix="$work/input-" "$found" "$corpus"
status=$?
for input in "$work"/input-*; do
  if [ -f "$input" ]; then
    echo "input, base64 of $(wc -c < "$input") bytes:"
    base64 "$input"
  fi
done
exit "$status"
