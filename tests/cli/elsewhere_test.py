#!/usr/bin/python3
"""What parity cannot bring back comes from another medium or the live source, to the bit, or is
named with whoever has it."""
import os
import shutil

from azekura_case import (AUTHENTICITY, DAMAGE, REPAIRED, USAGE, AzekuraCase,
                          change_in_place, main, state_of)
from repair_test import HEALED, LEAF, NOT_WHOLE, Aged, contents_of, zero

LOST_LEAVES = (0, 3, 8)  # one more than parity bears; the first has the pack's header


class TwoMedia(Aged):
    def setUp(self):
        super().setUp()
        self.other = self.add_set("weekly")
        self.backup("--to", "weekly")

    def lose(self):
        for leaf in LOST_LEAVES:
            zero(self.pack, leaf * LEAF, LEAF)
        self.damaged = contents_of(self.medium)

    def repair_from(self, *arguments, code=REPAIRED):
        return self.repair("--key", self.key, *arguments, code=code)

    def live(self, path=None):
        return ["--source", f"tree={path or self.tree}"]

    def assert_healed(self):
        self.assert_untouched(self.damaged)
        name = self.name_of(self.pack)
        self.assertEqual(self.healed_files()[f"healed/{name}"], self.written[name])
        self.assertTrue(self.verify(code=REPAIRED).text.endswith(HEALED))
        self.verify("--deep", "--key", self.key, code=REPAIRED)
        self.assert_restores("1/tree", self.first)

    def assert_nothing_healed(self):
        self.assertEqual(contents_of(self.medium), self.damaged)


class Healed(TwoMedia):
    def setUp(self):
        super().setUp()
        self.first = state_of(self.tree)
        self.copy = shutil.copytree(self.medium, self.home / "copy")
        self.lose()

    def test_without_the_key_it_stays_damaged(self):
        self.repair(code=DAMAGE)
        self.assert_nothing_healed()

    def test_from_another_medium(self):
        ended = self.repair_from("--with", self.other)
        self.assertIn("HEALED: pack ", ended.text)
        self.assertIn(f'in "{self.other}"', ended.text)
        self.assertTrue(ended.text.endswith(HEALED))
        self.assert_healed()

    def test_from_a_copy_of_the_medium(self):
        ended = self.repair_from("--with", self.copy)
        self.assertIn(f'in "{self.copy}"', ended.text)
        self.assert_healed()

    def test_from_a_copy_that_has_lost_the_same(self):
        for leaf in LOST_LEAVES:
            zero(self.copy / self.name_of(self.pack), leaf * LEAF, LEAF)
        self.repair_from("--with", self.copy, code=DAMAGE)
        self.assert_nothing_healed()

    def test_from_another_medium_that_its_parity_heals(self):
        zero(self.largest(self.other), 3 * LEAF, LEAF)
        before = contents_of(self.other)
        ended = self.repair_from("--with", self.other)
        self.assertEqual(ended.errors, f'azekura: warning: medium "{self.other}" is damaged, too: '
                                       "run 'azekura repair --from MEDIUM' on it\n")
        self.assert_healed()
        self.assertEqual(contents_of(self.other), before)

    def largest(self, medium):
        return max((medium / "packs" / "00").iterdir(), key=lambda path: path.stat().st_size)

    def test_from_the_live_source(self):
        ended = self.repair_from(*self.live())
        self.assertIn(f'in "{self.tree}"', ended.text)
        self.assert_healed()

    def test_from_both_what_neither_has_alone(self):
        table, noise = self.tree / "table.sql", self.tree / "noise"
        table.rename(self.home / "aside")
        third = self.add_set("monthly")
        self.backup("--to", "monthly")
        (self.home / "aside").rename(table)
        noise.unlink()
        for alone in (["--with", third], self.live()):
            self.repair_from(*alone, code=DAMAGE)
            self.assert_nothing_healed()
        self.repair_from("--with", third, *self.live())
        self.assert_healed()

    def test_programs_are_told(self):
        ended = self.repair_from("--with", self.other, "--json")
        repaired, = ended.events("repaired")
        self.assertEqual((repaired["file"], repaired["from"], repaired["leaves"]),
                         (self.name_of(self.pack), "elsewhere", len(LOST_LEAVES)))
        made = ended.events("made")
        self.assertEqual({one["pack"] for one in made}, {self.pack.name})
        origins = [origin for one in made for origin in one["from"]]
        self.assertEqual({(one["source"], one["in"]) for one in origins},
                         {("tree", str(self.other))})
        self.assertIn("noise", {one["path"] for one in origins})
        self.assertLess(sum(one["bytes"] for one in made),  # they are compressed
                        sum(one["bytes"] for one in origins))
        for one in origins:
            size = (self.tree / one["path"]).stat().st_size
            self.assertLessEqual(one["offset"] + one["bytes"], size)
        self.assertEqual(ended.events("repair"), [{"event": "repair", "repaired": 1, "healed": 1,
                                                   "lost": 0, "lost_items": 0}])

    def test_the_log_says_from_where_and_names_no_file(self):
        self.repair_from("--with", self.other, *self.live())
        log, = (self.medium / "healed" / "log").iterdir()
        text = log.read_text()
        number = f"{int(self.pack.name, 16):08x}"
        for leaf in LOST_LEAVES:
            self.assertIn(f"bytes {leaf * LEAF} to {(leaf + 1) * LEAF} of pack {number} made from "
                          "blocks that were sealed again\n", text)
        self.assertRegex(text, rf"of pack {number} sealed again from chunks of medium "
                               r"[0-9a-f]{32}\n")
        for name in (b"noise", b"sql", b"tree", b"ward", os.fsencode(self.home)):
            self.assertNotIn(name, log.read_bytes())

    def test_an_older_snapshot_of_the_other_medium_has_it(self):
        for number in range(3):
            (self.tree / "noise").write_bytes(self.random.randbytes(1000 + number))
            (self.tree / "table.sql").unlink(missing_ok=True)
            self.backup("--to", "weekly")
        self.repair_from("--with", self.other)
        self.assert_healed()

    def test_more_than_one_pack_and_parity(self):
        for path in (self.medium / "parity" / "000001").iterdir():
            path.unlink()
        self.damaged = contents_of(self.medium)
        self.repair_from("--with", self.other)
        healed = self.healed_files()
        for index in (0, 1):
            self.assertEqual(healed[f"healed/parity/000001/{index}"],
                             self.written[f"parity/000001/{index}"])
        self.assert_healed()


