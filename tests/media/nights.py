#!/usr/bin/python3
"""Thirty nights of two media sets, with what happens to people who carry media; seeded.

    nights.py AZEKURA [--seed N] [--nights N]

Each night the clock is another one, the source changes, `nightly` runs, and the disk in the slot is
tonight's, none, another set's, together with a copy of itself, an older copy, one that fails, one
that is yanked while it is written, or the run is killed. After each night all disks are pulled, and
what was acknowledged, by exit code 0 and a receipt, must come back from the pulled disks alone, as
an oracle outside the host remembers it. The last nights bring more than fits.
"""
import argparse
import contextlib
import datetime
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import disk_line
import disk_site
from disk_site import azekura_case, disk_case

FIRST_NIGHT = datetime.date(2026, 12, 1)
SETS = ("daily-1", "daily-2")
DISK_BYTES = 96 << 20
RUN_SECONDS_MAX = 300
# event : (how many of thirty nights, exit codes it may end with, code of the refusal)
EVENTS = {
    "well": (10, (0,), None), "missed": (2, (9,), "AZK-M12"), "wrong": (2, (9,), "AZK-M01"),
    "cloned": (2, (6,), "AZK-M04"), "old": (2, (6,), "AZK-M05"),
    "protected": (2, (9,), "AZK-M11"), "failing": (3, (9,), None), "yanked": (3, (0, 9), None),
    "killed": (4, (0, -9), None),
}


