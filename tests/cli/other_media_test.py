#!/usr/bin/python3
"""restore and cat take what a medium has lost beyond parity from other media of the site, proven by
the ids of this one, and say so."""
import pathlib
import sqlite3
import stat
import tempfile

from azekura_case import (AUTHENTICITY, DAMAGE, REPAIRED, USAGE, AzekuraCase,
                          change_in_place, main, state_of, text_bytes)
from repair_test import LEAF, contents_of, zero

# Each is cut in a way of its own once it has 128 KiB.
FILES = ("noise", "table.sql", "scan.dcm", "ward.db", "dump", "ward/図/image.raw")


class TwoMedia(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        (self.tree / "noise").write_bytes(self.random.randbytes(600_000))
        (self.tree / "scan.dcm").write_bytes(bytes(128) + b"DICM" + self.random.randbytes(700_000))
        (self.tree / "dump").write_bytes(b"-- MySQL dump\n" + text_bytes(self.random, 400_000))
        with sqlite3.connect(self.tree / "ward.db") as database:
            database.execute("create table note (text blob)")
            database.executemany("insert into note values (?)",
                                 [(self.random.randbytes(900),) for _ in range(400)])
        self.add_command("printed", f"cat '{self.tree}/dump' '{self.tree}/noise'")
        self.backup()
        self.wanted = state_of(self.tree)
        self.pack = max((self.medium / "packs" / "00").iterdir(),
                        key=lambda path: path.stat().st_size)
        self.other = self.add_set("weekly")

    def back_up_other(self):
        self.backup("--to", "weekly")
        return ["--with", self.other]

    def lose_leaves(self):
        """More than parity bears, but neither the pack's header nor its tables."""
        for leaf in range(1, 17, 2):
            zero(self.pack, leaf * LEAF, LEAF)

    def lose_pack(self):
        """With it go the ids and lengths of its chunks."""
        self.pack.unlink()

    def cat(self, path, *arguments, code):
        return self.azekura("cat", "1/tree", path, *self.keyed(), *arguments, code=code)

    def run_restore(self, *arguments, code, snapshot="1/tree"):
        """A run of `restore --json` and its target."""
        target = pathlib.Path(tempfile.mkdtemp(prefix="restored-", dir=self.home))
        return self.azekura("restore", snapshot, "--json", *self.keyed(), "--target", target,
                            *arguments, code=code), target

    def assert_restores_whole(self, others, files=FILES):
        """All is as it was, and what came from where is said."""
        ended, target = self.run_restore(*others, code=REPAIRED)
        self.assert_same(state_of(target), self.wanted)
        given = ended.events("elsewhere")
        self.assertEqual({one["path"] for one in given}, set(files))
        self.assertEqual({(one["snapshot"], one["medium"]) for one in given},
                         {("1/tree", str(self.other))})
        for one in given:
            self.assertLessEqual(one["bytes"], (self.tree / one["path"]).stat().st_size)
            self.assertIn(f"1/tree:{one['path']}: {one['bytes']} bytes of it are from medium "
                          f'"{self.other}"\n', ended.errors)
        self.assertIn(f"warning: {len(files)} files have bytes from other media", ended.errors)
        done, = ended.events("done")
        self.assertEqual((done["lost"], done["elsewhere"]), (0, len(files)))

    def assert_lost(self, paths, *arguments):
        """These are lost, and nothing of them is there; all others are as they were."""
        ended, target = self.run_restore(*arguments, code=DAMAGE)
        self.assertEqual({one["path"] for one in ended.events("lost")}, set(paths))
        found = state_of(target)
        for name in paths:
            self.assertNotIn(name.encode(), found)
        for name, state in self.wanted.items():
            if name not in {path.encode() for path in paths} and not stat.S_ISDIR(state[0]):
                self.assertEqual(found[name][5], state[5], name)
        return ended


class Whole(TwoMedia):
    def test_a_pack_without_its_tables(self):
        others = self.back_up_other()
        self.lose_pack()
        before = contents_of(self.medium), contents_of(self.other)
        self.assert_restores_whole(others, [*FILES, "note.txt"])
        lost = self.cat("noise", code=DAMAGE)
        self.assertEqual(lost.out, b"")
        for program in (self.azekura_program, self.restore_program):
            for path in FILES:
                ended = self.run_program([program, "cat", "1/tree", path, *self.keyed(), *others],
                                         REPAIRED)
                self.assertEqual(ended.out, (self.tree / path).read_bytes(), path)
                self.assertIn(f"1/tree:{path}: {len(ended.out)} bytes of it are from medium "
                              f'"{self.other}"\n', ended.errors)
        printed = (self.tree / "dump").read_bytes() + (self.tree / "noise").read_bytes()
        ended = self.azekura("restore", "1/printed", "--stdout", *self.keyed(), *others,
                             code=REPAIRED)
        self.assertEqual(ended.out, printed)
        ended, target = self.run_restore(*others, snapshot="1/printed", code=REPAIRED)
        self.assertEqual((target / "printed").read_bytes(), printed)
        self.assertEqual((contents_of(self.medium), contents_of(self.other)), before)

    def test_more_leaves_than_parity_bears(self):
        others = self.back_up_other()
        zero(max((self.other / "packs" / "00").iterdir(), key=lambda path: path.stat().st_size),
             LEAF, LEAF)  # this one its parity heals
        self.lose_leaves()
        lost = {one["path"] for one in self.run_restore(code=DAMAGE)[0].events("lost")}
        self.assertGreaterEqual(lost, {"noise", "scan.dcm"})
        self.assert_restores_whole(others, lost - {"ward/same note"})
        ended = self.cat("noise", *others, code=REPAIRED)
        self.assertEqual(ended.out, (self.tree / "noise").read_bytes())

    def test_a_version_that_grew_since(self):
        with open(self.tree / "noise", "ab") as noise:
            noise.write(self.random.randbytes(300_000))
        others = self.back_up_other()
        self.lose_pack()
        self.assert_restores_whole(others, [*FILES, "note.txt"])

    def test_all_sources_at_once(self):
        others = self.back_up_other()
        self.lose_pack()
        ended, target = self.run_restore(*others, snapshot="1", code=REPAIRED)
        self.assert_same(state_of(target / "tree"), self.wanted)
        self.assertEqual({one["snapshot"] for one in ended.events("elsewhere")},
                         {"1/tree", "1/printed"})


class NotWhole(TwoMedia):
    def test_another_version(self):
        wanted = (self.tree / "noise").read_bytes()
        change_in_place(self.tree / "noise", 200_000)
        others = self.back_up_other()
        self.lose_leaves()
        self.assert_lost(["noise"], *others)
        lost = self.azekura("cat", "1/tree", "noise", *self.keyed(), *others, code=DAMAGE)
        self.assertTrue(wanted.startswith(lost.out))
        # Chunks that the other version has are right; of the rest, those this medium has.
        ended, target = self.run_restore(*others, "--best-effort", code=DAMAGE)
        one, = ended.events("lost")
        self.assertEqual((one["path"], one["saved_as"]), ("noise", "noise.damaged"))
        whole = bytearray(wanted)
        for offset, length in one["ranges"]:
            whole[offset:offset + length] = bytes(length)
        self.assertEqual((target / "noise.damaged").read_bytes(), whole)
        self.assertLess(sum(length for _, length in one["ranges"]), 400_000)

    def test_another_version_without_the_tables(self):
        change_in_place(self.tree / "noise", 200_000)
        change_in_place(self.tree / "ward.db", 200_000)
        others = self.back_up_other()
        self.lose_pack()
        self.assert_lost(["noise", "ward.db"], *others)

    def test_others_that_lost_it_too(self):
        others = self.back_up_other()
        self.lose_pack()
        lost = {one["path"] for one in self.run_restore(code=DAMAGE)[0].events("lost")}
        max((self.other / "packs" / "00").iterdir(), key=lambda path: path.stat().st_size).unlink()
        ended = self.assert_lost(lost, *others)
        self.assertEqual(ended.events("elsewhere"), [])

    def test_media_that_cannot_help(self):
        self.assertIn("is the medium of --from itself",
                      self.run_restore("--with", self.medium, code=USAGE)[0].errors)
        self.assertIn("has no session that could help",
                      self.run_restore("--with", self.other, code=USAGE)[0].errors)
        self.azekura("restore", "1/tree", *self.keyed(), "--dry-run", "--with", self.other,
                     code=USAGE)
        mine, key = self.medium, self.key
        self.site = self.home / "other-site"
        self.kit = self.home / "safe" / "other-kit"
        self.make_site()
        foreign = self.add_set("foreign")
        self.at_site("source", "add", "tree", self.tree)
        self.backup("--to", "foreign")
        for command in (["cat", "1/tree", "noise"], ["restore", "1/tree", "--stdout"]):
            ended = self.azekura(*command, "--from", mine, "--key", key, "--with", foreign,
                                 code=AUTHENTICITY)
            self.assertIn("this recovery key is of site ", ended.errors)
            self.assertEqual(ended.out, b"")


if __name__ == "__main__":
    main()
