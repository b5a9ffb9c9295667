"""For tests of real media: disks that a test inserts and pulls, which are loop devices."""
import ctypes
import fcntl
import os
import pathlib
import struct
import subprocess
import time
import unittest

from azekura_case import SECONDS_MAX, AzekuraCase, Started

LOOP_CONFIGURE, LOOP_CLR_FD, BLKROSET = 0x4C0A, 0x4C01, 0x125D
BLKPG, BLKPG_ADD_PARTITION = 0x1269, 1
LOOP_CTL_REMOVE, LOOP_CTL_GET_FREE = 0x4C81, 0x4C82
READ_ONLY, READ_PARTITIONS = 1, 8  # LO_FLAGS_READ_ONLY, LO_FLAGS_PARTSCAN


class LoopConfig(ctypes.Structure):
    """struct loop_config of linux/loop.h; only what a test sets has a name."""
    _fields_ = [("fd", ctypes.c_uint32), ("block_size", ctypes.c_uint32),
                ("before", ctypes.c_uint8 * 52), ("flags", ctypes.c_uint32),
                ("after", ctypes.c_uint8 * 176), ("reserved", ctypes.c_uint64 * 8)]


class BlkpgPartition(ctypes.Structure):
    """struct blkpg_partition of linux/blkpg.h."""
    _fields_ = [("start", ctypes.c_int64), ("length", ctypes.c_int64), ("number", ctypes.c_int),
                ("names", ctypes.c_char * 128)]


class BlkpgArgument(ctypes.Structure):
    """struct blkpg_ioctl_arg of linux/blkpg.h."""
    _fields_ = [("operation", ctypes.c_int), ("flags", ctypes.c_int), ("bytes", ctypes.c_int),
                ("data", ctypes.POINTER(BlkpgPartition))]


class Disk:
    """An image, and the loop device it is inserted in."""

    def __init__(self, image):
        self.image = pathlib.Path(image)
        self.number = None

    @property
    def path(self):
        return f"/dev/loop{self.number}"

    @property
    def inserted(self):
        return self.number is not None

    @property
    def in_use(self):
        """Whether it is mounted, or another has it for itself."""
        try:
            os.close(os.open(self.path, os.O_RDONLY | os.O_EXCL))
            return False
        except OSError:
            return True

    @property
    def written_bytes(self):
        """Since it was inserted."""
        stat = pathlib.Path(f"/sys/block/loop{self.number}/stat").read_text(encoding="ascii")
        return int(stat.split()[6]) * 512

    def insert(self, read_only=False, read_partitions=False):
        image = os.open(self.image, os.O_RDONLY if read_only else os.O_RDWR)
        control = os.open("/dev/loop-control", os.O_RDWR)
        try:
            until = time.monotonic() + SECONDS_MAX
            while True:
                number = fcntl.ioctl(control, LOOP_CTL_GET_FREE)
                loop = os.open(f"/dev/loop{number}", os.O_RDONLY if read_only else os.O_RDWR)
                try:
                    config = LoopConfig(fd=image, flags=(READ_ONLY if read_only else 0) |
                                        (READ_PARTITIONS if read_partitions else 0))
                    fcntl.ioctl(loop, LOOP_CONFIGURE, config)
                    fcntl.ioctl(loop, BLKROSET, struct.pack("i", read_only))  # of the last disk
                    self.number = number
                    return self
                except OSError:  # another took it
                    if time.monotonic() > until:
                        raise
                finally:
                    os.close(loop)
        finally:
            os.close(control)
            os.close(image)

    def tell_kernel_of_partition(self, number, start, length):
        """As if the kernel had read it on a disk that was used before."""
        partition = BlkpgPartition(start=start, length=length, number=number)
        loop = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(loop, BLKPG, BlkpgArgument(
            operation=BLKPG_ADD_PARTITION, bytes=ctypes.sizeof(partition),
            data=ctypes.pointer(partition)))
        os.close(loop)

    def pull(self, cut=None):
        """The kernel says that it is removed. What it did not write yet is on the image. One that
        is in use goes once nobody uses it; `cut` makes it fail those who do."""
        loop = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(loop, LOOP_CLR_FD)
        os.close(loop)
        if cut is not None:
            cut()
        control = os.open("/dev/loop-control", os.O_RDWR)
        until = time.monotonic() + SECONDS_MAX
        while True:
            try:
                fcntl.ioctl(control, LOOP_CTL_REMOVE, self.number)
                break
            except OSError:  # somebody looks at it
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
        os.close(control)
        self.number = None


def missing():
    """What it takes to insert disks and is not here; None if all is."""
    has_disks = os.geteuid() == 0 and os.path.exists("/dev/loop-control")
    return None if has_disks else "loop device here: it takes root"


class DiskCase(AzekuraCase):
    DISK_BYTES = 96 << 20

    @classmethod
    def setUpClass(cls):
        if missing() is not None:
            raise unittest.SkipTest(f"no {missing()}")

    def disk(self, name):
        image = self.home / f"{name}.image"
        with open(image, "wb") as file:
            file.truncate(self.DISK_BYTES)
        disk = Disk(image)
        self.addCleanup(lambda: disk.pull() if disk.inserted else None)
        return disk

    def enrol(self, disk, name, *options, code=0, typed=None):
        """Enrols an inserted disk and pulls it."""
        ended = self.at_site("medium", "enrol", disk.path, "--set", name, *options, code=code,
                             stdin=None, input=(name if typed is None else typed).encode() + b"\n")
        if code == 0:
            disk.pull()
        return ended

    def add_disk_set(self, name, *options, pool=None):
        """A set with an enrolled disk; returns the disk, pulled."""
        self.at_site("set", "add", name, *(["--pool", pool] if pool else []))
        disk = self.disk(name).insert()
        self.enrol(disk, name, *options)
        return disk

    def mounted(self, disk):
        """The files of a pulled disk's medium, read-only, as a folder; unmounted at the end."""
        folder = self.home / f"mount-{disk.image.stem}"
        folder.mkdir(exist_ok=True)
        start = 2 << 20
        subprocess.run(["mount", "-o", f"loop,ro,noload,offset={start}", disk.image, folder],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        return folder

    def night(self, *arguments, disk, code=0):
        """A whole `nightly`: the disk is inserted before it, and pulled once it may be."""
        if not disk.inserted:
            disk.insert()
        run = self.start_at_site("nightly", *arguments)
        self.wait_until_said(run, b"pull it")
        if run.process.poll() is None:
            disk.pull()
        ended = run.wait()
        if disk.inserted:
            disk.pull()
        self.assertEqual(ended.code, code, ended)
        return ended

    def wait_until_said(self, run: Started, words):
        """Until the run printed the words, or ended."""
        until = time.monotonic() + SECONDS_MAX
        while run.process.poll() is None and time.monotonic() < until:
            if words in os.pread(run.out.fileno(), 1 << 20, 0):
                return
            time.sleep(0.01)

    def connections(self, name):
        return self.at_site("medium", "show", name, "--json").events("connection")