def clock_of(night):
    """The environment that makes it this night's evening for a program."""
    return {"LD_PRELOAD": disk_site.FAKETIME, "FAKETIME": f"@{night} 22:00:00",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


class Nights:
    def __init__(self, azekura, seed, home):
        self.site = disk_site.DiskSite(azekura, home, SETS, DISK_BYTES)
        self.random = random.Random(seed)
        self.home, self.tree = self.site.home, self.site.tree
        self.images = {name: disk.image for name, disk in self.site.disks.items()}
        self.acknowledged = {name: {} for name in SETS}  # session to state of the tree
        self.older = {}  # set to (image, newest session on it)
        self.counts = dict.fromkeys(EVENTS, 0)
        self.failed = {}  # set to whether its disk lost writes
        self.restored = 0

    # --- one night

    def night(self, night, event):
        """Runs it; returns (exit code, stdout, stderr)."""
        name = self.site.tonights(night)
        other = next(one for one in SETS if one != name)
        with contextlib.ExitStack() as slots:
            def insert(image, **options):
                disk = disk_case.Disk(image).insert(**options)
                slots.callback(lambda: disk.pull() if disk.inserted else None)
                return disk

            line = None
            if event == "wrong":
                disks = [insert(self.images[other])]
            elif event == "missed":
                disks = []
            elif event == "cloned":
                clone = self.home / "clone.image"
                shutil.copyfile(self.images[name], clone)
                disks = [insert(self.images[name]), insert(clone)]
            elif event == "old":
                disks = [insert(self.older[name][0])]
            elif event in ("failing", "yanked"):
                work = pathlib.Path(tempfile.mkdtemp(dir=self.home))
                fails = {"error": ["error-pwrite=EIO", "error-pwrite-rate=30%"]}
                line = disk_line.Line(self.images[name], work, fails if event == "failing" else {})
                slots.enter_context(line.undo)
                disks = [line.disk]
            else:
                disks = [insert(self.images[name], read_only=event == "protected")]
            return self.run_night(night, event, disks, line)

    def run_night(self, night, event, disks, line):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            run = subprocess.Popen([self.site.azekura, "-s", self.site.path, "nightly"],
                                   stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                   env=self.site.environment | clock_of(night))
            deadline = time.monotonic() + RUN_SECONDS_MAX
            moment = time.monotonic() + self.random.uniform(0.05, 1.5)
            while run.poll() is None:
                if time.monotonic() > deadline:
                    run.kill()
                    raise AssertionError(f"the night of {night} ({event}) does not end")
                if event == "killed" and time.monotonic() > moment:
                    run.kill()
                if event == "yanked" and time.monotonic() > moment:
                    line.cut()
                if b"pull it" in os.pread(out.fileno(), 1 << 20, 0):
                    for disk in disks:
                        if disk.inserted:
                            disk.pull()
                time.sleep(0.01)
            for name in ("faketime_shm", "sem.faketime_sem"):  # left of a run that is killed
                pathlib.Path(f"/dev/shm/{name}_{run.pid}").unlink(missing_ok=True)
            out.seek(0)
            err.seek(0)
            return run.returncode, out.read().decode(), err.read().decode()

    def change(self):
        azekura_case.change_tree(self.tree, self.random)

    def acknowledge(self, said, state):
        for line in said.splitlines():
            if line.startswith("receipt: set '"):
                name = line.split("'")[1]
                session = int(line.split("session ")[1].split(",")[0])
                self.acknowledged[name][session] = state
                image = self.home / f"older-{name}.image"
                if name not in self.older or self.random.random() < 0.2:
                    shutil.copyfile(self.images[name], image)
                    self.older[name] = (image, session)

    def choose(self, night, left):
        """Takes the next event that can be tonight."""
        name = self.site.tonights(night)
        newest = max(self.acknowledged[name], default=0)
        has_older = name in self.older and self.older[name][1] < newest
        event = next((one for one in left if one != "old" or has_older), "well")
        if event in left:
            left.remove(event)
        return event

    # --- the oracle

    def check(self, everything):
        """The pulled disks restore what was acknowledged."""
        for name, states in self.acknowledged.items():
            if not states:
                continue
            with self.site.mounted(name) as medium:
                wanted = states if everything else {max(states): states[max(states)]}
                for session, state in wanted.items():
                    self.check_one(medium, session, state)

    def check_one(self, medium, session, state):
        if self.site.restored(medium, f"{session}/tree") != state:
            raise AssertionError(f"session {session} came back otherwise")
        self.restored += 1

    def repair(self, name):
        """What the refusal says to do with a disk that lost writes."""
        shown = subprocess.run(["losetup", "--find", "--show", "--offset", str(disk_site.FILES_AT),
                                self.images[name]], capture_output=True, check=True)
        part = shown.stdout.decode().strip()
        try:
            done = subprocess.run(["e2fsck", "-f", "-y", part], capture_output=True, check=False)
        finally:
            subprocess.run(["losetup", "--detach", part], check=True)
        if done.returncode > 2:
            raise AssertionError(f"e2fsck: {done.stdout.decode()}{done.stderr.decode()}")

    def too_much(self, night):
        """More than fits is refused before anything is attached, and nothing is lost."""
        (self.tree / "large").write_bytes(self.random.randbytes(DISK_BYTES + (4 << 20)))
        code, _out, err = self.night(night, "well")
        if code != 8 or "AZK-M09" not in err:
            raise AssertionError(f"a full medium ended with {code}: {err}")

    def go(self, count):
        azekura_case.make_tree(self.tree, self.random)
        self.site.set_up()
        left = [event for event, (often, _codes, _refusal) in EVENTS.items() for _ in range(often)]
        self.random.shuffle(left)
        for index in range(count):
            night = str(FIRST_NIGHT + datetime.timedelta(days=index))
            self.change()
            event = self.choose(night, left)
            state = azekura_case.state_of(self.tree)
            code, out, err = self.night(night, event)
            _often, codes, refusal = EVENTS[event]
            if "cannot be mounted" in err and self.failed.get(self.site.tonights(night)):
                codes, refusal = (9,), "AZK-M10"
                self.repair(self.site.tonights(night))
            if code not in codes or (refusal is not None and f"error: {refusal}: " not in err):
                raise AssertionError(f"the night of {night} ({event}) ended with {code}:\n"
                                     f"{out}{err}")
            if "receipt:" in out:
                self.acknowledge(out, state)
            elif code == 0:
                raise AssertionError(f"the night of {night} ({event}) gave no receipt:\n{out}{err}")
            self.counts[event] += 1
            if event in ("failing", "yanked"):
                self.failed[self.site.tonights(night)] = True
            self.check(everything=index % 10 == 9)
        self.too_much(str(FIRST_NIGHT + datetime.timedelta(days=count)))
        self.check(everything=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("azekura")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nights", type=int, default=30)
    arguments = parser.parse_args()
    need = disk_line.missing() or disk_site.missing_clock()
    if need is not None:
        print(f"skipped: there is no {need}")
        sys.exit(azekura_case.SKIPPED)
    with tempfile.TemporaryDirectory(prefix="azekura-nights-") as home:
        nights = Nights(arguments.azekura, arguments.seed, home)
        print(f"seed {arguments.seed}", flush=True)
        nights.go(arguments.nights)
        said = ", ".join(f"{event} {count}" for event, count in nights.counts.items())
        print(f"{arguments.nights} nights: {said}; {nights.restored} restores as acknowledged")


if __name__ == "__main__":
    main()
