#!/usr/bin/python3
"""Verification that goes on over many nights: what was checked when is kept on the verifying side,
what was found whole longest ago goes first, and a run that ended early is resumed."""
import fcntl
import re

from azekura_case import (BUSY, DAMAGE, DONE, SYSTEM, USAGE, AzekuraCase, change_tree, main)

ALL_WHOLE = "every byte and every signature is as it was written\n"
PART_WHOLE = "what was read is as it was written; the rest is yet to be read\n"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Verified(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.backup()
        change_tree(self.tree, self.random)
        self.backup()
        self.files = {str(path.relative_to(self.medium))
                      for folder in ("packs", "parity")
                      for path in (self.medium / folder).rglob("*") if path.is_file()}
        self.folder = self.home / "state" / "azekura-verify"

    def history(self):
        (path,) = self.folder.iterdir()
        return path

    def lines(self):
        """The fields of each line but its time, which is checked."""
        lines = [line.split("\t") for line in self.history().read_text().splitlines()]
        for line in lines:
            self.assertRegex(line[0], TIME)
        return [line[1:] for line in lines]

    def checked(self):
        """Names in the order of the last run."""
        lines = self.lines()
        begun = max(number for number, line in enumerate(lines) if line[0] in ("begun", "resumed"))
        return [line[1] for line in lines[begun:] if line[0] not in ("begun", "resumed", "ended")]

    def rewrite(self, change):
        """Replaces the lines of the history by what `change` makes of them."""
        lines = self.history().read_text().splitlines(keepends=True)
        self.history().write_text("".join(change(lines)))

    def report(self, *arguments, code=DONE):
        (one,) = self.verify("--json", *arguments, code=code).events("verified")
        return one


class History(Verified):
    def test_every_file_of_every_run_is_in_it(self):
        self.assertIn(ALL_WHOLE, self.verify().text)
        lines = self.lines()
        self.assertEqual([lines[0][0], *lines[-1]], ["begun", "ended", "0 files left"])
        self.assertRegex(lines[0][1], r"\d+:\d+$")
        self.assertEqual({line[1] for line in lines[1:-1]}, self.files)
        for line in lines[1:-1]:
            self.assertEqual([line[0], len(line[2])], ["whole", 12], line)
        self.verify()
        self.assertEqual(len(self.lines()), 2 * len(lines))
        self.assertEqual(self.history().stat().st_mode & 0o077, 0)

    def test_what_was_whole_longest_ago_goes_first(self):
        self.verify()

        def change(lines):
            first, *files, last = lines
            self.random.shuffle(files)
            self.never = files.pop().split("\t")[2]
            self.wanted = [self.never, *(line.split("\t")[2] for line in files)]
            return [first, *files, last]
        self.rewrite(change)
        self.verify()
        self.assertEqual(self.checked(), self.wanted)

    def test_what_was_damaged_is_in_it_and_counts_as_not_seen(self):
        self.verify()
        pack = sorted(self.medium.glob("packs/*/*"))[0]
        name = str(pack.relative_to(self.medium))
        kept = pack.read_bytes()
        pack.write_bytes(kept[:100] + bytes([kept[100] ^ 1]) + kept[101:])
        self.assertEqual(self.report(code=4)["repairable"], 1)
        (line,) = [line for line in self.lines() if line[0] == "repairable"]
        self.assertEqual(line[1], name)
        self.assertIn("1 of ", line[3])
        pack.write_bytes(kept)
        self.verify()
        self.assertEqual(self.checked()[0], name)

    def test_another_root_was_never_checked(self):
        self.verify()
        self.rewrite(lambda lines: [re.sub(r"\t[0-9a-f]{12}$", "\t" + "0" * 12, line)
                                    for line in lines])
        report = self.report("--for", "0s")
        self.assertEqual([report["never"], report["files_left"]], [len(self.files)] * 2)

    def test_long_ago_is_overdue(self):
        self.verify()
        self.rewrite(lambda lines: [TIME.sub("2020-02-03T04:05:06Z", line)
                                    if number < 3 else line for number, line in enumerate(lines)])
        ended = self.verify("--for", "0s")
        self.assertIn("azekura: warning: 2 files are overdue: not found whole for more than 90 "
                      "days, the oldest since 2020-02-03 04:05:06\n", ended.errors)
        self.assertEqual(self.report("--for", "0s")["overdue"], 2)
        self.verify()
        report = self.report("--for", "0s")
        self.assertEqual([report["overdue"], report["never"]], [0, 0])

    def test_lines_that_mean_nothing_are_passed_over(self):
        self.verify()
        self.rewrite(lambda lines: [*lines, "nonsense\n", "\t\t\t\n", "x\twhole\tpacks\n", "\n",
                                    "2026-11-22T00:00:00Z\twhole\tpacks/00/000"])
        self.assertEqual(self.report()["files_now"], len(self.files))
        self.assertTrue(self.history().read_text().endswith("ended\t0 files left\n"))

    def test_two_runs_at_once(self):
        self.verify()
        with open(self.history(), "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.assert_fails(BUSY, f'another run verifies this medium: it holds "{self.history()}"',
                              "verify", "--from", self.medium, hint="wait until it ends")

    def test_a_folder_that_cannot_be(self):
        nowhere = "/proc/nowhere"
        self.environment["XDG_STATE_HOME"] = nowhere
        ended = self.verify()
        self.assertIn(ALL_WHOLE, ended.text)
        self.assertIn("azekura: warning: no history of this verification is kept: ", ended.errors)
        self.azekura("verify", "--from", self.medium, "--history", nowhere, code=SYSTEM)
        self.azekura("verify", "--from", self.medium, "--resume", code=SYSTEM)

    def test_a_folder_of_ones_own(self):
        wanted = self.home / "own" / "histories"
        report = self.report("--history", wanted)
        (path,) = wanted.iterdir()
        self.assertEqual(report["history"], str(path))
        self.assertFalse(self.folder.exists())

    def test_media_have_their_own(self):
        other = self.add_set("weekly")
        self.backup("--to", "weekly")
        self.verify()
        self.verify(medium=other)
        self.assertEqual(len(list(self.folder.iterdir())), 2)


class Boxed(Verified):
    def test_no_time_at_all(self):
        ended = self.verify("--for", "0s")
        self.assertIn(PART_WHOLE, ended.text)
        self.assertIn(f"left       {len(self.files)} files; --resume goes on with them\n", ended.text)
        self.assertEqual(self.checked(), [])
        report = self.report("--for", "0s")
        self.assertEqual([report[name] for name in ("files", "files_now", "files_left", "never")],
                         [len(self.files), 0, len(self.files), len(self.files)])

    def test_time_enough(self):
        for time in ("2h", "30m", "90s", "1d"):
            self.assertIn(ALL_WHOLE, self.verify("--for", time).text)

    def test_times_that_are_none(self):
        for time in ("2", "2 weeks", "-1h", "soon"):
            self.verify("--for", time, code=USAGE)

    def test_damage_of_metadata_is_found_in_no_time(self):
        (self.medium / "sessions" / "000001" / "manifest").write_bytes(b"")
        self.verify("--for", "0s", code=4)


class Resumed(Verified):
    def end_early(self, files):
        """As a kill leaves it: so many files, and a line that is cut off."""
        self.rewrite(lambda lines: [*lines[:files + 1], lines[files + 1][:-5]])

    def test_only_the_rest_is_read(self):
        self.verify()
        order = self.checked()
        self.end_early(3)
        ended = self.verify("--resume")
        self.assertIn("before     3 files, found whole by the run that this one resumed\n",
                      ended.text)
        self.assertIn(ALL_WHOLE, ended.text)
        self.assertEqual(set(self.checked()), set(order[3:]))
        self.assertEqual([line[0] for line in self.lines()].count("resumed"), 1)
        # And once more there is nothing left.
        report = self.report("--resume")
        self.assertEqual([report["files_before"], report["files_now"]], [len(self.files), 0])

    def test_without_resume_all_is_read(self):
        self.verify()
        self.end_early(3)
        self.verify()
        self.assertEqual(set(self.checked()), self.files)

    def test_what_was_damaged_is_looked_at_again(self):
        for pack in self.medium.glob("packs/*/*"):
            pack.write_bytes(bytes(pack.stat().st_size))
        self.verify(code=DAMAGE)
        self.assertEqual(self.report("--resume", code=DAMAGE)["files_before"],
                         len(self.files) - len(list(self.medium.glob("packs/*/*"))))

    def test_nothing_to_resume(self):
        report = self.report("--resume")
        self.assertEqual([report["files_before"], report["files_now"]], [0, len(self.files)])


main()
