#!/usr/bin/python3
"""verify --against: a snapshot compared with the live source. Only other bytes under the same size
and time are an alarm; what changed as things change is counted."""
import os

from azekura_case import (DAMAGE, DONE, INCOMPLETE, REPAIRED, USAGE, AzekuraCase, main,
                          without_privileges)

ALL_SAME = "what was compared is the same in the snapshot and the source\n"
COUNTS = ("files", "same", "changed", "gone", "new", "flawed", "compared", "alarms", "unreadable",
          "lost")


class Against(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.backup()
        self.image = self.tree / "ward" / "図" / "image.raw"

    def against(self, *arguments, source=None, code=DONE, before=()):
        source = source or f"tree={self.tree}"
        return self.run_program([*before, self.azekura_program, "verify", *self.keyed(),
                                 "--against", source, *arguments], code)

    def counts(self, ended, **wanted):
        """The summary has these counts, and zero of what went wrong otherwise."""
        last = ended.objects()[-1]
        self.assertEqual(last["event"], "compared")
        expected = {"files": 4, "same": 4, "changed": 0, "gone": 0, "new": 0, "flawed": 0,
                    "compared": 3, "alarms": 0, "unreadable": 0, "lost": 0, **wanted}
        self.assertEqual({name: last[name] for name in COUNTS}, expected, ended)
        return last

    def put_back(self, path, change):
        """Does something to a file, and puts its times back."""
        info = os.stat(path)
        change(path)
        os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))

    def flip(self, path, *offsets):
        def change(path):
            with open(path, "r+b") as file:
                for offset in offsets:
                    file.seek(offset)
                    byte = file.read(1)[0]
                    file.seek(offset)
                    file.write(bytes([byte ^ 1]))
        self.put_back(path, change)

    def each_way(self):
        for arguments in ([], ["--all"]):
            with self.subTest(arguments=arguments):
                yield arguments


class Same(Against):
    def test_nothing_changed(self):
        for arguments in self.each_way():
            self.assertTrue(self.against(*arguments).text.endswith(ALL_SAME))
            last = self.counts(self.against(*arguments, "--json"))
            self.assertEqual((last["snapshot"], last["all"], last["path"], last["bytes"]),
                             ("1/tree", bool(arguments), str(self.tree), 400_007))

    def test_where_the_snapshot_was_taken(self):
        self.assertEqual(self.counts(self.against("--json", source="tree"))["path"],
                         str(self.tree))

    def test_by_the_program_on_the_medium(self):
        ended = self.run_program([self.restore_program, "verify", *self.keyed(), "--against",
                                  f"tree={self.tree}", "--all"])
        self.assertTrue(ended.text.endswith(ALL_SAME))

    def test_the_source_is_not_changed(self):
        def times():
            return {path: (os.lstat(path).st_atime_ns, os.lstat(path).st_ctime_ns)
                    for path in [self.tree, *self.tree.rglob("*")]}
        before = times()
        self.against("--all")
        self.assertEqual(times(), before)


class Alarm(Against):
    def test_other_bytes_under_the_same_size_and_time(self):
        self.flip(self.image, 1000, 1020)
        for arguments in self.each_way():
            ended = self.against(*arguments, "--json", code=DAMAGE)
            alarm, = ended.events("alarm")
            self.assertEqual([alarm[name] for name in ("snapshot", "path", "offset", "length")],
                             ["1/tree", "ward/図/image.raw", 1000, 21])
            seconds, nanoseconds = alarm["changed"]
            self.assertEqual(seconds * 10**9 + nanoseconds, os.stat(self.image).st_ctime_ns)
            self.counts(ended, alarms=1)
            text = self.against(*arguments, code=DAMAGE).text
            self.assertIn("ALARM 1/tree:ward/図/image.raw: 21 bytes from byte 1000 on differ under "
                          "the same size and time; something changed the file at ", text)
            self.assertNotIn(ALL_SAME, text)

    def test_all_looks_at_the_last_byte_of_a_large_file(self):
        large = self.tree / "large"
        large.write_bytes(self.random.randbytes(5_000_000))
        self.backup()
        self.flip(large, 4_999_999)
        alarm, = self.against("--all", "--json", code=DAMAGE).events("alarm")
        self.assertEqual((alarm["path"], alarm["offset"], alarm["length"]),
                         ("large", 4_999_999, 1))

    def test_against_an_older_snapshot(self):
        self.put_back(self.tree / "table.sql", lambda path: path.write_bytes(bytes(200_000)))
        (self.tree / "note.txt").write_bytes(b"new")
        self.backup("tree")
        os.utime(self.tree / "note.txt", ns=(0, 0))
        ended = self.against("--snapshot", "1", "--json", code=DAMAGE)
        self.assertEqual([one["path"] for one in ended.events("alarm")], ["table.sql"])
        self.counts(ended, alarms=1, changed=1, same=3, compared=2)


