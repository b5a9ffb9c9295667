#!/usr/bin/python3
"""Standard output that takes nothing: results are missed, deeds stay done."""
import os
import subprocess

from azekura_case import DONE, SECONDS_MAX, SPACE, SYSTEM, AzekuraCase, Ended, main, state_of

FULL = "cannot write the results to standard output: No space left on device"
BROKEN = "cannot write the results to standard output: Broken pipe"


class Output(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.add_command("ehr", "printf 'patients\\n'")

    def run_into(self, stdout, arguments, code):
        command = [os.fspath(one) for one in (self.azekura_program, *arguments)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, cwd=self.home, env=self.environment,
                              timeout=SECONDS_MAX, check=False)
        ended = Ended(command, done.returncode, b"", done.stderr)
        self.assertEqual(ended.code, code, ended)
        return ended.errors

    def into_full(self, *arguments, code):
        with open("/dev/full", "wb") as full:
            return self.run_into(full, arguments, code)

    def into_closed_pipe(self, *arguments, code):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            return self.run_into(pipe, arguments, code)

    def test_a_sealed_session_stays_sealed(self):
        for json in ([], ["--json"]):
            errors = self.into_full("-s", self.site, "backup", "--to", "daily", *json, code=DONE)
            self.assertEqual(errors, f"azekura: warning: {FULL}; what they report is done\n")
        self.assertEqual(sorted(self.snapshots()), ["1/ehr", "1/tree", "2/ehr", "2/tree"])
        errors = self.into_closed_pipe("-s", self.site, "backup", "--for", "daily", code=DONE)
        self.assertEqual(errors, f"azekura: warning: {BROKEN}; what they report is done\n")
        self.into_full("-s", self.site, "write", "daily", code=DONE)
        self.assert_all_restore({"3/tree": state_of(self.tree)})

    def test_a_restored_tree_is_restored(self):
        self.backup()
        target = self.home / "target"
        errors = self.into_full("restore", "latest/tree", *self.keyed(), "--target", target,
                                code=DONE)
        self.assertIn("what they report is done", errors)
        self.assert_same(state_of(target), state_of(self.tree))

    def test_what_was_added_stays_added(self):
        for arguments in (("source", "add", "more", self.tree),
                          ("set", "add", "weekly", "--folder", self.home / "weekly"),
                          ("catalogue", "rebuild", "daily")):
            self.backup()
            with self.subTest(arguments):
                self.assertIn("what they report is done",
                              self.into_full("-s", self.site, *arguments, code=DONE))
        self.backup("--to", "weekly")
        self.assertIn("1/more", self.snapshots(medium=self.home / "weekly"))

    def test_results_that_cannot_be_written_are_an_error(self):
        self.backup()
        for arguments in (("list", *self.keyed()), ("ls", "latest/tree", *self.keyed(), "--json"),
                          ("verify", "--from", self.medium), ("version",)):
            with self.subTest(arguments):
                self.assertEqual(self.into_full(*arguments, code=SPACE),
                                 f"azekura: error: {FULL}\n")
                self.assertEqual(self.into_closed_pipe(*arguments, code=SYSTEM),
                                 f"azekura: error: {BROKEN}\n")

    def test_bytes_of_a_file_that_cannot_be_written_are_an_error(self):
        self.backup()
        for arguments in (("cat", "latest/ehr"), ("restore", "latest/ehr", "--stdout")):
            with self.subTest(arguments):
                self.assertRegex(self.into_full(*arguments, *self.keyed(), code=SPACE),
                                 '^azekura: error: cannot write .*"standard output": No space')
                self.assertRegex(self.into_closed_pipe(*arguments, *self.keyed(), code=SYSTEM),
                                 '^azekura: error: cannot write .*"standard output": Broken pipe')

    def test_what_is_wrong_goes_before_what_was_not_said(self):
        self.backup()
        pack = max(self.medium.glob("packs/*/*"), key=lambda path: path.stat().st_size)
        data = bytearray(pack.read_bytes())
        data[len(data) // 2] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(data)
        self.assertIn(f"azekura: warning: {FULL}",
                      self.into_full("verify", "--from", self.medium, code=4))


if __name__ == "__main__":
    main()
