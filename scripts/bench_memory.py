#!/usr/bin/env python3
"""Measures azekura's peak memory with many large sets and a source of very many files.

Run by scripts/bench_memory, which builds the program.
"""
import argparse
import os
import pathlib
import shutil
import sys
import tempfile

from bench_children import exit_when_terminated
from bench_tools import ToolFailed, run

BAR_MIB = 512
FILES_A_FOLDER = 1000
CHUNKS_A_NIGHT = 100_000


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench_memory",
                                     description=__doc__.splitlines()[0])
    parser.add_argument("--engine", type=pathlib.Path, metavar="PROGRAM", required=True,
                        help="the azekura to measure; scripts/bench_memory gives it")
    parser.add_argument("--filler", type=pathlib.Path, metavar="PROGRAM", required=True,
                        help="tests/benchmark/fill_set.cpp; scripts/bench_memory gives it")
    parser.add_argument("--sets", type=int, default=10, metavar="N", help="%(default)s")
    parser.add_argument("--nights", type=int, default=100, metavar="N",
                        help=f"in each set, of {CHUNKS_A_NIGHT:,} chunks (%(default)s)")
    parser.add_argument("--folders", type=int, default=1000, metavar="N",
                        help=f"of {FILES_A_FOLDER:,} files each (%(default)s)")
    parser.add_argument("--work", type=pathlib.Path, default="/var/tmp", metavar="DIR",
                        help="where to work; 30 GiB (%(default)s)")
    return parser.parse_args(arguments)


def make_files(root, folders):
    root.mkdir()
    for folder in range(folders):
        path = root / f"folder-{folder:04}"
        path.mkdir()
        for number in range(FILES_A_FOLDER):
            (path / f"result-{number:04}.hl7").write_text(f"MSH|{folder}|{number}\n")
    os.sync()  # a file that is not on its disk yet would be written there as soon as it was read


class Memory:
    def __init__(self, options, work):
        self.work = work
        self.environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TMPDIR": str(work),
                            "XDG_STATE_HOME": str(work)}
        self.engine = options.engine.resolve()
        self.filler = options.filler.resolve()
        self.highest = 0.0

    def azekura(self, *arguments):
        return run([self.engine, *arguments], self.environment, self.work)

    def at_site(self, *arguments):
        return self.azekura("-s", "site", *arguments)

    def note(self, name, cost):
        self.highest = max(self.highest, cost["rss_mib"])
        print(f"{name:34}{cost['wall']:8.1f} s {cost['cpu']:8.1f} s CPU {cost['rss_mib']:6.0f} MiB",
              flush=True)

    def add_set(self, name, nights):
        self.at_site("set", "add", name, "--folder", name)
        run([self.filler, "site", name, str(nights), str(CHUNKS_A_NIGHT)], self.environment,
            self.work)
        return self.at_site("write", name)

    def measure(self, options):
        self.azekura("init", "site", "--kit", "kit")
        for number in range(options.sets):
            cost = self.add_set(f"set-{number}", options.nights)
        self.note("write a full spool", cost)
        self.note("status of all sets", self.at_site("status"))
        make_files(self.work / "files", options.folders)
        self.at_site("source", "add", "files", self.work / "files")
        for name in ("first backup", "unchanged rerun"):
            self.note(name, self.at_site("backup", "--to", "set-0"))
        medium = ["--from", "set-0"]
        keyed = [*medium, "--key", "kit/recovery.key"]
        self.note("verify", self.azekura("verify", *medium))
        self.note("verify --deep", self.azekura("verify", "--deep", *keyed))
        self.note("find", self.azekura("find", "nothing", *keyed))
        self.note("restore", self.azekura("restore", "latest", *keyed, "--target", "restored"))
        self.note("catalogue rebuild", self.at_site("catalogue", "rebuild", "set-0"))


def main():
    options = options_of(sys.argv[1:])
    exit_when_terminated()
    print(f"{options.sets} sets of {options.nights * CHUNKS_A_NIGHT:,} chunks, "
          f"{options.folders * FILES_A_FOLDER:,} files, {os.cpu_count()} cores", flush=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="azekura-bench-", dir=options.work))
    try:
        memory = Memory(options, work)
        memory.measure(options)
    except ToolFailed as failure:
        sys.exit(f"scripts/bench_memory: error: {failure}")
    finally:
        shutil.rmtree(work)
    kept = "holds" if memory.highest <= BAR_MIB else "missed"
    print(f"highest {memory.highest:.0f} MiB, bar {BAR_MIB} MiB: {kept}")


if __name__ == "__main__":
    main()
