#!/usr/bin/python3
"""What goes wrong on an ordinary night or in an emergency: each with its exit code and whole message.

Two runs at once are in backup_test, media that are missing, wrong or old in medium_test."""
import re
import shutil

from azekura_case import (AUTHENTICITY, DAMAGE, INCOMPLETE, MEDIUM, NAME_TAKEN, SYSTEM, USAGE,
                          AzekuraCase, main, state_of, without_privileges)

KEY_HINT = "compare it with the recovery kit; 'azekura key check FILE' tries it"
READING = (["list"], ["find"], ["ls", "latest"], ["cat", "latest", "note.txt"], ["du", "latest"],
           ["diff", "latest", "latest"])


class Keys(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.backup()

    def reading(self):
        return [*READING, ["restore", "latest", "--target", self.home / "out"]]

    def test_another_site_s_key(self):
        other = self.home / "other-kit"
        self.azekura("init", self.home / "other", "--kit", other)
        theirs, ours = (re.search(r"(?m)^site +(\w{32})$", path.read_text())[1]
                        for path in (other / "recovery.key", self.key))
        for medium in (self.medium, self.add_set("fresh")):
            for command in (*self.reading(), ["verify"], ["verify", "--deep"]):
                self.assert_fails(
                    AUTHENTICITY,
                    f'this recovery key is of site {theirs}, medium "{medium}" is of site {ours}',
                    *command, *self.keyed(medium, other / "recovery.key"), out="",
                    hint="use the recovery kit of the medium's site")
        self.assertFalse((self.home / "out").exists())

    def test_a_label_of_another_site_hides_nothing_from_the_right_key(self):
        self.azekura("init", self.home / "other", "--kit", self.home / "other-kit")
        theirs = self.home / "their-medium"
        self.azekura("-s", self.home / "other", "set", "add", "daily", "--folder", theirs)
        (self.medium / "label").chmod(0o600)
        shutil.copy(theirs / "label", self.medium / "label")
        self.assertEqual(list(self.snapshots()), ["1/tree"])
        self.assert_restores("latest", state_of(self.tree))

    def test_a_label_that_is_lost_hides_nothing(self):
        label = self.medium / "label"
        label.chmod(0o600)
        size = label.stat().st_size

        def zero():
            label.write_bytes(bytes(size))

        for lose, fact in ((zero, "the label is malformed: it does not begin as it must"),
                           (label.unlink, "the label is not there")):
            lose()
            warning = f"azekura: warning: {fact}\n"
            for command in READING:
                self.assertEqual(self.azekura(*command, *self.keyed()).errors, warning)
            before = state_of(self.medium)
            self.assert_restores("latest", state_of(self.tree))
            for options in ([], ["--deep", "--key", self.key]):
                ended = self.verify("--json", *options, code=DAMAGE)
                self.assertEqual([one["fact"] for one in ended.events("finding")], [fact])
                verified, = ended.events("verified")
                self.assertEqual((verified["sessions"], verified["files_left"]), (1, 0))
            # Nobody writes to what might be any medium; what was captured waits.
            self.assert_site_fails(MEDIUM, f'medium "{self.medium}" cannot be identified: {fact}',
                                   "backup", "--to", "daily",
                                   hint="check it with 'azekura verify --from MEDIUM'")
            self.assert_same(state_of(self.medium), before)

    def test_no_key(self):
        for command in self.reading():
            self.assert_fails(USAGE, "--key is required", *command, "--from", self.medium, out="",
                              hint="see 'azekura --help'")
        self.assert_fails(USAGE, "--deep requires --key", "verify", "--from", self.medium, "--deep",
                          out="", hint="see 'azekura --help'")

    def test_a_key_file_that_is_not_there(self):
        for command in self.reading():
            self.assert_fails(
                SYSTEM, f'cannot open "{self.home}/none": No such file or directory', *command,
                *self.keyed(key=self.home / "none"), out="",
                hint="--key takes the kit's file recovery.key, or a share file and again --key")

    def test_what_is_no_key(self):
        for command in self.reading():
            self.assert_fails(
                AUTHENTICITY, 'the first line is not "azekura recovery key, version 1" (while '
                f'reading the recovery key "{self.tree}/note.txt")', *command,
                *self.keyed(key=self.tree / "note.txt"), out="", hint=KEY_HINT)


class Shares(AzekuraCase):
    HINT = "fetch more shares of this kit, and give all of them together"

    def setUp(self):
        super().setUp()
        self.make_site("--shares", "3/5")
        self.medium = self.add_set()

    def share(self, number):
        return self.kit / f"share-{number}-of-5.txt"

    def test_one_is_checked_by_itself(self):
        text = self.share(2).read_text()
        site, share_set = (re.search(rf"(?m)^{name} +(\w+)$", text)[1]
                           for name in ("site", "share set"))
        ended = self.azekura("key", "check", self.share(2))
        self.assertEqual(ended.errors, "")
        self.assertEqual(ended.text, f"site id    {site}\nshare set  {share_set}\n"
                         "share 2 of 5, any 3 of which restore: it is whole, 2 more needed\n")
        self.assertEqual(self.azekura("key", "check", self.share(2), "--json").objects(), [
            {"event": "share", "site": site, "share_set": share_set, "number": 2, "count": 5,
             "threshold": 3}])

    def test_one_that_is_mistyped_is_not_whole(self):
        text = self.share(2).read_text()
        line = text[:text.index("data  ")].count("\n") + 1
        at = text.index("data") + 15
        mistyped = self.home / "mistyped"
        mistyped.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:])
        self.assert_fails(
            AUTHENTICITY, 'it is mistyped: its checksum does not agree (while reading "data" in '
            f'line {line}) (while reading the recovery share "{mistyped}")', "key", "check", mistyped,
            out="", hint=KEY_HINT)

    def test_enough_are_the_key(self):
        checked = self.azekura("key", "check", *map(self.share, (5, 1, 3)))
        self.assertEqual(checked.text.splitlines()[-1], "the key is whole")

    def test_too_few_say_how_many_more(self):
        for command in (["key", "check"], ["key", "combine", "--output", self.home / "key"]):
            self.assert_fails(
                AUTHENTICITY, "2 of the 3 shares needed were given (number 2, 4); 1 more needed",
                *command, self.share(4), self.share(2), out="", hint=self.HINT)
        self.assert_fails(
            AUTHENTICITY, "this is share 4 of 5, any 3 of which restore, not the whole key: 2 more "
            f'needed (while reading the recovery key "{self.share(4)}")',
            "list", *self.keyed(key=self.share(4)), out="", hint=self.HINT)
        self.assertFalse((self.home / "key").exists())


