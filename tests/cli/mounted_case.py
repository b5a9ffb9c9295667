"""For tests of everything Linux keeps of a tree: file systems of their own, and what is on them."""
import ctypes
import fcntl
import os
import shutil
import stat
import struct
import subprocess
import unittest

from azekura_case import AzekuraCase

IMAGE_BYTES = 400 << 20  # XFS wants 300 MiB
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F", "-b", "4096"], "xfs": ["mkfs.xfs", "-q", "-f"]}
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000
GETFLAGS, SETFLAGS = 0x80086601, 0x40086602
# What chattr can ask for; the other flags are the file system's own.
IMMUTABLE, APPEND, NODUMP, NOATIME, SYNC = 0x10, 0x20, 0x40, 0x80, 0x8
CHATTR = IMMUTABLE | APPEND | NODUMP | NOATIME | SYNC
# cap_net_bind_service=ep, as setcap writes it
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)


def own_mounts():
    """Mounts of this process from now on are its own, and end with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNS) != 0 or \
            libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        raise unittest.SkipTest("no mounts of one's own here: it takes root")


def mount(kind, home):
    """A file system of that kind, mounted below `home`."""
    place = home / kind
    place.mkdir()
    if kind == "tmpfs":
        command = ["mount", "-t", "tmpfs", "tmpfs", place]
    else:
        image = home / f"{kind}.image"
        with open(image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        if shutil.which(MAKE[kind][0]) is None:
            raise unittest.SkipTest(f"there is no {MAKE[kind][0]}")
        subprocess.run([*MAKE[kind], image], check=True)
        command = ["mount", "-o", "loop", image, place]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise unittest.SkipTest(f"{kind} cannot be mounted here: {done.stderr.decode().strip()}")
    return place


def set_flags(path, flags):
    fd = os.open(path, os.O_RDONLY)
    try:
        now = struct.unpack("i", fcntl.ioctl(fd, GETFLAGS, b"\0" * 4))[0]
        fcntl.ioctl(fd, SETFLAGS, struct.pack("i", now | flags))
    finally:
        os.close(fd)


def facts_of(root):
    """Path below `root`, as bytes, to all that is kept of the object."""
    found, first_names = {}, {}

    def look(folder, name, path):
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        pinned = b"/proc/self/fd/%d/%s" % (folder, name)
        facts = {"mode": info.st_mode, "owner": (info.st_uid, info.st_gid),
                 "time": info.st_mtime_ns,
                 "attributes": {key: os.getxattr(pinned, key, follow_symlinks=False)
                                for key in os.listxattr(pinned, follow_symlinks=False)}}
        if not stat.S_ISDIR(info.st_mode) and info.st_nlink > 1:
            facts["file"] = first_names.setdefault(info.st_ino, path)
        if stat.S_ISLNK(info.st_mode):
            facts["target"] = os.readlink(name, dir_fd=folder)
        elif stat.S_ISBLK(info.st_mode) or stat.S_ISCHR(info.st_mode):
            facts["device"] = info.st_rdev
        elif stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode):
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
            try:
                try:
                    flags = struct.unpack("i", fcntl.ioctl(fd, GETFLAGS, b"\0" * 4))[0]
                    facts["flags"] = flags & CHATTR
                except OSError:
                    pass
                if stat.S_ISREG(info.st_mode):
                    facts["stored"] = stored_ranges(fd, info.st_size)
                    facts["content"] = [os.pread(fd, end - start, start)
                                        for start, end in facts["stored"]]
                    facts["size"] = info.st_size
                else:
                    for below in sorted(map(os.fsencode, os.listdir(fd))):
                        look(fd, below, path + b"/" + below)
            finally:
                os.close(fd)
        found[path] = facts

    folder = os.open(root.parent, os.O_RDONLY)
    look(folder, os.fsencode(root.name), b".")
    os.close(folder)
    return found


def stored_ranges(fd, size):
    ranges, end = [], 0
    while end < size:
        try:
            start = os.lseek(fd, end, os.SEEK_DATA)
        except OSError:
            break
        end = os.lseek(fd, start, os.SEEK_HOLE)
        ranges.append((start, end))
    return ranges


class Mounted(AzekuraCase):
    @classmethod
    def setUpClass(cls):
        own_mounts()

    def setUp(self):
        super().setUp()
        self.make_site()
        self.medium = self.add_set()

    def mount(self, kind):
        place = mount(kind, self.home)
        self.addCleanup(subprocess.run, ["umount", place], check=True)
        return place
