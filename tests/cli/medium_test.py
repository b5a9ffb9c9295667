#!/usr/bin/python3
"""Media that are missing, wrong, older than they were, forked, damaged or not writable."""
import os
import shutil
import unittest

from azekura_case import (AUTHENTICITY, DAMAGE, MEDIUM, REPAIRED, AzekuraCase, change_tree,
                          in_own_mounts, main, state_of)


class MediumCase(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()

    def assert_refused(self, code, fact, hint, set_name="daily"):
        """A backup is refused; every file of the medium stays as it is, what was captured waits."""
        folder = self.home / f"medium-{set_name}"
        before = contents_of(folder)
        ended = self.backup("--to", set_name, code=code)
        self.assertEqual(ended.errors, f"azekura: error: {fact}\n" +
                         (f"azekura: hint: {hint}\n" if hint else ""))
        self.assertEqual(contents_of(folder), before)
        self.assertRegex(ended.text, r"^\d+/tree ")
        return ended

    def waiting(self, set_name="daily"):
        sets = self.at_site("status", "--json").events("set")
        return next(one["waiting_sessions"] for one in sets if one["name"] == set_name)


def contents_of(folder):
    return {path: (path.read_bytes() if path.is_file() else None)
            for path in folder.rglob("*")} if folder.exists() else None


class Failing(MediumCase):
    @unittest.skipIf(shutil.which("strace") is None, "there is no strace")
    def test_a_device_that_does_not_say_what_is_there(self):
        """It fails, for the writer; it is not the damage of a file."""
        wanted = state_of(self.tree)
        self.backup("--for", "daily")
        for name in ("parity/000001/0", "packs/00/00000001"):
            ended = self.run_program(
                ["strace", "-f", "-qq", "-o", self.home / "trace", "-P", name, "-e",
                 "trace=openat2", "-e", "inject=openat2:error=EIO:when=1", self.azekura_program,
                 "-s", self.site, "write", "daily"], code=MEDIUM)
            self.assertIn("error: AZK-M10: ", ended.errors)
            self.assertEqual(self.waiting(), 1)
        self.at_site("write", "daily")
        self.assert_all_restore({"1/tree": wanted})


class Missing(MediumCase):
    def test_what_was_captured_waits(self):
        first = state_of(self.tree)
        away = self.home / "away"
        self.medium.rename(away)
        ended = self.backup(code=MEDIUM)
        self.assertEqual(
            ended.errors,
            f'azekura: error: medium "{self.medium}" is not there: cannot open it: No such file or '
            "directory\nazekura: hint: attach the medium, or check its folder with "
            "'azekura status'\n")
        self.assertRegex(ended.text, r"\A1/tree [^\n]*\n\Z")
        self.assertFalse(self.medium.exists())
        self.assertEqual(self.waiting(), 1)
        change_tree(self.tree, self.random)
        self.backup(code=MEDIUM)
        self.at_site("write", "daily", code=MEDIUM)
        self.assertEqual(self.waiting(), 2)
        away.rename(self.medium)
        written, = self.at_site("write", "daily", "--json").events("written")
        self.assertEqual(written["sessions"], 2)
        self.assert_all_restore({"1/tree": first, "2/tree": state_of(self.tree)})

    def test_an_empty_mount_point_is_no_medium(self):
        """Nothing may be written to what lies under a mount point."""
        self.backup()
        away = self.home / "away"
        self.medium.rename(away)
        self.medium.mkdir()
        self.assert_refused(MEDIUM, f'"{self.medium}" is not an azekura medium',
                            "name the folder that holds README.txt and label")
        self.medium.rmdir()
        away.rename(self.medium)
        self.at_site("write", "daily")
        self.assert_restores("2/tree", state_of(self.tree))

    def test_a_medium_that_cannot_be_written(self):
        self.backup()
        read_only = in_own_mounts(f"mount --bind '{self.medium}' '{self.medium}'",
                                  f"mount -o remount,bind,ro '{self.medium}'")
        ended = self.run_program([*read_only, self.azekura_program, "-s", self.site, "backup",
                                  "--to", "daily"], MEDIUM)
        self.assertEqual(ended.errors,
                         f'azekura: error: medium "{self.medium}" cannot be written: cannot '
                         "write to it: Read-only file system\n")
        self.at_site("write", "daily")
        self.assert_restores("2/tree", state_of(self.tree))

    def test_reading_commands_need_it_too(self):
        for command in (["verify", "--from", self.home / "none"],
                        ["list", *self.keyed(self.home / "none")],
                        ["restore", "latest", *self.keyed(self.home / "none"), "--target",
                         self.home / "restored"]):
            self.assert_fails(MEDIUM, f'medium "{self.home}/none" is not there: cannot open it: '
                              "No such file or directory", *command, out="",
                              hint="attach the medium, or check its folder with 'azekura status'")
            self.assertFalse((self.home / "restored").exists())


class Wrong(MediumCase):
    def exchange(self, one, other):
        spare = self.home / "spare"
        one.rename(spare)
        other.rename(one)
        spare.rename(other)

    def assert_other_set(self):
        self.assert_refused(MEDIUM, f'AZK-M01: medium "{self.medium}" belongs to another set',
                            "fetch the medium of the set 'daily'")

    def test_another_set_s_fresh_medium(self):
        weekly = self.add_set("weekly")
        self.exchange(self.medium, weekly)
        self.assert_other_set()

    def test_another_set_s_medium_before_the_first_night(self):
        weekly = self.add_set("weekly")
        self.backup("--to", "weekly")
        self.exchange(self.medium, weekly)
        self.assert_other_set()

    def test_another_set_s_medium_behind_this_set(self):
        weekly = self.add_set("weekly")
        self.backup("--to", "weekly")
        self.backup()
        self.backup()
        self.exchange(self.medium, weekly)
        self.assert_other_set()
        self.exchange(self.medium, weekly)
        self.at_site("write", "daily")
        self.assert_all_restore({"3/tree": state_of(self.tree)})

    def test_another_set_s_medium_level_with_this_set(self):
        weekly = self.add_set("weekly")
        self.backup("--to", "weekly")
        self.backup()
        self.exchange(self.medium, weekly)
        self.assert_other_set()

    def test_another_set_s_medium_ahead_of_this_set(self):
        weekly = self.add_set("weekly")
        self.backup("--to", "weekly")
        self.backup("--to", "weekly")
        self.backup()
        self.exchange(self.medium, weekly)
        self.assert_other_set()

    def check_another_site_s_medium(self, nights):
        other = self.home / "other"
        self.azekura("init", other, "--kit", self.home / "other-kit")
        shutil.rmtree(self.home / "other-kit")
        theirs = self.home / "theirs"
        self.azekura("-s", other, "set", "add", "daily", "--folder", theirs)
        self.azekura("-s", other, "source", "add", "tree", self.tree)
        for _ in range(nights):
            self.azekura("-s", other, "backup", "--to", "daily")
        self.backup()
        self.exchange(self.medium, theirs)
        before = contents_of(self.medium)
        ended = self.backup(code=MEDIUM)
        self.assertTrue(ended.errors.startswith(
            f'azekura: error: AZK-M03: medium "{self.medium}" belongs to another site'), ended)
        self.assertEqual(contents_of(self.medium), before)
        self.exchange(self.medium, theirs)
        self.at_site("write", "daily")
        self.assert_all_restore({"2/tree": state_of(self.tree)})

    def test_another_site_s_fresh_medium(self):
        self.check_another_site_s_medium(nights=0)

    def test_another_site_s_medium(self):
        self.check_another_site_s_medium(nights=1)


class Older(MediumCase):
    def setUp(self):
        super().setUp()
        self.first = state_of(self.tree)
        self.backup()
        self.older = self.home / "older"
        shutil.copytree(self.medium, self.older)
        change_tree(self.tree, self.random)

    def put_back(self, copy):
        shutil.rmtree(self.medium)
        shutil.copytree(copy, self.medium)

    def test_an_older_copy_is_refused_and_not_written(self):
        self.backup()
        second = state_of(self.tree)
        newer = self.home / "newer"
        shutil.copytree(self.medium, newer)
        self.put_back(self.older)
        self.assert_refused(
            AUTHENTICITY, f'AZK-M05: medium "{self.medium}" ends with session 1, the catalogue knows '
            "session 2: an older copy, or not the medium of this set",
            "fetch the medium that was written last; keep this one, unwritten, as evidence")
        before = contents_of(self.medium)
        self.at_site("write", "daily", code=AUTHENTICITY)
        self.assertEqual(contents_of(self.medium), before)
        self.put_back(newer)
        self.backup()
        self.assert_all_restore({"1/tree": self.first, "2/tree": second,
                                 "latest": state_of(self.tree)})

    def test_a_catalogue_is_not_rebuilt_from_an_older_copy(self):
        """It would forget what the host knows, and write over it when the newer one is back."""
        self.backup()
        second = state_of(self.tree)
        newer = self.home / "newer"
        shutil.copytree(self.medium, newer)
        self.put_back(self.older)
        self.backup(code=AUTHENTICITY)
        rebuilt = self.at_site("catalogue", "rebuild", "daily", code=None)
        self.put_back(newer)
        self.backup(code=None)
        self.assert_all_restore({"1/tree": self.first, "2/tree": second,
                                 "latest": state_of(self.tree)})
        self.assertEqual(rebuilt.code, AUTHENTICITY, rebuilt)

    def test_an_emptied_medium_is_refused(self):
        """Its label, and no session: the sessions were removed."""
        for folder in ("sessions", "sessions-2", "sessions-3", "packs"):
            shutil.rmtree(self.medium / folder)
        self.assert_refused(
            AUTHENTICITY, f'AZK-M05: medium "{self.medium}" ends with session 0, the catalogue knows '
            "session 1: an older copy, or not the medium of this set",
            "fetch the medium that was written last; keep this one, unwritten, as evidence")

    def fork(self, nights):
        """Another copy of the host went on alone with another copy of the medium."""
        twin = self.home / "twin"
        shutil.copytree(self.site, twin)
        self.backup()
        mine = self.home / "mine"
        self.medium.rename(mine)
        shutil.copytree(self.older, self.medium)
        for _ in range(nights):
            self.azekura("-s", twin, "backup", "--to", "daily")
        return mine

    def test_a_forked_medium_is_refused(self):
        mine = self.fork(nights=1)
        self.assert_refused(AUTHENTICITY, f'AZK-M06: medium "{self.medium}" is forked: its session 2 is '
                            "not the one this host sealed",
                            "keep this medium, unwritten, as evidence; fetch the one this host "
                            "wrote")
        self.put_back(mine)
        self.at_site("write", "daily")
        self.assert_all_restore({"1/tree": self.first, "3/tree": state_of(self.tree)})

    def test_a_forked_medium_that_is_ahead_is_refused(self):
        self.fork(nights=2)
        self.assert_refused(AUTHENTICITY, f'AZK-M06: medium "{self.medium}" is forked: its session 2 is '
                            "not the one this host sealed",
                            "keep this medium, unwritten, as evidence; fetch the one this host "
                            "wrote")


class Damaged(MediumCase):
    def setUp(self):
        super().setUp()
        self.backup()
        self.packs = sorted(path for path in (self.medium / "packs").rglob("*") if path.is_file())

    def assert_captured_again(self, ended, snapshot):
        self.assertIn(" missing from the medium or cut short; their chunks are captured again\n",
                      ended.errors)
        self.assertIn("azekura: the sources are captured again\n", ended.errors)
        self.assert_restores(snapshot, state_of(self.tree))

    def test_packs_that_were_removed_are_stored_again(self):
        count = len(self.packs)
        for pack in self.packs:
            pack.unlink()
        ended = self.backup()
        self.assertIn(f"azekura: {count} packs are missing from the medium or cut short; their "
                      "chunks are captured again\n", ended.errors)
        self.assert_captured_again(ended, "latest")
        self.azekura("restore", "1/tree", *self.keyed(), "--target", self.home / "lost",
                     code=DAMAGE)
        self.verify(code=DAMAGE)

    def test_each_pack_that_is_missing_is_stored_again(self):
        for number, pack in enumerate(self.packs):
            with self.subTest(pack=pack.name):
                pack.unlink()
                self.assert_captured_again(self.backup(), f"{number + 2}/tree")

    def test_a_pack_cut_short_is_stored_again(self):
        largest = max(self.packs, key=lambda path: path.stat().st_size)
        os.truncate(largest, largest.stat().st_size // 2)
        self.assert_captured_again(self.backup(), "latest")

    def test_what_waits_and_needs_a_lost_pack_is_not_written(self):
        change_tree(self.tree, self.random)
        self.backup("--for", "daily")
        for pack in self.packs:
            pack.unlink()
        ended = self.at_site("write", "daily", code=MEDIUM)
        self.assertTrue(ended.errors.endswith(
            "azekura: error: what waited for the set 'daily' did not fit its medium and was "
            "discarded\nazekura: hint: run 'azekura backup --to daily'\n"), ended)
        self.backup()
        self.assert_restores("latest", state_of(self.tree))

    def test_no_single_spot_of_labels_and_copies_hides_a_session(self):
        """Whatever one thing of them the device does not open, the snapshot is there."""
        if shutil.which("strace") is None:
            self.skipTest("there is no strace")
        environment = {**self.environment, "ASAN_OPTIONS": "detect_leaks=0"}
        hit = 0
        for number in range(1, 40):
            ended = self.run_program(
                ["strace", "-f", "-qq", "-o", self.home / "trace", "-e", "trace=openat2",
                 "-e", f"inject=openat2:error=EIO:when={number}", self.azekura_program, "list",
                 *self.keyed()], env=environment)
            self.assertRegex(ended.text, r"^1/tree ")
            hit += "INJECTED" in (self.home / "trace").read_text()
        self.assertGreater(hit, 10)

    def test_verify_names_what_is_damaged(self):
        largest = max(self.packs, key=lambda path: path.stat().st_size)
        content = bytearray(largest.read_bytes())
        content[len(content) // 3] ^= 0x10
        largest.write_bytes(content)
        ended = self.verify("--json", code=REPAIRED)
        finding, = ended.events("finding")
        self.assertEqual((finding["kind"], finding["remedy"]), ("damage", "parity"))
        self.assertIn(f"pack {largest.name}", finding["fact"])
        last = ended.objects()[-1]
        self.assertEqual((last["event"], last["findings"]), ("verified", 1))
        shutil.rmtree(self.medium / "parity")
        text = self.verify(code=DAMAGE).text
        self.assertTrue(text.endswith("the medium is NOT as it was written\n"), text)

    def test_verify_deep_names_the_files(self):
        largest = max(self.packs, key=lambda path: path.stat().st_size)
        largest.unlink()
        ended = self.verify("--deep", "--key", self.key, "--json", code=DAMAGE)
        lost = {one["path"] for one in ended.events("lost")}
        self.assertIn("table.sql", lost)
        self.assertEqual({one["snapshot"] for one in ended.events("lost")}, {"1/tree"})

    def test_restore_lists_what_is_lost_and_gives_the_rest(self):
        largest = max(self.packs, key=lambda path: path.stat().st_size)
        largest.unlink()
        target = self.home / "restored"
        ended = self.azekura("restore", "latest", *self.keyed(), "--target", target, "--json",
                             code=DAMAGE)
        lost = {one["path"] for one in ended.events("lost")}
        self.assertIn("table.sql", lost)
        self.assertEqual(ended.objects()[-1]["lost"], len(ended.events("lost")))
        self.assertFalse((target / "table.sql").exists())
        self.assertEqual(os.readlink(target / "link"), "../nowhere")


if __name__ == "__main__":
    main()
