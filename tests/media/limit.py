#!/usr/bin/python3
"""A medium that takes longer than `connected_minutes` allows, on a disk that writes and reads 3 MB/s
(nbdkit's rate filter). The run's clock goes twenty times as fast: its minute is three seconds.

    limit.py AZEKURA

It must be let go within seconds, also in the middle of a large pack; nothing stays attached; what is on
it is not written again; and in the end it restores.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import disk_line
import disk_site
from disk_site import azekura_case

SET = "daily-1"
DISK_BYTES = 152 << 20
SLOW = 3_000_000  # bytes a second
CLOCK = 20        # times as fast
LIMIT_SECONDS = 60 / CLOCK
NIGHTS, LARGE = 8, 60 << 20
# What may be under way when the limit is over: 16 MiB not flushed yet; and a busy machine.
LATE_SECONDS_MAX = 10
POLICY = 10


class Limited:
    def __init__(self, azekura, home):
        self.site = disk_site.DiskSite(azekura, home, [SET], DISK_BYTES)
        self.disk = self.site.disks[SET]
        self.random = random.Random(1)

    def set_up(self):
        azekura_case.make_tree(self.site.tree, self.random)
        self.site.set_up()
        with open(self.site.path / "site.toml", "a", encoding="utf-8") as file:
            file.write("[media]\nconnected_minutes = 1\n")

    def free_bytes(self):
        shown = self.site.at_site("medium", "show", SET, "--json").splitlines()
        return json.loads(shown[0])["free_bytes"]

    def capture(self, name, size):
        (self.site.tree / name).write_bytes(self.random.randbytes(size))
        self.site.at_site("backup", "--for", SET)

    def too_long(self):
        """A write that the limit ends; returns its seconds."""
        work = pathlib.Path(tempfile.mkdtemp(dir=self.site.home))
        line = disk_line.Line(self.disk.image, work, {"rate": [f"rate={SLOW * 8}"]})
        with line.undo:
            begun = time.monotonic()
            done = subprocess.run(
                [self.site.azekura, "-s", self.site.path, "write", SET], capture_output=True,
                env=self.site.environment | {"LD_PRELOAD": disk_site.FAKETIME, "FAKETIME": f"+0 x{CLOCK}",
                                             "NO_FAKE_STAT": "1"},
                timeout=disk_site.SECONDS_MAX, check=False)
            seconds = time.monotonic() - begun
            said = done.stderr.decode()
            expect(done.returncode == POLICY and "error: AZK-M14: " in said
                   and f"run 'azekura write {SET}'" in said, f"{done.returncode}: {said}")
            expect(not line.disk.in_use, "it is still attached")
            expect(line.disk.path not in pathlib.Path("/proc/mounts").read_text(encoding="utf-8"),
                   "it is still mounted")
            last = self.site.connections(SET)[-1]
            expect(last["end"] != "unknown" and last["bytes"] > 0, last)
        with self.site.mounted(SET) as medium:
            sealed = max((int(path.parent.name) for path in medium.glob("sessions/*/seal")),
                         default=0)
        # One that was sealed just before was not read back.
        expect(last["last_session"] in (sealed, sealed - 1), f"{sealed} sealed: {last}")
        return seconds

    def packs(self):
        """Those on the medium: (inode, time of change) of each."""
        with self.site.mounted(SET) as medium:
            expect(os.listdir(medium / "tmp") == [], "something unfinished was left")
            return {path.name: (path.stat().st_ino, path.stat().st_ctime_ns)
                    for path in medium.glob("packs/*/*")}

    def write_the_rest(self):
        """With time enough. What is there stays, and the tree comes back."""
        before = self.packs()
        self.disk.insert()
        self.site.at_site("write", SET)
        self.disk.pull()
        after = self.packs()
        expect(before.items() <= after.items(), "what was there was written again")
        with self.site.mounted(SET) as medium:
            expect(self.site.restored(medium) == azekura_case.state_of(self.site.tree), "not whole")
        return len(before), len(after)

    def go(self):
        self.set_up()
        self.capture("large", LARGE)
        seconds = self.too_long()
        expect(seconds < LIMIT_SECONDS + LATE_SECONDS_MAX, f"let go after {seconds:.1f} s only")
        self.write_the_rest()
        print(f"let go after {seconds:.1f} s in a large pack")
        small = (self.free_bytes() - (6 << 20)) * 10 // 13 // NIGHTS  # then little is left
        for night in range(NIGHTS):  # that its medium missed
            self.capture(f"small-{night}", small)
        seconds = self.too_long()
        there, packs = self.write_the_rest()
        expect(2 < there < packs, f"{there} of {packs} packs were there")
        print(f"let go after {seconds:.1f} s with {there} of {packs} packs")


def expect(holds, what):
    if not holds:
        raise AssertionError(what)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("azekura")
    arguments = parser.parse_args()
    if (need := disk_line.missing() or disk_site.missing_clock()) is not None:
        print(f"skipped: there is no {need}")
        sys.exit(azekura_case.SKIPPED)
    with tempfile.TemporaryDirectory(prefix="azekura-limit-") as home:
        Limited(arguments.azekura, home).go()


if __name__ == "__main__":
    main()
