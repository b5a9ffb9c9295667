#!/usr/bin/python3
"""Everything Linux keeps of a tree comes back with --system: on ext4, XFS and tmpfs, whole or broken."""
import errno
import os
import shutil
import socket
import stat
import subprocess

from azekura_case import INCOMPLETE, main, state_of
from mounted_case import (APPEND, CAPABILITY, IMMUTABLE, NOATIME, NODUMP, SYNC, Mounted, facts_of,
                          set_flags)

NAMES = ["カルテ".encode("shift_jis"), "カルテ".encode(), b"\xff\xfe", b"new\nline", b"\x1b[2J", b"-rf",
         b"\\", b" ", b"x" * 255]
DEEP, DEEP_NAME = 30, "d" * 200  # 6 kB of path, more than PATH_MAX


def make_everything(root, rng):
    """One of each; returns what this file system refused to make."""
    refused = []

    def attempt(what, step):
        try:
            step()
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.ENOTTY):
                raise
            refused.append(what)

    root.mkdir()
    base = os.fsencode(root) + b"/"
    for name in NAMES:
        with open(base + name, "wb") as file:
            file.write(name)
    folder = os.open(root, os.O_RDONLY)
    for _level in range(DEEP):
        os.mkdir(DEEP_NAME, dir_fd=folder)
        below = os.open(DEEP_NAME, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(os.open("bottom", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
    os.close(folder)
    with open(root / "sparse", "wb") as file:
        for offset in (3 << 20, 9 << 20):
            file.seek(offset)
            file.write(rng.randbytes(128 << 10))
        file.truncate(64 << 20)
    (root / "linked").write_text("one file")
    os.link(root / "linked", root / "also linked")
    os.mkfifo(root / "fifo")
    os.link(root / "fifo", root / "also fifo")
    (root / "symlink").symlink_to(b"\x8f\xc1\n")
    os.link(root / "symlink", root / "also symlink", follow_symlinks=False)
    os.mknod(root / "character", stat.S_IFCHR | 0o620, os.makedev(4, 300))
    os.mknod(root / "block", stat.S_IFBLK | 0o660, os.makedev(259, 70000))
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(root)
        listener.bind("socket")
        os.chdir(here)
    for mode in (0o000, 0o777, 0o4755, 0o2755, 0o1700):
        (root / f"mode {mode:o}").touch()
        (root / f"mode {mode:o}").chmod(mode)
    (root / "shared").mkdir()
    (root / "shared").chmod(0o3775)
    for name in ("attributes", "attributes of a folder/"):
        path = root / name
        path.mkdir() if name.endswith("/") else path.write_text(name)
        for key, value in (("user.empty", b""), ("user.\xe9", rng.randbytes(900)),
                           ("trusted.t", b"\0\xff"), ("security.azekura", b"label")):
            attempt(key.split(".")[0], lambda k=key, v=value, p=path: os.setxattr(p, k, v))
        subprocess.run(["setfacl", "-m", "u:3999999:r,g:77:rwx,m::rx", path], check=True)
    subprocess.run(["setfacl", "-d", "-m", "u:3999999:rx", root / "attributes of a folder"],
                   check=True)
    attempt("trusted", lambda: os.setxattr(root / "symlink", "trusted.t", b"l",
                                           follow_symlinks=False))
    (root / "capable").write_text("#!/bin/true")
    (root / "capable").chmod(0o755)
    os.setxattr(root / "capable", "security.capability", CAPABILITY)
    (root / "owned").touch()
    os.chown(root / "owned", 3_999_999, 3_999_998)
    os.symlink("nowhere", root / "owned link")
    os.chown(root / "owned link", 3_999_999, 1, follow_symlinks=False)
    for name, time in (("old", -7_123_456_789), ("new", 4_000_000_000_987_654_321),
                       ("symlink", 1_234_567_890_123_456_789)):
        if not (root / name).is_symlink():
            (root / name).touch()
        os.utime(root / name, ns=(0, time), follow_symlinks=False)
    for number, flags in enumerate((NODUMP, APPEND | NODUMP, IMMUTABLE, NOATIME, SYNC)):
        for path in (root / f"flags {number}", root / f"flags of a folder {number}"):
            path.touch() if number % 2 == 0 or "folder" not in path.name else path.mkdir()
            attempt("flags", lambda p=path, f=flags: set_flags(p, f))
    return refused


class Everything(Mounted):
    def check(self, kind):
        place = self.mount(kind)
        tree = place / "tree"
        refused = make_everything(tree, self.random)
        wanted = facts_of(tree)
        self.at_site("source", "add", "tree", tree)
        ended = self.backup()
        self.assertEqual(ended.errors, "")
        sockets = [one["path"] for one in self.azekura("find", "--json", *self.keyed()).objects()
                   if one["kind"] == "socket"]
        self.assertEqual(sockets, ["socket"])
        target = place / "restored"
        ended = self.azekura("restore", "latest", *self.keyed(), "--target", target, "--system",
                             "--json")
        self.assertEqual(ended.events("done")[0]["lost"], 0)
        found = facts_of(target)
        del wanted[b"./socket"]
        self.assert_same(found, wanted)
        self.assertGreater(len(found), 60)
        self.assert_what_was_made(wanted, refused)
        # An unchanged night takes it all from memory; it must be as whole.
        self.backup()
        target = place / "again"
        self.azekura("restore", "latest", *self.keyed(), "--target", target, "--system")
        self.assert_same(facts_of(target), wanted)

    def assert_what_was_made(self, facts, refused):
        """The test's own eyes: what it made is there to be compared."""
        self.assertIn(facts[b"./capable"]["attributes"]["security.capability"], (CAPABILITY,))
        self.assertIn("system.posix_acl_default", facts[b"./attributes of a folder"]["attributes"])
        self.assertEqual(facts[b"./sparse"]["size"], 64 << 20)
        self.assertLess(sum(end - start for start, end in facts[b"./sparse"]["stored"]), 1 << 20)
        self.assertEqual(facts[b"./also symlink"]["file"], facts[b"./symlink"]["file"])
        if "flags" not in refused:
            self.assertEqual(facts[b"./flags 2"]["flags"], IMMUTABLE)
        if "trusted" not in refused:
            self.assertEqual(facts[b"./symlink"]["attributes"]["trusted.t"], b"l")

    def test_on_ext4(self):
        self.check("ext4")

    def test_on_xfs(self):
        self.check("xfs")

    def test_on_tmpfs(self):
        self.check("tmpfs")


class Broken(Mounted):
    """What cannot be recorded whole is named, and costs nothing beside it."""

    def check(self, tree, flawed):
        whole = {path: facts[-1] for path, facts in state_of(tree).items()}
        self.at_site("source", "add", "tree", tree)
        ended = self.backup("--json", code=INCOMPLETE)
        snapshot, = ended.events("snapshot")
        self.assertEqual((snapshot["flawed"], snapshot["complete"]), (len(flawed), False))
        listed = self.azekura("find", "--flawed", "--json", *self.keyed()).objects()
        self.assertEqual([(one["path"], one["flaw"]) for one in listed],
                         [(path, "unreadable") for path in flawed])
        self.verify("--deep", "--key", self.key)
        target = self.home / "restored"
        ended = self.azekura("restore", "1/tree", *self.keyed(), "--target", target, "--json",
                             code=INCOMPLETE)
        self.assertEqual([one["path"] for one in ended.events("flawed")], flawed)
        self.assertEqual({path: facts[-1] for path, facts in state_of(target).items()}, whole)

    def test_more_attributes_than_linux_lists(self):
        tree = self.mount("xfs") / "tree"
        tree.mkdir()
        for name in ("many", "more"):
            (tree / name).write_text(name)
        for number in range(300):
            os.setxattr(tree / "many", f"user.{number:0240}", b"")
        self.check(tree, ["many"])

    def test_times_that_cannot_be(self):
        """1,073,741,823 nanoseconds, as a flipped bit leaves them on ext4."""
        if shutil.which("debugfs") is None:
            self.skipTest("there is no debugfs")
        place = self.mount("ext4")
        tree = place / "tree"
        (tree / "folder").mkdir(parents=True)
        for path in (tree / "file", tree / "folder" / "inside", tree / "good"):
            path.write_text(path.name)
        subprocess.run(["umount", place], check=True)
        for path in ("file", "folder"):
            subprocess.run(["debugfs", "-w", "-R", f"set_inode_field /tree/{path} mtime_extra "
                            "0xfffffffc", self.home / "ext4.image"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["mount", "-o", "loop", self.home / "ext4.image", place], check=True)
        self.check(tree, ["file", "folder"])


if __name__ == "__main__":
    main()
