"""A copy of a file system's image on a device some of whose sectors cannot be read: EIO exactly
there. What is written goes to memory, the image stays as it is.

nbdkit's ddrescue filter refuses the sectors, its cow filter takes what is written; the storage
daemon of qemu shows that as a file, and a loop device lies on it.
"""
import array
import contextlib
import fcntl
import os
import shutil
import subprocess
import time

import harness

FS_IOC_FIEMAP = 0xC020660B
EXTENT_BYTES = 56
EXTENTS_MAX = 200
EXTENT_LAST = 1
WAIT_SECONDS = 10


def extents_of(path):
    """(place in the file, place on the device, bytes) of each extent of a file that is durable."""
    buffer = array.array("B", bytes(32 + EXTENTS_MAX * EXTENT_BYTES))
    head = array.array("Q", [0, os.path.getsize(path)]).tobytes()
    head += array.array("I", [0, 0, EXTENTS_MAX, 0]).tobytes()
    buffer[:32] = array.array("B", head)
    with open(path, "rb") as file:
        fcntl.ioctl(file, FS_IOC_FIEMAP, buffer)
    numbers = array.array("I", buffer[:32].tobytes())
    extents = []
    for index in range(numbers[5]):
        at = 32 + index * EXTENT_BYTES
        extents.append(tuple(array.array("Q", buffer[at:at + 24].tobytes())))
    return extents


def require():
    harness.require_tools("nbdkit", "qemu-storage-daemon")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise harness.Skip("there is no /dev/fuse")


class BadDevice:
    """A context manager: mounts an image whose (begin, end) of `bad` cannot be read."""

    def __init__(self, file, kind, bad, work):
        self.file = file
        self.kind = kind
        self.bad = bad
        self.work = work
        self.mount_point = work / "mnt"
        self.undo = contextlib.ExitStack()

    def __enter__(self):
        self.work.mkdir()
        self.undo.callback(shutil.rmtree, self.work)
        with contextlib.ExitStack() as begun:
            begun.enter_context(self.undo)
            self.attach()
            begun.pop_all()
        return self

    def __exit__(self, *_error):
        self.undo.close()

    def attach(self):
        shown, socket, table = (self.work / name for name in ("shown", "socket", "map"))
        table.write_text(self.map_text())
        shown.touch()
        self.start("nbdkit", "--foreground", "--unix", socket,
                   "--filter=cow", "--filter=ddrescue", "file", self.file,
                   f"ddrescue-mapfile={table}", "cow-block-size=4096")
        self.wait_for(socket.exists)
        self.start("qemu-storage-daemon",
                   "--blockdev", f"driver=nbd,node-name=n,server.type=unix,server.path={socket}",
                   "--export", f"type=fuse,id=e,node-name=n,mountpoint={shown},writable=on")
        self.wait_for(lambda: shown.stat().st_size > 0)
        self.undo.callback(harness.command, "umount", "--lazy", shown)
        device = harness.command("losetup", "--find", "--show", shown)
        self.undo.callback(harness.command, "losetup", "--detach", device)
        self.mount_point.mkdir()
        # XFS: the image is mounted a second time.
        options = ["-o", "nouuid"] if self.kind == "xfs" else []
        harness.command("mount", "-t", self.kind, *options, device, self.mount_point)
        self.undo.callback(harness.command, "umount", self.mount_point)

    def start(self, *words):
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.undo.callback(end, process)

    def map_text(self):
        """GNU ddrescue's: +, what could be read; -, what could not."""
        lines, at, size = ["0x0 +"], 0, os.path.getsize(self.file)
        for begin, end in [*sorted(self.bad), (size, size)]:
            if begin > at:
                lines.append(f"{at:#x} {begin - at:#x} +")
            if end > begin:
                lines.append(f"{begin:#x} {end - begin:#x} -")
            at = end
        return "\n".join(lines) + "\n"

    def wait_for(self, condition):
        for _ in range(WAIT_SECONDS * 200):
            if condition():
                return
            time.sleep(0.005)
        raise RuntimeError("nbdkit or qemu-storage-daemon does not begin")


def end(process):
    """Nothing it holds is needed any more, and asked politely it may wait for others."""
    process.kill()
    process.wait()
