#!/usr/bin/python3
"""restore --resume: what a killed run left is gone on from, exactly, and believed only if proven."""
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from azekura_case import (BUSY, DONE, SECONDS_MAX, USAGE, AzekuraCase, Started, main, state_of)

FILES = 200
MOST = FILES * 3 // 4
SOME = FILES // 4
TAG_BYTES = 16


class Resume(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_site()
        self.medium = self.add_set()
        self.tree = self.home / "tree"
        self.tree.mkdir()
        # It comes first and is most of all bytes: of the others, few blocks at a time, any may be
        # unfinished after a kill.
        (self.tree / "file").write_bytes(self.random.randbytes(FILES * 80_000))
        for number in range(FILES):
            folder = self.tree / f"ward{number % 7}" / f"room{number % 3}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"file{number}").write_bytes(self.random.randbytes(20_000))
        (self.tree / "ward0" / "link").symlink_to("file0")
        os.mkfifo(self.tree / "ward0" / "pipe")
        os.link(self.tree / "ward1" / "room1" / "file1", self.tree / "ward2" / "same")
        (self.tree / "ward3").chmod(0o555)
        self.at_site("source", "add", "tree", self.tree)
        self.backup()
        self.wanted = state_of(self.tree)
        self.target = self.home / "target"

    def journal(self):
        return next(self.target.glob(".azekura-resume-*"), None)

    def command(self, *options, snapshot="latest/tree"):
        return [self.azekura_program, "restore", snapshot, *self.keyed(), "--target", self.target,
                *options]

    def kill_after(self, records, *options):
        """Kills a run when its journal has so many records; false if it ended before."""
        run = Started(self, self.command(*options))
        until = time.monotonic() + SECONDS_MAX
        while run.process.poll() is None and time.monotonic() < until:
            journal = self.journal()
            try:
                if journal and journal.stat().st_size >= records * TAG_BYTES:
                    run.process.kill()
                    break
            except FileNotFoundError:  # it has just ended
                pass
        run.wait()
        return self.journal() is not None

    def resume(self, *options):
        """Goes on until the end; the target must then be what was backed up."""
        ended = self.run_program(self.command("--resume", "--json", *options))
        self.assert_same(state_of(self.target), self.wanted)
        return ended

    def interrupt(self, records):
        while not self.kill_after(records):
            shutil.rmtree(self.target)

    def test_kills_at_any_moment(self):
        for _ in range(6):
            shutil.rmtree(self.target, ignore_errors=True)
            records = self.random.randrange(1, FILES)
            if not self.kill_after(records):
                continue
            size = self.journal().stat().st_size // TAG_BYTES
            while self.kill_after(size + self.random.randrange(1, SOME), "--resume"):
                size = self.journal().stat().st_size // TAG_BYTES
            self.assert_same(state_of(self.target), self.wanted)

    def test_finished_files_are_kept(self):
        self.interrupt(MOST)
        inodes = {path: path.stat().st_ino for path in self.target.rglob("file*")}
        kept = self.resume().events("restored")[0]["kept"]
        self.assertGreater(kept, FILES // 2)
        same = sum(path.stat().st_ino == inode for path, inode in inodes.items())
        self.assertGreaterEqual(same, kept)

    def test_packs_of_finished_files_are_not_read_again(self):
        if shutil.which("strace") is None:
            raise unittest.SkipTest("there is no strace")
        fresh = self.bytes_read(self.command())
        self.assert_same(state_of(self.target), self.wanted)
        shutil.rmtree(self.target)
        self.interrupt(FILES - 10)
        resumed = self.bytes_read(self.command("--resume"))
        self.assert_same(state_of(self.target), self.wanted)
        self.assertGreater(fresh, FILES * 100_000)
        self.assertLess(resumed, fresh / 3)

    def bytes_read(self, command):
        """Bytes a run reads of packs."""
        with tempfile.TemporaryDirectory(dir=self.home) as logs:
            # A log for each thread: in one for all, calls at the same time are torn in two. Leaks
            # are the other tests' to find: a sanitizer cannot look for them under strace.
            environment = {**self.environment, "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=0"}
            subprocess.run(["strace", "-ff", "-y", "-e", "trace=read,pread64,preadv",
                            "-o", f"{logs}/strace", *command], check=True, env=environment,
                           stdout=subprocess.DEVNULL, timeout=SECONDS_MAX)
            return sum(int(found.group(1)) for log in pathlib.Path(logs).iterdir() for found in
                       re.finditer(r"/packs/.*= (\d+)$", log.read_text(), re.MULTILINE))

    def test_what_was_changed_meanwhile_is_made_anew(self):
        self.interrupt(MOST)
        files = sorted(self.target.rglob("file*"))
        changed, touched, removed, replaced = self.random.sample(files, 4)
        before = changed.stat()
        data = bytearray(changed.read_bytes())
        data[0] ^= 1
        changed.write_bytes(data)
        os.utime(changed, ns=(before.st_mtime_ns, before.st_mtime_ns))
        touched.write_bytes(b"theirs")
        removed.unlink()
        replaced.unlink()
        replaced.symlink_to(self.key)
        ended = self.run_program(self.command("--resume"))
        for path in (touched, replaced):
            aside = path.with_name(path.name + ".aside")
            self.assertIn(f'it is now "{aside.name}"', ended.errors)
            aside.unlink()
        found, wanted = state_of(self.target), dict(self.wanted)
        for path in (touched.parent, replaced.parent):  # its time changed with the unlink here
            del found[os.path.relpath(path, self.target).encode()]
            del wanted[os.path.relpath(path, self.target).encode()]
        self.assert_same(found, wanted)

    def test_strangers_stay_and_are_told(self):
        self.interrupt(SOME)
        (self.target / "theirs").write_text("kept")
        ended = self.run_program(self.command("--resume"))
        self.assertIn('"." has 1 more entries than the restore made; they stay', ended.errors)
        self.assertEqual((self.target / "theirs").read_text(), "kept")

    def test_a_forged_journal_proves_nothing(self):
        self.interrupt(MOST)
        journal = self.journal()
        evil = sorted(self.target.rglob("file*"))[0]
        info = evil.stat()
        evil.write_bytes(b"x" * info.st_size)
        os.utime(evil, ns=(info.st_mtime_ns, info.st_mtime_ns))
        real = journal.read_bytes()
        journal.write_bytes(real + self.random.randbytes(50_000))
        self.resume()
        # Without its first record nothing of it counts, and what it had noted goes aside.
        shutil.rmtree(self.target)
        self.interrupt(MOST)
        self.journal().write_bytes(self.random.randbytes(50_000) + real)
        self.run_program(self.command("--resume"))
        found = state_of(self.target)
        for name, state in self.wanted.items():
            self.assertEqual(found[name][5], state[5])

    def test_a_planted_journal_is_not_followed(self):
        self.interrupt(SOME)
        journal = self.journal()
        outside = self.home / "outside"
        outside.write_bytes(b"mine")
        for plant in (lambda: journal.symlink_to(outside), lambda: os.link(outside, journal),
                      lambda: os.mkfifo(journal), journal.mkdir):
            if journal.is_dir():
                journal.rmdir()
            else:
                journal.unlink()
            plant()
            ended = self.run_program(self.command("--resume"), code=None)
            self.assertIn(ended.code, (2, 3), ended)
            self.assertEqual(outside.read_bytes(), b"mine")

    def test_a_planted_folder_of_a_source_is_not_followed(self):
        self.add_command("ehr", "printf 'patients\\n'")
        self.backup()
        run = self.command(snapshot="2")
        self.run_program(run)
        shutil.rmtree(self.target)
        outside = self.home / "outside"
        outside.mkdir()
        # As an interrupted run would have left it: a journal, and the folder swapped.
        started = Started(self, run)
        until = time.monotonic() + SECONDS_MAX
        while started.process.poll() is None and time.monotonic() < until:
            if (self.target / "tree").exists():
                started.process.kill()
                break
        started.wait()
        if self.journal() is None:
            self.skipTest("the run was faster")
        (self.target / "tree").rename(self.target / "away")
        (self.target / "tree").symlink_to(outside)
        ended = self.run_program([*run, "--resume"], code=None)
        self.assertNotEqual(ended.code, DONE)
        self.assertEqual(os.listdir(outside), [])

    def test_another_restore_does_not_go_on_here(self):
        self.interrupt(SOME)
        before = state_of(self.target)
        for options in (["--resume", "--system"], ["--resume", "--path", "ward0"]):
            ended = self.run_program(self.command(*options), code=USAGE)
            self.assertIn("no interrupted run of this very restore is in it", ended.errors)
        ended = self.run_program(self.command(), code=USAGE)
        self.assertIn("was interrupted here: go on with --resume", ended.errors)
        self.assert_same(state_of(self.target), before)

    def test_into_a_target_that_is_empty_or_absent(self):
        self.assertEqual(self.resume().events("restored")[0]["kept"], 0)
        self.assertIsNone(self.journal())

    def test_two_runs_at_once(self):
        self.interrupt(SOME)
        with open(self.journal(), "rb") as journal:
            fcntl.flock(journal, fcntl.LOCK_EX)
            ended = self.run_program(self.command("--resume"), code=BUSY)
        self.assertIn("another run restores into", ended.errors)
        self.resume()


if __name__ == "__main__":
    main()
