#!/usr/bin/python3
"""What reads a medium is confined before it opens the first file of it, and works as before."""
import os
import pathlib
import re
import shutil
import stat

from azekura_case import AzekuraCase, main, state_of

TRACED = "seccomp,landlock_add_rule,landlock_restrict_self,open,openat,openat2,clone,clone3"
FILTER_LOADED = re.compile(r"\bseccomp\(SECCOMP_SET_MODE_FILTER, .* = 0$")
WRITES_RESTRICTED = re.compile(r"\blandlock_restrict_self\(.* = 0$")
THREAD_BEGUN = re.compile(r"\bclone3?\(")
FOLDER_ALLOWED = re.compile(r"\blandlock_add_rule\(.*parent_fd=\d+<([^>]*)>")
NO_SUCH_THINGS = ("-e", "inject=seccomp,prctl:error=EPERM",
                  "-e", "inject=landlock_create_ruleset:error=EOPNOTSUPP")


class Confined(AzekuraCase):
    def setUp(self):
        super().setUp()
        if shutil.which("strace") is None:
            self.skipTest("there is no strace")
        self.make_hospital()
        self.backup()

    def strace(self, program, *arguments, options=("-e", "trace=" + TRACED)):
        """Runs a program under strace; returns the log's lines and how it ended."""
        log = self.home / "trace"
        # A sanitizer cannot look for leaks under strace.
        environment = {**self.environment, "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=0"}
        ended = self.run_program(["strace", "-f", "-qq", "-y", "-o", log, *options, program,
                                  *arguments], env=environment)
        return log.read_text(errors="replace").splitlines(), ended

    def need(self, *means):
        version, = self.azekura("version", "--json").objects()
        for one in means:
            if not version[one]:
                self.skipTest(f"there is no {one} here")

    def commands(self):
        keyed = self.keyed()
        return [["verify", "--from", self.medium], ["verify", "--deep", *keyed],
                ["verify", "--against", f"tree={self.tree}", "--all", *keyed],
                ["list", *keyed], ["ls", "latest/tree", *keyed], ["find", "*.sql", *keyed],
                ["cat", "latest/tree", "table.sql", *keyed], ["du", "latest/tree", *keyed],
                ["diff", "1/tree", "1/tree", *keyed],
                ["restore", "latest", *keyed, "--target", self.home / "new"],
                ["restore", "latest", *keyed, "--dry-run"],
                ["restore", "latest", *keyed, "--stdout", "--path", "note.txt"]]


class Order(Confined):
    def assert_confined_first(self, log, pattern):
        confined = next(i for i, line in enumerate(log) if pattern.search(line))
        touched = next(i for i, line in enumerate(log) if str(self.medium) in line)
        begun = next((i for i, line in enumerate(log) if THREAD_BEGUN.search(line)), len(log))
        self.assertLess(confined, min(touched, begun), "\n".join(log[:touched + 1]))

    def test_before_the_medium_and_the_first_thread(self):
        self.need("seccomp", "landlock")
        for program in (self.azekura_program, self.restore_program):
            for command in self.commands():
                with self.subTest(program=program, command=command):
                    shutil.rmtree(self.home / "new", ignore_errors=True)
                    log, _ended = self.strace(program, *command)
                    self.assert_confined_first(log, FILTER_LOADED)
                    self.assert_confined_first(log, WRITES_RESTRICTED)

    def allowed(self, *arguments):
        log, _ended = self.strace(self.azekura_program, *arguments, *self.keyed())
        return [pathlib.Path(found.group(1)) for found in map(FOLDER_ALLOWED.search, log) if found]

    def test_only_a_restore_may_write_and_only_beneath_its_target(self):
        self.need("landlock")
        self.assertEqual(self.allowed("verify"), [self.home / "state" / "azekura-verify"])
        for command in (["list"], ["cat", "latest/tree", "note.txt"],
                        ["restore", "latest", "--dry-run", "--target", self.home / "new"]):
            self.assertEqual(self.allowed(*command), [], command)
        target = self.home / "new"
        restore = ["restore", "latest", "--target", target]
        self.assertEqual(self.allowed(*restore), [self.home, target])
        self.assert_same(state_of(target), state_of(self.tree))
        target = self.home / "empty"
        target.mkdir()
        restore = ["restore", "latest", "--target", target]
        self.assertEqual(self.allowed(*restore), [target, target])
        self.assert_same(state_of(target), state_of(self.tree))


class Restores(Confined):
    def test_a_system_into_a_new_target(self):
        null = self.tree / "ward" / "null"
        try:
            os.mknod(null, stat.S_IFCHR | 0o600, os.makedev(1, 3))
        except PermissionError:
            self.skipTest("only root may make devices")
        os.link(null, self.tree / "null too")
        (self.tree / "note.txt").chmod(0o4711)
        self.backup()
        target = self.home / "new"
        self.azekura("restore", "latest", *self.keyed(), "--system", "--target", target)
        self.assert_same(state_of(target), state_of(self.tree))
        self.assertEqual((target / "ward" / "null").stat().st_rdev, os.makedev(1, 3))


class Without(Confined):
    """Neither seccomp nor Landlock: an old kernel, or a container that keeps them back."""

    def outcome(self, *command):
        shutil.rmtree(self.home / "new", ignore_errors=True)
        options = ("-e", "trace=seccomp,prctl,landlock_create_ruleset", *NO_SUCH_THINGS)
        log, ended = self.strace(self.azekura_program, *command, options=options)
        self.assertTrue(any("landlock_create_ruleset" in line and "INJECTED" in line
                            for line in log), log)
        self.assertTrue(any("seccomp(" in line and "INJECTED" in line for line in log), log)
        return ended

    def test_version_says_so(self):
        self.assertEqual(self.outcome("version").text.splitlines()[1], "reads media confined: no")
        version, = self.outcome("version", "--json").objects()
        self.assertEqual((version["seccomp"], version["landlock"]), (False, 0))

    def test_every_command_works(self):
        for command in self.commands():
            with self.subTest(command=command):
                self.assertEqual(self.outcome(*command).errors, "")
        self.outcome("restore", "latest", *self.keyed(), "--target", self.home / "new")
        self.assert_same(state_of(self.home / "new"), state_of(self.tree))


if __name__ == "__main__":
    main()
