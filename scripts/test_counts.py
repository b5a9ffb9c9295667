#!/usr/bin/env python3
"""Prints what meson's JSON test logs hold, one line a test: passed, failed or skipped, and its name.

Usage: scripts/test_counts.py LOG.json...
A log that does not exist holds nothing.
"""
import json
import pathlib
import sys

RESULTS = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}

for log in filter(pathlib.Path.exists, map(pathlib.Path, sys.argv[1:])):
    build = log.parent.parent.name
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        test = json.loads(line)
        print(RESULTS.get(test["result"], "failed"), f"{build}: {test['name']} ({test['result']})")
