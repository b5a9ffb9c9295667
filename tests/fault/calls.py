#!/usr/bin/python3
"""Stops a tiny backup at every call that changes a disk: killed there, or the call fails there.

One traced run lists the calls; each then gets runs of its own from the same start, with SIGKILL,
EIO and ENOSPC there. strace counts the calls of each thread by themselves. So what the main thread
calls is found by its number in that thread alone; a pack in the spool is written by whichever
thread has the next block, and RocksDB flushes the catalogue on a thread of its own, so the calls on
such a file are found by their number on it. Which call was hit is read from the trace of the run
itself.
"""
import collections
import concurrent.futures
import dataclasses
import os
import re
import shutil

import harness

TREE_BYTES = 60_000
CALLS = ["write", "pwrite64", "fsync", "fdatasync", "syncfs", "rename", "renameat2", "unlink",
         "unlinkat", "mkdir", "mkdirat", "fallocate", "ftruncate", "openat", "openat2"]
FAULTS = {"kill": "signal=KILL", "EIO": "error=EIO", "ENOSPC": "error=ENOSPC"}
TRACED = re.compile(r"^(?:(\d+) +)?(\w+)\((.*)$")
PART = re.compile(r"site/spool/[^\">]*\.part")
CATALOGUE = re.compile(r"site/catalogue/[^\">]+")
# A sanitizer writes to a pipe of its own, and ends the program if that fails.
PROBE = re.compile(r"(?![12]<)\d+<pipe:")
MISSED_MAX = 0.05  # the threads of a run share its blocks differently each time
SYSTEM, SPACE, MEDIUM, KILLED = 3, 8, 9, (137, -9)


@dataclasses.dataclass
class Call:
    name: str
    number: int
    shared: str  # the file it is counted on; empty: counted in the main thread
    arguments: str

    def __str__(self):
        return f"{self.name} {self.number}: {self.arguments[:120]}"


def traced(path):
    """(thread, name, arguments) of each call a trace holds."""
    for line in path.read_text(errors="replace").splitlines():
        if match := TRACED.match(line):
            yield match.groups()


def calls_of_a_run(campaign, start):
    """Every call of one run that changes a disk."""
    twin = start.copy(campaign.work / "traced")
    trace = campaign.work / "trace"
    ended = twin.engine.run(*twin.backup_arguments(), before=[
        "strace", "-f", "-qq", "-y", "-s", "0", "-o", trace, "-e", "trace=" + ",".join(CALLS)])
    if ended.code != 0:
        raise RuntimeError(f"the traced run: exit code {ended.code}: {ended.why()}")
    numbers = collections.Counter()
    calls = []
    main = None
    for thread, name, arguments in traced(trace):
        main = main or thread
        shared = PART.search(arguments) or (thread != main and CATALOGUE.search(arguments))
        numbers[thread, name] += 1
        if shared:
            numbers[shared[0], name] += 1
        number = numbers[shared[0] if shared else thread, name]
        if not changes_disk(name, arguments, twin):
            continue
        if not shared and thread != main:
            raise RuntimeError(f"another thread than the main one calls {name}({arguments}")
        calls.append(Call(name, number, shared[0] if shared else "",
                          arguments.replace(str(twin.home) + "/", "")))
    shutil.rmtree(twin.home)
    return calls


def changes_disk(name, arguments, hospital):
    if name in ("openat", "openat2") and "O_CREAT" not in arguments:
        return False
    return str(hospital.home) in arguments


def injection(call, fault, hospital, trace):
    before = ["strace", "-qq", "-y", "-s", "0", "-o", trace, "-e", f"trace={call.name}",
              "-e", f"inject={call.name}:{FAULTS[fault]}:when={call.number}"]
    if call.shared:
        before += ["-f", "-P", hospital.home / call.shared]
    return [str(word) for word in before]


def wrong_code(fault, ended, hit):
    """Exit code 0 is right only for a run that lost nothing; later checks hold it to that.

    Otherwise the place decides: 9 on the medium, 3 in the site, 8 for no space anywhere.
    """
    if fault == "kill":
        return None if ended.code in KILLED + (0,) else f"killed, and exit code {ended.code}"
    right = SPACE if fault == "ENOSPC" else MEDIUM if "/medium" in hit else SYSTEM
    if ended.code in (0, right):
        return None
    return f"exit code {ended.code}, {right} is right: {ended.why()}"


def stop_at(start, call, fault, home):
    """One run stopped at one call; returns how it ended, what was hit, the promises broken."""
    hospital = start.copy(home)
    trace = home / "trace"
    ended = hospital.engine.run(
        *hospital.backup_arguments(), before=injection(call, fault, hospital, trace))
    made = list(traced(trace))
    hit = [arguments for _, _, arguments in made if "(INJECTED)" in arguments]
    if fault == "kill" and ended.code != 0:
        hit = [made[-1][2]]
    elif any(PROBE.match(one) for one in hit):
        shutil.rmtree(home)
        return ended.code, False, []
    broken = [wrong_code(fault, ended, " ".join(hit).replace(str(home), ""))]
    if ended.code == 0:
        hospital.acknowledge(ended, start.now)
    else:
        hospital.attempted.append(start.now)
    broken += hospital.check_medium() + hospital.check_next_run()
    broken = [text for text in broken if text]
    if not broken:
        shutil.rmtree(home)
    return ended.code, bool(hit), broken


def run(campaign, engine, count):
    harness.require_strace()
    start = harness.Hospital(engine, campaign.work / "start", campaign.random, TREE_BYTES).open()
    start.change()
    start.must_back_up()
    start.change()
    start.now = harness.fingerprint(start.tree)
    calls = calls_of_a_run(campaign, start)
    campaign.counts["calls that change a disk"] = len(calls)
    cases = [(call, fault) for fault in FAULTS for call in calls]
    if count and count < len(cases):
        cases = campaign.random.sample(cases, count)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {
            pool.submit(stop_at, start, call, fault, campaign.work / f"case-{number}"):
                (call, fault, number) for number, (call, fault) in enumerate(cases)}
        try:
            for done in concurrent.futures.as_completed(running):
                call, fault, number = running[done]
                code, hit, broken = done.result()
                campaign.counts[f"{fault}: ended with {code}" if hit else
                                f"{fault}: that call was not made this time"] += 1
                if broken:
                    campaign.loss(f"case-{number}: {fault} at {call}", "; ".join(broken))
        finally:
            pool.shutdown(cancel_futures=True)
    missed = sum(number for name, number in campaign.counts.items() if "not made" in name)
    if missed > len(cases) * MISSED_MAX:
        raise RuntimeError(f"{missed} of {len(cases)} calls were not hit")


if __name__ == "__main__":
    harness.main_of_part("calls", run, 0)