class NoAlarm(Against):
    def test_what_changes_as_things_do(self):
        with open(self.tree / "table.sql", "ab") as table:
            table.write(b"appended")
        os.utime(self.image, ns=(0, 0))
        (self.tree / "empty").unlink()
        (self.tree / "ward" / "new").write_bytes(b"")
        (self.tree / "new folder").mkdir()
        (self.tree / "new folder" / "file").write_bytes(b"")
        for arguments in self.each_way():
            self.counts(self.against(*arguments, "--json"), same=1, changed=2, gone=1, new=2,
                        compared=1)

    def test_a_link_in_the_place_of_a_file_is_not_followed(self):
        copy = self.home / "copy"
        copy.write_bytes(self.image.read_bytes())
        os.utime(copy, ns=(0, os.stat(self.image).st_mtime_ns))
        time = os.stat(self.image).st_mtime_ns
        self.image.unlink()
        self.image.symlink_to(copy)
        os.utime(self.image, ns=(0, time), follow_symlinks=False)
        self.counts(self.against("--all", "--json"), same=3, changed=1, compared=2)
        ward = self.tree / "ward"
        ward.rename(self.home / "ward")
        ward.symlink_to(self.home / "ward")
        self.counts(self.against("--all", "--json"), files=5, same=3, gone=2, compared=2)

    def test_a_source_that_is_not_there(self):
        empty = self.home / "empty"
        empty.mkdir()
        ended = self.against("--json", source=f"tree={empty}", code=INCOMPLETE)
        self.counts(ended, files=5, same=0, gone=5, compared=0)
        self.assertIn("is the source's file system mounted?", ended.errors)


class Unreadable(Against):
    def test_it_is_named(self):
        without = without_privileges()
        (self.tree / "table.sql").chmod(0)
        ended = self.against("--json", code=INCOMPLETE, before=without)
        named, = ended.events("unreadable")
        self.assertEqual(named["path"], "table.sql")
        self.assertIn("Permission denied", named["reason"])
        self.counts(ended, compared=2, unreadable=1)
        (self.tree / "ward").chmod(0)
        ended = self.against("--json", code=INCOMPLETE, before=without)
        self.assertEqual([one["path"] for one in ended.events("unreadable")],
                         ["ward", "table.sql"])
        self.counts(ended, files=3, same=3, compared=1, unreadable=2)


class Damaged(Against):
    """What the medium has lost is not the source's fault."""

    def setUp(self):
        super().setUp()
        packs = [path for path in (self.medium / "packs").rglob("*") if path.is_file()]
        self.pack = max(packs, key=lambda path: path.stat().st_size)  # that of the files' bytes

    def damage(self, path, begin, length):
        with open(path, "r+b") as file:
            file.seek(begin)
            file.write(bytes(length))

    def test_beyond_healing_it_is_lost_and_no_alarm(self):
        self.damage(self.pack, 10_000, 300_000)
        for path in (self.medium / "parity").rglob("*"):
            if path.is_file():
                self.damage(path, 0, path.stat().st_size)
        for arguments in self.each_way():
            ended = self.against(*arguments, "--json", code=DAMAGE)
            paths = {one["path"] for one in ended.events("lost")}
            self.assertLessEqual({"table.sql", "ward/図/image.raw"}, paths, ended)
            self.counts(ended, compared=3 - len(paths), lost=len(paths))
            self.assertNotIn(ALL_SAME, self.against(*arguments, code=DAMAGE).text)

    def test_healed_while_it_is_read(self):
        self.damage(self.pack, 100_000, 100)
        ended = self.against("--all", "--json", code=REPAIRED)
        self.assertEqual(len(ended.events("healed")), 1)


class Usage(Against):
    def assert_refused(self, fact, *arguments, hint):
        self.assert_fails(USAGE, fact, "verify", "--from", self.medium, *arguments, hint=hint)

    def test_the_key_is_needed(self):
        self.assert_refused("the recovery key is needed: a snapshot cannot be read without it",
                            "--against", "tree=/srv", hint="add --key FILE")

    def test_what_is_not_a_source_and_its_path(self):
        for text in ("", "tree=", "=/srv", "../tree=/srv", "a b"):
            self.assert_refused(f"'{text}' is not a source and its path", "--key", self.key,
                                "--against", text,
                                hint="write --against NAME=PATH, like --against ehr=/srv/ehr")

    def test_nothing_is_there(self):
        self.assert_refused(f'cannot open the live source "{self.home}/none": No such file or '
                            "directory", "--key", self.key, "--against",
                            f"tree={self.home}/none",
                            hint="say where it is on this machine: --against NAME=PATH")

    def test_there_is_no_such_source(self):
        self.assert_refused("there is no source 'ehr'; the medium has: tree", "--key", self.key,
                            "--against", "ehr=/srv",
                            hint="see 'azekura list --from MEDIUM --key FILE'")

    def test_a_stream_has_nothing_live(self):
        self.add_command("dump", "printf 'patients\\n'")
        self.backup("dump")
        self.assert_refused("2/dump is what a command printed: there is no live file to compare "
                            "it with", "--key", self.key, "--against", "dump=/srv",
                            hint="--against takes a source that is a tree")

    def test_it_is_a_mode_of_its_own(self):
        for arguments in (["--against", "tree", "--deep"], ["--against", "tree", "--for", "1s"],
                          ["--against", "tree", "--resume"], ["--all"], ["--snapshot", "1/tree"]):
            self.azekura("verify", *self.keyed(), *arguments, code=USAGE)


if __name__ == "__main__":
    main()
