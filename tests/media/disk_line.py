"""Disks that are slow, fail, or are yanked: nbdkit serves an image, the storage daemon of qemu shows
it as a file, and a loop device lies on it.
"""
import contextlib
import os
import shutil
import subprocess
import time

from disk_site import disk_case


def missing():
    """What it takes and is not here; None if all is."""
    if disk_case.missing() is not None:
        return disk_case.missing()
    for tool in ("nbdkit", "qemu-storage-daemon"):
        if shutil.which(tool) is None:
            return tool
    return None if os.access("/dev/fuse", os.R_OK | os.W_OK) else "/dev/fuse"


class Line:
    """A disk at the end of a line, until `undo` is closed. `filters`: nbdkit's, to their options."""

    def __init__(self, image, work, filters):
        self.undo = contextlib.ExitStack()
        socket, shown = work / "socket", work / "shown"
        shown.touch()
        self.server = self.start("nbdkit", "--foreground", "--unix", socket,
                                 *(f"--filter={name}" for name in filters), "file", image,
                                 *(option for options in filters.values() for option in options))
        wait_for(socket.exists)
        self.start("qemu-storage-daemon", "--blockdev",
                   f"driver=nbd,node-name=n,server.type=unix,server.path={socket}", "--export",
                   f"type=fuse,id=e,node-name=n,mountpoint={shown},writable=on")
        wait_for(lambda: shown.stat().st_size > 0)
        self.undo.callback(subprocess.run, ["umount", "--lazy", shown], check=True)
        self.disk = disk_case.Disk(shown).insert()
        self.undo.callback(lambda: self.disk.pull() if self.disk.inserted else None)

    def start(self, *words):
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.undo.callback(process.wait)
        self.undo.callback(process.kill)
        return process

    def cut(self):
        self.server.kill()

    def yank(self):
        """Out of its slot while it is written."""
        self.disk.pull(cut=self.cut)


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError("it does not begin")
        time.sleep(0.005)