class Streams(AzekuraCase):
    """What a command printed has no path: another medium has it, or a file of the same bytes."""

    def test_from_another_medium_or_a_file(self):
        self.make_site()
        dump = self.home / "dump"
        dump.write_bytes(self.random.randbytes(900_000))
        self.add_command("dump", f"cat '{dump}'")
        self.medium, other = self.add_set(), self.add_set("weekly")
        self.backup()
        self.backup("--to", "weekly")
        pack = max((self.medium / "packs" / "00").iterdir(), key=lambda path: path.stat().st_size)
        written = pack.read_bytes()
        for leaf in LOST_LEAVES:
            zero(pack, leaf * LEAF, LEAF)
        lost, = self.azekura("repair", *self.keyed(), "--json", code=DAMAGE).events("lost")
        self.assertEqual((lost["snapshot"], lost["path"]), ("1/dump", ""))
        healed = self.medium / "healed" / "packs" / "00" / pack.name
        for means in (["--with", other], ["--source", f"dump={dump}"]):
            self.azekura("repair", *self.keyed(), *means, code=REPAIRED)
            self.assertEqual(healed.read_bytes(), written)
            healed.unlink()


class SeveralPacks(AzekuraCase):
    """One pack can be made only when another one was, and parity then gave its tables back."""

    def test_what_was_made_lets_parity_make_more(self):
        self.make_hospital()
        (self.tree / "noise").write_bytes(self.random.randbytes(73 << 20))
        self.backup()
        other = self.add_set("weekly")
        self.backup("--to", "weekly")
        full, rest = [path for path in sorted((self.medium / "packs" / "00").iterdir())
                      if path.stat().st_size > 1 << 20]
        written = {path.name: path.read_bytes() for path in (full, rest)}
        leaves = [-(-(len(content) - 64) // (LEAF + 32)) for content in written.values()]
        stripes = -(-sum(leaves) // 20)
        self.assertGreater(leaves[1], 2 * stripes)
        zero(full, (leaves[0] - 1) * LEAF, LEAF)  # where its tables are found
        for members in (1, 2):  # of the same stripe
            zero(rest, (members * stripes - 1) * LEAF, LEAF)
        for members in (1, 2, 3):  # of another
            zero(full, (members * stripes + 5) * LEAF, LEAF)
        ended = self.azekura("repair", "--from", self.medium, "--key", self.key, "--with", other,
                             "--json", code=REPAIRED)
        self.assertEqual([one["file"] for one in ended.events("repaired")],
                         [f"packs/00/{path.name}" for path in (rest, full)])
        for name, content in written.items():
            self.assertEqual((self.medium / "healed" / "packs" / "00" / name).read_bytes(),
                             content)


class NotHealed(TwoMedia):
    def setUp(self):
        super().setUp()
        self.lose()

    def lost(self, ended):
        return {one["path"]: one for one in ended.events("lost")}

    def test_a_file_that_changed_since(self):
        change_in_place(self.tree / "noise", 1000)  # in every chunk
        ended = self.repair_from(*self.live(), "--json", code=DAMAGE)
        self.assert_nothing_healed()
        lost = self.lost(ended)
        self.assertIn("noise", lost)
        noise = lost["noise"]
        self.assertEqual((noise["snapshot"], noise["also_on"]), ("1/tree", []))
        self.assertEqual(set(noise["packs"]), {self.pack.name})
        for offset, length in noise["ranges"]:
            self.assertLessEqual(offset + length, 600_000)
        self.assertEqual(ended.events("repair")[0]["lost_items"], len(lost))
        self.assertIn(f"{self.name_of(self.pack)} is not healed: bytes 0 to {LEAF} of pack",
                      ended.errors)

    def test_a_snapshot_of_the_file_that_changed_since(self):
        change_in_place(self.tree / "noise", 1000)  # in every chunk
        third = self.add_set("monthly")
        self.backup("--to", "monthly")
        self.repair_from("--with", third, code=DAMAGE)
        self.assert_nothing_healed()

    def test_a_link_in_the_files_place(self):
        noise = self.tree / "noise"
        noise.rename(self.home / "aside")
        noise.symlink_to(self.home / "aside")
        self.repair_from(*self.live(), code=DAMAGE)
        self.assert_nothing_healed()

    def test_a_link_in_a_folders_place(self):
        (self.tree / "ward").rename(self.home / "aside")
        (self.tree / "ward").symlink_to(self.home / "aside")
        self.repair_from(*self.live(), code=DAMAGE)
        self.assert_nothing_healed()

    def test_another_medium_that_is_damaged_too(self):
        pack = max((self.other / "packs" / "00").iterdir(), key=lambda path: path.stat().st_size)
        for leaf in LOST_LEAVES:
            zero(pack, leaf * LEAF, LEAF)
        before = contents_of(self.other)
        self.repair_from("--with", self.other, code=DAMAGE)
        self.assert_nothing_healed()
        self.assertEqual(contents_of(self.other), before)

    def test_a_pack_without_its_tables_and_padding(self):
        self.pack.unlink()
        self.damaged = contents_of(self.medium)
        ended = self.repair_from("--with", self.other, code=DAMAGE)
        self.assert_nothing_healed()
        self.assertIn(f'; also on "{self.other}" as 1/tree:noise\n', ended.text)
        self.assertIn("LOST 1/tree:noise: the medium has lost bytes 0+600000 (pack "
                      f"{self.pack.name})", ended.text)
        self.assertNotIn("verify --deep", ended.text)
        self.assertTrue(ended.text.endswith(NOT_WHOLE))
        lost = self.lost(self.repair_from("--with", self.other, "--json", code=DAMAGE))
        self.assertEqual(lost["noise"]["also_on"],
                         [{"snapshot": "1/tree", "medium": str(self.other)}])
        self.assertEqual(lost["noise"]["ranges"], [[0, 600_000]])
        self.assertNotIn("empty", lost)

    def test_the_key_alone_names_what_is_lost(self):
        ended = self.repair_from(code=DAMAGE)
        self.assert_nothing_healed()
        self.assertRegex(ended.text, r"LOST 1/tree:noise: the medium has lost bytes \d+\+\d+ ")
        with open(self.pack, "r+b") as pack:
            pack.write(self.written[self.name_of(self.pack)][:LEAF])
            pack.seek(8)
            pack.write(b"\x63")  # a version that nobody knows
        zero(self.pack, 9 * LEAF, LEAF)
        ended = self.repair_from(code=DAMAGE)
        self.assertRegex(ended.text, r"LOST 1/tree:noise: the medium has lost bytes \d+\+\d+ ")


class Refused(TwoMedia):
    def assert_usage(self, fact, *arguments, hint=None):
        ended = self.repair(*arguments, code=USAGE)
        self.assertIn(f"azekura: error: {fact}\n", ended.errors)
        if hint is not None:
            self.assertIn(f"azekura: hint: {hint}\n", ended.errors)
        self.assertFalse((self.medium / "healed").exists())

    def test_without_the_key(self):
        self.assert_usage("--with requires --key", "--with", self.other)
        self.assert_usage("--source requires --key", *self.live())

    def test_the_medium_itself(self):
        keyed = ["--key", self.key]
        hint = "name another medium of the site, of any of its sets, or a copy of this one"
        self.assert_usage(f'"{self.medium}" is the medium of --from itself', *keyed,
                          "--with", self.medium, hint=hint)
        self.assert_usage(f'"{self.other}" is a medium that is named already', *keyed,
                          "--with", self.other, "--with", self.other)

    def test_a_source_that_is_none(self):
        keyed = ["--key", self.key]
        self.assert_usage(f"'{self.tree}' is not a source and its path", *keyed, "--source",
                          self.tree, hint="write --source NAME=PATH, like --source ehr=/srv/ehr")
        self.assert_usage("there is no source 'ehr'; the medium has: tree", *keyed, "--source",
                          f"ehr={self.tree}")
        self.assert_usage(f'"{self.home}/none" does not exist', *keyed, "--source",
                          f"tree={self.home}/none")

    def test_a_medium_of_another_site(self):
        mine = self.medium
        self.site = self.home / "other-site"
        self.kit = self.home / "safe" / "other-kit"  # self.key stays the first site's
        self.make_site()
        foreign = self.add_set("foreign")
        self.at_site("source", "add", "tree", self.tree)
        self.backup("--to", "foreign")
        ended = self.azekura("repair", "--from", mine, "--key", self.key, "--with", foreign,
                             code=AUTHENTICITY)
        self.assertIn("this recovery key is of site ", ended.errors)


if __name__ == "__main__":
    main()
