#!/usr/bin/python3
"""500 random trees on ext4, XFS and tmpfs come back in every attribute, by the engine with --system
and by the reference reader."""
import errno
import os
import socket
import stat
import struct
import subprocess

from azekura_case import SOURCE_ROOT, main, state_of
from mounted_case import (APPEND, CAPABILITY, IMMUTABLE, NOATIME, NODUMP, SYNC, Mounted, facts_of,
                          set_flags)

READER = SOURCE_ROOT / "scripts" / "reference_reader.py"
READER_SECONDS_MAX = 240
BLOCK = 64 << 10
# What a file system, or the kernel for this kind of object, does not take.
REFUSED = {errno.EOPNOTSUPP, errno.ENOTTY, errno.EPERM, errno.ENOSPC, errno.EINVAL}
USER_OBJECT, USER, GROUP_OBJECT, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
NO_ID = 0xFFFFFFFF


class TreeMaker:
    """Makes one tree: first all objects, then, from the leaves up, what is known of them."""

    def __init__(self, rng, root):
        self.rng = rng
        self.folders = [os.fsencode(root)]
        self.files = []
        self.others = []
        os.mkdir(root)
        for _ in range(rng.randrange(2, 24)):
            self.add()
        for path in self.others + self.files + self.folders[::-1]:
            self.dress(path)
        for path in self.files + self.folders:
            if rng.random() < 0.1:
                flags = sum(flag for flag in (IMMUTABLE, APPEND, NODUMP, NOATIME, SYNC)
                            if rng.random() < 0.4)
                self.attempt(set_flags, path, flags)

    def attempt(self, step, *arguments, **options):
        try:
            step(*arguments, **options)
        except OSError as error:
            if error.errno not in REFUSED:
                raise

    def new_path(self):
        folder = self.rng.choice(self.folders)
        while True:
            name = bytes(self.rng.choice(b"ab \n\\\x1b\x80\xff\xe3\x81") if self.rng.random() < 0.5
                         else self.rng.choice([one for one in range(1, 256) if one != ord("/")])
                         for _ in range(self.rng.choice((1, 2, 5, 30, 255))))
            path = folder + b"/" + name
            if name not in (b".", b"..") and not os.path.lexists(path):
                return path

    def add(self):
        make = self.rng.choices((self.folder, self.file, self.symlink, self.link, self.special),
                                (5, 10, 3, 4, 3))[0]
        make(self.new_path())

    def folder(self, path):
        os.mkdir(path)
        self.folders.append(path)

    def file(self, path):
        rng = self.rng
        with open(path, "wb") as file:
            if rng.random() < 0.2:  # holes and data, in blocks that no file system makes coarser
                for _ in range(rng.randrange(1, 6)):
                    file.seek(BLOCK * rng.randrange(1, 40), os.SEEK_CUR)
                    file.write(rng.randbytes(BLOCK))
                file.truncate(file.tell() + BLOCK * rng.randrange(0, 9))
            else:
                # Not a zero alone: it comes back as space reserved, which ext4 calls a hole.
                file.write(rng.choice((b"", b"1", rng.randbytes(100), rng.randbytes(5000),
                                       rng.randbytes(70_000))))
        self.files.append(path)

    def symlink(self, path):
        os.symlink(bytes(self.rng.randrange(1, 256) for _ in range(self.rng.randrange(1, 300))),
                   path)
        self.others.append(path)

    def link(self, path):
        if self.files + self.others:
            os.link(self.rng.choice(self.files + self.others), path, follow_symlinks=False)

    def special(self, path):
        kind = self.rng.choice((stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK))
        if kind == stat.S_IFSOCK:
            with socket.socket(socket.AF_UNIX) as listener:
                short = self.folders[0] + b"-socket"  # an address has 108 bytes at most
                listener.bind(short)
                os.rename(short, path)
            return
        os.mknod(path, kind | 0o600, os.makedev(self.rng.randrange(512),
                                                   self.rng.randrange(1 << 18)))
        self.others.append(path)

    def dress(self, path):
        rng = self.rng
        kind = stat.S_IFMT(os.lstat(path).st_mode)
        os.chown(path, rng.choice((0, 7, 1000, 3_999_999)), rng.choice((0, 8, 4_000_000_000)),
                 follow_symlinks=False)
        for key in ("user.\xe9", "user.azekura", "trusted.azekura", "security.azekura"):
            if rng.random() < 0.15:
                self.attempt(os.setxattr, path, key, rng.randbytes(rng.choice((0, 1, 300))),
                             follow_symlinks=False)
        if kind == stat.S_IFREG and rng.random() < 0.1:
            self.attempt(os.setxattr, path, "security.capability", CAPABILITY)
        if kind != stat.S_IFLNK:
            os.chmod(path, rng.choice((0o644, 0o755, 0o000, rng.randrange(0o10000))))
            for key in ("access", "default"):
                if rng.random() < 0.1 and (key == "access" or kind == stat.S_IFDIR):
                    self.attempt(os.setxattr, path, f"system.posix_acl_{key}", self.random_list())
        self.attempt(os.utime, path, ns=(0, rng.choice((
            rng.randrange(-(1 << 31), 1 << 31) * 1_000_000_000 + rng.randrange(1_000_000_000),
            1_790_000_000_000_000_000 + rng.randrange(10 ** 9)))), follow_symlinks=False)

    def random_list(self):
        """An access control list, as the kernel takes it."""
        rights = self.rng.randrange
        return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in (
            (USER_OBJECT, rights(8), NO_ID), (USER, rights(8), 1000), (USER, rights(8), 3_999_999),
            (GROUP_OBJECT, rights(8), NO_ID), (GROUP, rights(8), 77), (MASK, rights(8), NO_ID),
            (OTHER, rights(8), NO_ID)))


