#!/usr/bin/env python3
"""Runs the command it is given, its output to standard error, and prints what it cost as JSON.

A process of its own, and small: Linux counts the peak memory of a parent as its child's.
"""
import json
import os
import subprocess
import sys
import time

from bench_children import exit_when_terminated


def main():
    exit_when_terminated()
    load = os.getloadavg()[0]
    begun = time.monotonic()
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=sys.stderr) as process:
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps({"code": process.returncode, "wall": wall, "load": load,
                      "cpu": usage.ru_utime + usage.ru_stime,
                      "rss_mib": usage.ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