class Host(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.backup()

    def test_lost_keys_of_a_set(self):
        (self.site / "keys" / "daily.set").unlink()
        for command in (["backup", "--to", "daily"], ["backup", "--for", "daily"],
                        ["write", "daily"], ["catalogue", "rebuild", "daily"]):
            self.assert_site_fails(
                DAMAGE, f'site "{self.site}" has lost the keys of the set \'daily\', its file '
                "'keys/daily.set'", *command, out="",
                hint="put it back from a copy, or go on with a new set and a fresh medium: 'azekura "
                     "set add NAME'; the old medium still restores with the recovery "
                     "kit")
        self.assert_site_fails(USAGE, "there is already a set 'daily'", "set", "add", "daily",
                               "--folder", self.home / "new", out="", hint=NAME_TAKEN)
        self.assert_restores("latest", state_of(self.tree))
        self.at_site("set", "add", "again", "--folder", self.home / "medium-again")
        self.backup("--to", "again")
        self.assert_restores("latest", state_of(self.tree), medium=self.home / "medium-again")

    def test_an_unreadable_catalogue_disk(self):
        folder = self.site / "catalogue" / "daily"
        for path in folder.iterdir():
            path.chmod(0)
        for command in (["backup", "--to", "daily"], ["write", "daily"]):
            ended = self.run_program([*without_privileges(), self.azekura_program, "-s", self.site,
                                      *command], SYSTEM)
            self.assertRegex(
                ended.errors, r"^azekura: error: cannot [^\n]* catalogue \(IO error: [^\n]*: "
                r"Permission denied\): Input/output error\nazekura: hint: check the disk of the "
                r"site; 'azekura catalogue rebuild SET' makes it anew\n$")
            self.assertEqual(ended.text, "")
        for path in folder.iterdir():
            path.chmod(0o600)
        self.assertEqual(self.backup().errors, "")
        self.assert_restores("2/tree", state_of(self.tree))

    def test_a_source_that_vanishes_while_the_run_goes_on(self):
        path = self.add_gate()
        late = self.add_tree("late")
        run = self.start_at_site("backup", "--to", "daily")
        gate = self.open_gate(path, run)
        shutil.rmtree(late)
        gate.close()
        ended = run.wait()
        self.assertEqual(ended.code, INCOMPLETE, ended)
        self.assertEqual(ended.errors, "azekura: warning: source 'late': cannot open the source "
                                       f'"{late}": No such file or directory\n')
        self.assertRegex(ended.text, r"(?m)^2/late .*  INCOMPLETE$")
        self.assert_restores("2/tree", state_of(self.tree))

    def test_after_kill_9_nothing_is_stale(self):
        path = self.add_gate()
        for _ in range(2):
            run = self.start_at_site("backup", "--to", "daily")
            gate = self.open_gate(path, run)
            run.process.kill()
            run.wait()
            gate.close()
        self.assertEqual(self.at_site("status").errors, "")
        self.assertEqual(self.backup("tree").errors, "")
        self.assertEqual(self.at_site("write", "daily").errors, "")


class Media(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.backup()

    def test_what_is_not_a_vault(self):
        folder = self.home / "holiday"
        folder.mkdir()
        (folder / "photo.jpg").write_bytes(b"photo")
        for command in (*READING, ["restore", "latest", "--target", self.home / "out"]):
            self.assert_fails(MEDIUM, f'"{folder}" is not an azekura medium', *command,
                              *self.keyed(folder), out="",
                              hint="name the folder that holds README.txt and label")
        self.assert_fails(MEDIUM, f'"{folder}" is not an azekura medium', "verify", "--from", folder,
                          out="", hint="name the folder that holds README.txt and label")

    def test_a_newer_version(self):
        fact = "the label has format version 2, this program knows version 1"
        hint = "a newer azekura wrote this; use the azekura-restore that lies on the medium"
        for path in [self.medium / "label", *self.medium.glob("sessions*/*/*")]:
            content = bytearray(path.read_bytes())
            self.assertEqual(content[8:10], b"\1\0")
            content[8] = 2
            path.chmod(0o600)
            path.write_bytes(content)
        for command in (*READING, ["restore", "latest", "--target", self.home / "out"]):
            self.assert_fails(AUTHENTICITY, fact, *command, *self.keyed(), hint=hint, out="")
        before = state_of(self.medium)
        self.assert_site_fails(AUTHENTICITY, f'medium "{self.medium}" is not this site\'s: {fact}',
                               "backup", "--to", "daily", hint=hint)
        self.assert_same(state_of(self.medium), before)


if __name__ == "__main__":
    main()