class Metadata(Mounted):
    def check(self, kind, count):
        place = self.mount(kind)
        trees = place / "trees"
        trees.mkdir()
        for number in range(count):
            TreeMaker(self.random, trees / str(number))
        wanted = facts_of(trees)
        self.at_site("source", "add", "trees", trees)
        self.assertEqual(self.backup().errors, "")
        wanted = {path: facts for path, facts in wanted.items()
                  if not stat.S_ISSOCK(facts["mode"])}
        self.assertGreater(len(wanted), 8 * count)
        self.azekura("restore", "latest", *self.keyed(), "--target", place / "engine", "--system")
        self.assert_same(facts_of(place / "engine"), wanted)
        done = subprocess.run(["/usr/bin/python3", "-B", READER, "restore", "1/trees", *self.keyed(),
                               "--target", place / "reader"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=READER_SECONDS_MAX, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        found = {path: facts for path, facts in facts_of(place / "reader").items()
                 if not stat.S_ISSOCK(facts["mode"])}
        self.assert_same(found, wanted)

    def test_on_ext4(self):
        self.check("ext4", 200)

    def test_on_xfs(self):
        self.check("xfs", 200)

    def test_on_tmpfs(self):
        self.check("tmpfs", 100)


class SharedBlocks(Mounted):
    def test_files_of_the_same_content_share_them_where_the_target_can(self):
        self.tree = self.home / "tree"
        self.tree.mkdir()
        content = self.random.randbytes(4 << 20)
        for name in ("first", "second"):
            (self.tree / name).write_bytes(content)
        self.at_site("source", "add", "tree", self.tree)
        self.backup()
        for kind, shared in (("xfs", 2), ("ext4", 0)):
            place = self.mount(kind)
            self.azekura("restore", "latest", *self.keyed(), "--target", place / "restored")
            self.assert_same(state_of(place / "restored"), state_of(self.tree))
            os.sync()
            said = subprocess.run(["filefrag", "-v", *(place / "restored").iterdir()],
                                  capture_output=True, text=True, check=True).stdout
            self.assertEqual(said.count("last,shared,eof"), shared, said)


if __name__ == "__main__":
    main()
