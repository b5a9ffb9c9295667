#!/usr/bin/env python3
"""Compares azekura with restic and borg on two corpora, in turn, on tmpfs (docs/performance.md).

Run by scripts/bench, which builds the program and installs the others.
"""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import shutil
import sys
import tempfile
import time

import bench_table
from bench_children import ChildFailed, exit_when_terminated, output_of
from bench_night import Night
from bench_results import Results
from bench_tools import TOOLS, ToolFailed, compare, version_of

CORPORA = ["hospital", "usr"]
ROOM_MIB = 10 << 10  # at scale 1: both states of a corpus, a vault, a restored tree
ROOM_MIB_MIN = 1 << 10
# Azekura does not trust times less than two seconds old, because a later write may leave them so.
SETTLE_SECONDS = 3


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--engine", type=pathlib.Path, metavar="PROGRAM", required=True,
                        help="the azekura to measure; scripts/bench gives build/cli/azekura")
    parser.add_argument("--only", choices=CORPORA, help="one corpus; both without it")
    parser.add_argument("--classes", action="store_true",
                        help="also each class of the hospital's data, as a vault of its own")
    parser.add_argument("--tools", default=",".join(TOOLS), metavar="A,B",
                        help="some of %(default)s")
    parser.add_argument("--rounds", type=int, default=3, metavar="N",
                        help="times that each tool runs (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of both corpora")
    parser.add_argument("--scale", type=float, default=1, metavar="X",
                        help="smaller corpora, to try it out: 0.02")
    parser.add_argument("--work", type=pathlib.Path, default="/dev/shm", metavar="DIR",
                        help="where to work (%(default)s)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="the raw results")
    options = parser.parse_args(arguments)
    options.tools = options.tools.split(",")
    if not set(options.tools) <= set(TOOLS):
        parser.error(f"--tools: some of {', '.join(TOOLS)}")
    if options.rounds < 1 or not 0 < options.scale <= 1:
        parser.error("--rounds is 1 or more, --scale above 0 and at most 1")
    if options.classes and options.only == "usr":
        parser.error("--classes are the hospital's")
    return options


def say(text):
    print(text, flush=True)


class Bench:
    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.results = Results()

    def measure_corpus(self, kind):
        say(f"== {kind}: building it, then {self.options.rounds} rounds")
        corpus = self.work / kind
        output_of("bench_corpus.py", kind, corpus, "--seed", str(self.options.seed),
              "--scale", str(self.options.scale))
        source = corpus / "source"
        limits = json.loads(output_of("bench_limits.py", source, self.work))
        self.results.about[kind] = {**contents_of(source), "limits": limits}
        night = Night(corpus)
        self.measure(kind, source, night, whole=True)
        if self.options.classes and kind == "hospital":
            for folder in sorted(source.iterdir()):
                name = f"{kind}/{folder.name}"
                self.results.about[name] = contents_of(folder)
                self.measure(name, folder, night, whole=False)
        shutil.rmtree(corpus)

    def measure(self, corpus, source, night, whole):
        """All rounds of one source; `whole`: verify and restore, too."""
        for number in range(self.options.rounds):
            first = number % len(self.options.tools)  # nobody is always first
            for name in self.options.tools[first:] + self.options.tools[:first]:
                home = self.work / "run"
                tool = TOOLS[name](home, source, self.options.engine)
                run = {"corpus": corpus, "tool": name, "round": number + 1, "costs": {},
                       "sizes": {}}
                self.measure_once(tool, run, night, whole)
                self.results.runs.append(run)
                shutil.rmtree(home)

    def measure_once(self, tool, run, night, whole):
        def note(step, cost):
            run["costs"][step] = cost
            say(f"{run['corpus']:18}round {run['round']}  {tool.name:8} {step:16}"
                f"{cost['wall']:8.2f} s {cost['cpu']:8.2f} s CPU {cost['rss_mib']:6.0f} MiB"
                f"  load {cost['load']:.1f}")

        tool.prepare()
        note("first backup", tool.back_up())
        run["sizes"]["medium at first"] = tool.medium_bytes()
        if whole:
            note("unchanged rerun", tool.back_up())
        before = tool.medium_bytes()
        night.happen()
        try:
            time.sleep(SETTLE_SECONDS)
            note("the night after", tool.back_up())
            run["sizes"]["added by the night"] = tool.medium_bytes() - before
            if whole:
                for step, command in tool.checks().items():
                    note(step, tool.run(*command))
                self.restore(tool, note, must_compare=run["round"] == 1)
        finally:
            night.take_back()
            time.sleep(SETTLE_SECONDS)

    def restore(self, tool, note, must_compare):
        target = tool.home / "restored"
        target.mkdir()
        note("restore", tool.restore(target))
        if must_compare:
            compare(tool.source, target)


def contents_of(source):
    """How many files, and their bytes without holes."""
    files = [path.stat() for path in source.rglob("*") if path.is_file() and not path.is_symlink()]
    return {"files": len(files),
            "bytes": sum(min(file.st_size, file.st_blocks * 512) for file in files)}


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as text:
        model = next((line.split(":")[1].strip() for line in text if line.startswith("model name")),
                     platform.machine())
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "load": os.getloadavg()[0]}


def print_results(results, options):
    for corpus in results.about:
        if "/" not in corpus:
            bench_table.print_corpus(results, corpus, options.tools)
    classes = [corpus for corpus in results.about if "/" in corpus]
    if classes:
        bench_table.print_classes(results, classes, options.tools)
    bench_table.print_bars(results)


def check_room(options):
    needed = max(ROOM_MIB_MIN, int(ROOM_MIB * options.scale))
    free = shutil.disk_usage(options.work).free >> 20
    if free < needed:
        sys.exit(f"scripts/bench: error: {options.work} has {free} MiB free, {needed} MiB are "
                 "needed; name another folder with --work, or take a smaller --scale")


@contextlib.contextmanager
def work_folder(parent):
    work = pathlib.Path(tempfile.mkdtemp(prefix="azekura-bench-", dir=parent))
    work.chmod(0o711)  # the database's own user passes through
    try:
        yield work
    finally:
        shutil.rmtree(work)


def main():
    options = options_of(sys.argv[1:])
    options.engine = options.engine.resolve()
    exit_when_terminated()
    check_room(options)
    begun = machine()
    versions = [version_of(name, options.engine) for name in options.tools]
    say(f"{begun['cpu']}, {begun['cores']} cores, Linux {begun['kernel']}, load "
        f"{begun['load']:.1f}; seed {options.seed}, scale {options.scale:g}; "
        + "; ".join(versions))
    with work_folder(options.work) as work:
        bench = Bench(options, work)
        try:
            for kind in [options.only] if options.only else CORPORA:
                bench.measure_corpus(kind)
        except (ChildFailed, ToolFailed) as failure:
            sys.exit(f"scripts/bench: error: {failure}")
    results = bench.results
    if options.json:
        options.json.write_text(json.dumps({
            "machine": begun, "versions": versions, "seed": options.seed, "scale": options.scale,
            "corpora": results.about, "runs": results.runs}, indent=1) + "\n")
    print_results(results, options)
    say(f"\nload at the end {os.getloadavg()[0]:.1f}; one restore of each tool was compared with "
        "its source: identical")


if __name__ == "__main__":
    main()
