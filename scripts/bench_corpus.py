#!/usr/bin/env python3
"""Makes one corpus of the benchmark (scripts/bench) in a folder that does not exist yet.

A process of its own: what it needs of memory must not show in the peaks of the tools.
"""
import argparse
import os
import pathlib

import bench_hospital
import bench_usr
from bench_children import exit_when_terminated

MAKERS = {"hospital": bench_hospital.make, "usr": bench_usr.make}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=MAKERS)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--scale", type=float, required=True)
    options = parser.parse_args()
    exit_when_terminated()
    os.umask(0o022)
    MAKERS[options.kind](options.corpus, options.seed, options.scale)


if __name__ == "__main__":
    main()
