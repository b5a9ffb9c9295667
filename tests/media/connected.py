#!/usr/bin/python3
"""How long a medium is connected, for three sizes of night, against the promise:

    new bytes * (1 / write speed + 1 / read speed) + 60 s

    connected.py AZEKURA [--work DIR]

On a plain loop device, and on one that writes and reads 40 MB/s (nbdkit's rate filter). Prints a
table; ends with 1 if a night took longer than promised. By hand: docs/performance.md has it.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import sys
import tempfile
import threading
import time

import disk_line
import disk_site

SET = "daily-1"
NIGHTS = (16 << 20, 128 << 20, 1 << 30)  # new bytes of a source
DISK_BYTES = 3 << 30
SLOW = 40_000_000  # bytes a second
OVERHEAD_SECONDS = 60
SPEED_BYTES = 256 << 20
FORGET_SECONDS = 0.02
# A longer burst would let all be read at once that was not while it was written.
RATE = [f"rate={SLOW * 8}", "burstiness=0.1"]


@contextlib.contextmanager
def forgotten(path):
    """Meanwhile no cache beneath the loop device keeps what the disk was given: it is read again."""
    ended = threading.Event()

    def forget():
        with open(path, "rb") as file:
            while not ended.wait(FORGET_SECONDS):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    thread = threading.Thread(target=forget)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Measured:
    def __init__(self, azekura, home, is_slow):
        self.site = disk_site.DiskSite(azekura, home, [SET], DISK_BYTES)
        self.home, self.disk = self.site.home, self.site.disks[SET]
        self.is_slow = is_slow

    def speeds(self):
        """Bytes a second that a file of the same file system is written and read with."""
        if self.is_slow:
            return SLOW, SLOW
        path, block = self.home / "speed", os.urandom(1 << 20)
        begun = time.monotonic()
        with open(path, "wb") as file:
            for _ in range(SPEED_BYTES >> 20):
                file.write(block)
            os.fsync(file.fileno())
        written = time.monotonic()
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while file.read(1 << 20):
                pass
        read = time.monotonic()
        path.unlink()
        return SPEED_BYTES / (written - begun), SPEED_BYTES / (read - written)

    def night(self, size):
        """(bytes written to the medium, seconds connected)"""
        with open(self.site.tree / f"image-{size}", "wb") as file:
            for _ in range(size >> 20):
                file.write(random.randbytes(1 << 20))
        self.site.at_site("backup", "--for", SET)
        if self.is_slow:
            work = pathlib.Path(tempfile.mkdtemp(dir=self.home))
            line = disk_line.Line(self.disk.image, work, {"rate": RATE})
            with line.undo, forgotten(line.disk.image):
                self.site.at_site("write", SET)
        else:
            self.disk.insert()
            self.site.at_site("write", SET)
            self.disk.pull()
        shown = self.site.at_site("medium", "show", SET, "--json").splitlines()
        last = json.loads(shown[-1])
        return last["bytes"], last["work_seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("azekura")
    parser.add_argument("--work", default=None, help="where the images lie; else $TMPDIR")
    arguments = parser.parse_args()
    is_kept = True
    print("| medium | written to it | connected | promised at most |")
    print("|---|---|---|---|")
    for is_slow in (False, True):
        with tempfile.TemporaryDirectory(prefix="azekura-connected-", dir=arguments.work) as home:
            measured = Measured(arguments.azekura, home, is_slow)
            measured.site.set_up()
            for size in NIGHTS:
                written, seconds = measured.night(size)
                write_speed, read_speed = measured.speeds()
                most = written * (1 / write_speed + 1 / read_speed) + OVERHEAD_SECONDS
                is_kept = is_kept and seconds <= most
                name = "40 MB/s" if is_slow else "plain loop device"
                print(f"| {name} | {written / 2**20:.0f} MiB | {seconds:.1f} s | {most:.1f} s |",
                      flush=True)
    sys.exit(not is_kept)


if __name__ == "__main__":
    main()
