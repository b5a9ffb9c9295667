#!/usr/bin/python3
"""A medium that ages: what is damaged is read all the same, `repair` writes whole copies of it, and
what nothing brings back is named."""
import fcntl
import os
import re
import shutil

from azekura_case import (BUSY, DAMAGE, INTERRUPTED, MEDIUM, SPACE, USAGE, AzekuraCase,
                          change_tree, in_own_mounts, main, state_of, text_bytes)

REPAIRED = 4
LEAF = 65536
NOTHING_LOST = "nothing is lost: run 'azekura repair --from MEDIUM', then replace this medium soon\n"
HEALED = "nothing is lost: what was damaged is healed; replace this medium soon\n"
NOT_WHOLE = "the medium is NOT as it was written\n"
READ_ONLY_HINT = "make it writable, or copy all of it and repair the copy; restoring needs no repair"


def made_warning(parts):
    return (f"azekura: warning: {parts} damaged parts of the medium were made again from parity; "
            "nothing of them is lost. Run 'azekura repair --from MEDIUM', and replace the medium "
            "soon\n")


def contents_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def zero(path, offset, size):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(bytes(size))


class Aged(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        (self.tree / "noise").write_bytes(self.random.randbytes(600_000))
        self.backup()
        self.tree_pack, self.pack = self.packs()
        self.written = contents_of(self.medium)

    def packs(self):
        """The packs of the medium, the shortest first: those of trees."""
        return sorted((path for path in (self.medium / "packs").rglob("*") if path.is_file()),
                      key=lambda path: path.stat().st_size)

    def name_of(self, path):
        return str(path.relative_to(self.medium))

    def damage(self):
        """64 KiB of a pack, all of the tree pack, one copy of the header."""
        zero(self.pack, 3 * LEAF, LEAF)
        self.tree_pack.unlink()
        zero(self.header, 20, 3)
        self.number = int(self.pack.name, 16)
        return [f'"{self.name_of(self.header)}" is damaged; another copy is whole',
                f"pack {self.number:08x} is damaged: 1 of {self.leaves()} leaves, the first at "
                f"byte {3 * LEAF}",
                f'"{self.name_of(self.tree_pack)}" is not on the medium']

    header = property(lambda self: self.medium / "sessions-2" / "000001" / "header")

    def leaves(self):
        size = len(self.written[self.name_of(self.pack)]) - 64
        return -(-size // (LEAF + 32))

    def repair(self, *arguments, code=REPAIRED):
        return self.azekura("repair", "--from", self.medium, *arguments, code=code)

    def healed_files(self):
        return {name: content for name, content in contents_of(self.medium).items()
                if name.startswith("healed/")}

    def assert_untouched(self, before):
        after = contents_of(self.medium)
        for name, content in before.items():
            self.assertEqual(after[name], content, name)


class WithinParity(Aged):
    def test_verify_says_that_nothing_is_lost(self):
        facts = self.damage()
        before = contents_of(self.medium)
        ended = self.verify(code=REPAIRED)
        self.assertEqual(ended.errors, "")
        lines = ended.text.splitlines(keepends=True)
        self.assertEqual(sorted(lines[:3]), sorted(f"REPAIRABLE: {fact}\n" for fact in facts))
        self.assertEqual(lines[-1], NOTHING_LOST)
        self.assertEqual(self.verify("--deep", "--key", self.key, code=REPAIRED).text
                         .splitlines(keepends=True)[-1], NOTHING_LOST)
        self.assertEqual(contents_of(self.medium), before)

    def test_verify_tells_programs(self):
        facts = self.damage()
        ended = self.verify("--json", code=REPAIRED)
        remedies = {one["fact"]: (one["kind"], one["remedy"]) for one in ended.events("finding")}
        self.assertEqual(remedies, {facts[0]: ("damage", "copy"), facts[1]: ("damage", "parity"),
                                    facts[2]: ("damage", "parity")})
        summary, = ended.events("verified")
        self.assertEqual((summary["findings"], summary["repairable"], summary["healed"],
                          summary["lost"]), (3, 3, 0, 0))

    def test_restore_is_whole_and_says_so(self):
        self.damage()
        wanted = state_of(self.tree)
        target = self.home / "restored"
        ended = self.azekura("restore", "latest", *self.keyed(), "--target", target, code=REPAIRED)
        self.assert_same(state_of(target), wanted)
        self.assertIn(made_warning(2), ended.errors)
        alone = self.home / "restored-alone"
        ended = self.run_program([self.restore_program, "restore", "latest", *self.keyed(),
                                  "--target", alone], REPAIRED)
        self.assert_same(state_of(alone), wanted)
        self.assertIn("2 damaged parts of the medium were made again from parity", ended.errors)
        self.assertFalse((self.medium / "healed").exists())

    def test_restore_tells_programs(self):
        self.damage()
        ended = self.azekura("restore", "latest", *self.keyed(), "--target", self.home / "restored",
                             "--json", code=REPAIRED)
        made = {one["pack"]: one["leaves"] for one in ended.events("healed")}
        self.assertEqual(made, {self.pack.name: [3], self.tree_pack.name: [0]})
        self.assertEqual(ended.events("done")[0]["lost"], 0)

    def test_reading_a_part_says_so_too(self):
        self.damage()
        for command, out in ((["cat", "latest", "note.txt"], "a note\n"),
                             (["restore", "latest", "--path", "note.txt", "--stdout"], "a note\n"),
                             (["ls", "latest"], None), (["find"], None), (["du", "latest"], None)):
            ended = self.azekura(*command, *self.keyed(), code=REPAIRED)
            self.assertIn("made again from parity", ended.errors)
            if out is not None:
                self.assertEqual(ended.text, out)
        self.azekura("list", *self.keyed())

    def test_repair_writes_whole_copies_and_a_log(self):
        facts = self.damage()
        before = contents_of(self.medium)
        ended = self.repair()
        self.assertEqual(ended.errors, "")
        lines = ended.text.splitlines(keepends=True)
        self.assertEqual(sorted(lines[:3]), sorted(f"HEALED: {fact}\n" for fact in facts))
        self.assertEqual(lines[3:], ["repaired   3 files; 0 cannot be\n", HEALED])
        self.assert_untouched(before)
        healed = self.healed_files()
        logs = [name for name in healed if re.fullmatch(r"healed/log/[0-9a-f]{16}\.txt", name)]
        self.assertEqual(len(logs), 1)
        log = healed.pop(logs[0]).decode()
        self.assertEqual(healed, {f"healed/{self.name_of(path)}": self.written[self.name_of(path)]
                                  for path in (self.header, self.pack, self.tree_pack)})
        self.assertIn(f"bytes {3 * LEAF} to {4 * LEAF} of pack {self.number:08x} made from parity",
                      log)
        for fact in facts:
            self.assertIn(fact, log)

    def test_repair_tells_programs(self):
        self.damage()
        ended = self.repair("--json")
        repaired = {one["file"]: (one["from"], one["leaves"], one["bytes"])
                    for one in ended.events("repaired")}
        size = {path: len(self.written[self.name_of(path)])
                for path in (self.header, self.pack, self.tree_pack)}
        self.assertEqual(repaired, {
            self.name_of(self.header): ("copy", 0, size[self.header]),
            self.name_of(self.pack): ("parity", 1, size[self.pack]),
            self.name_of(self.tree_pack): ("parity", 1, size[self.tree_pack])})
        self.assertEqual([one["remedy"] for one in ended.events("finding")], ["healed"] * 3)
        self.assertEqual(ended.events("repair"),
                         [{"event": "repair", "repaired": 3, "healed": 3, "lost": 0}])

    def test_after_repair_all_is_as_before(self):
        facts = self.damage()
        self.repair()
        wanted = state_of(self.tree)
        ended = self.verify(code=REPAIRED)
        lines = ended.text.splitlines(keepends=True)
        self.assertEqual(sorted(lines[:3]), sorted(f"HEALED: {fact}\n" for fact in facts))
        self.assertEqual(lines[-1], HEALED)
        self.assert_restores("latest", wanted)
        alone = self.home / "restored-alone"
        self.run_program([self.restore_program, "restore", "latest", *self.keyed(), "--target",
                          alone])
        self.assert_same(state_of(alone), wanted)
        self.assertEqual(self.azekura("cat", "latest", "note.txt", *self.keyed()).text, "a note\n")

    def test_a_second_repair_has_nothing_to_do(self):
        self.damage()
        self.repair()
        before = contents_of(self.medium)
        ended = self.repair("--json")
        self.assertEqual(ended.events("repaired"), [])
        self.assertEqual(ended.events("repair"),
                         [{"event": "repair", "repaired": 0, "healed": 3, "lost": 0}])
        self.assertEqual(contents_of(self.medium), before)

    def test_a_healed_copy_that_is_damaged_is_repaired_again(self):
        self.damage()
        self.repair()
        healed = self.medium / "healed" / self.name_of(self.pack)
        zero(healed, 0, LEAF)
        self.assertIn("REPAIRABLE: pack", self.verify(code=REPAIRED).text)
        self.repair()
        self.assertEqual(healed.read_bytes(), self.written[self.name_of(self.pack)])
        self.assertEqual(len(list(healed.parent.glob(f"{healed.name}.stray-*"))), 1)
        self.assert_restores("latest", state_of(self.tree))

    def test_what_does_not_fit_leaves_what_does_and_a_log(self):
        self.damage()
        saved, out = self.home / "saved", self.home / "out"
        self.medium.rename(saved)
        self.medium.mkdir()
        room = sum(-(-path.stat().st_size // 4096) * 4096 for path in saved.rglob("*"))
        mounted = in_own_mounts(
            f"mount -t tmpfs -o size={room + 200_000} tmpfs '{self.medium}'",
            f"cp -a '{saved}/.' '{self.medium}'")
        script = f'"$@"; code=$?; cp -a "{self.medium}" "{out}"; exit $code'
        ended = self.run_program([*mounted, "sh", "-c", script, "sh", self.azekura_program,
                                  "repair", "--from", self.medium], SPACE)
        self.assertIn("No space left on device", ended.errors)
        header = self.name_of(self.header)
        self.assertEqual((out / "healed" / header).read_bytes(), self.written[header])
        log, = (out / "healed" / "log").iterdir()
        self.assertIn(f"healed/{header}: ", log.read_text())
        self.assertFalse((out / "healed" / self.name_of(self.pack)).exists())
        self.assertEqual(list((out / "tmp").iterdir()), [])

    def test_a_backup_goes_on_with_healed_packs(self):
        self.damage()
        self.repair()
        (self.tree / "note.txt").write_bytes(b"another note\n")
        self.backup()
        self.assertFalse(self.tree_pack.exists())
        self.assertLess(self.new_pack_bytes(), 100_000)
        self.assert_restores("2/tree", state_of(self.tree))

    def new_pack_bytes(self):
        return sum(path.stat().st_size for path in self.packs()
                   if self.name_of(path) not in self.written)

    def test_a_rebuilt_catalogue_knows_healed_packs(self):
        self.damage()
        self.repair()
        self.at_site("catalogue", "rebuild", "daily")
        (self.tree / "note.txt").write_bytes(b"another note\n")
        self.backup()
        self.assertLess(self.new_pack_bytes(), 100_000)
        self.assert_restores("2/tree", state_of(self.tree))


class Disturbed(Aged):
    def test_one_run_at_a_time_writes_to_a_medium(self):
        self.damage()
        held = os.open(self.medium, os.O_RDONLY)
        self.addCleanup(os.close, held)
        fcntl.flock(held, fcntl.LOCK_EX)
        fact = f'another run writes to medium "{self.medium}"'
        self.assert_fails(BUSY, fact, "repair", "--from", self.medium, hint="wait until it ends")
        self.backup(code=BUSY)
        self.verify(code=REPAIRED)
        fcntl.flock(held, fcntl.LOCK_UN)
        self.repair()

    def test_interrupted_it_logs_what_it_did(self):
        if not shutil.which("strace"):
            self.skipTest("there is no strace")
        self.damage()
        ended = self.run_program(
            ["strace", "-f", "-o", "/dev/null", "-e", "trace=renameat2",
             "-e", "inject=renameat2:signal=SIGINT:when=1",
             self.azekura_program, "repair", "--from", self.medium], code=INTERRUPTED,
            env={**self.environment, "ASAN_OPTIONS": "detect_leaks=0"})  # it cannot under strace
        self.assertIn("azekura: error: stopped by a signal\n", ended.errors)
        names = sorted(self.healed_files())
        (log,) = [name for name in names if name.startswith("healed/log/")]
        (healed,) = [name for name in names if name != log]
        self.assertIn(f" {healed}: ", self.healed_files()[log].decode())
        self.repair()
        self.verify(code=REPAIRED)


class BeyondParity(Aged):
    def setUp(self):
        super().setUp()
        self.first = state_of(self.tree)
        (self.tree / "new.sql").write_bytes(text_bytes(self.random, 50_000))
        known = set(self.packs())
        self.backup()
        _new_trees, self.lost_pack = [path for path in self.packs() if path not in known]
        self.lost_pack.unlink()
        for path in (self.medium / "parity" / "000002").iterdir():
            path.unlink()

    def facts(self):
        return [f'"{name}" is not on the medium' for name in (
            self.name_of(self.lost_pack), "parity/000002/0", "parity/000002/1")]

    def test_verify_says_what_is_lost(self):
        ended = self.verify(code=DAMAGE)
        lines = ended.text.splitlines(keepends=True)
        self.assertIn(f"DAMAGE: {self.facts()[0]}\n", lines)
        self.assertEqual(lines[-1], NOT_WHOLE)
        ended = self.verify("--deep", "--key", self.key, code=DAMAGE)
        self.assertIn("new.sql", ended.text)
        pack = int(self.lost_pack.name, 16)
        self.assertIn(f"pack {pack:08x} is needed by 2/tree (1 items)\n", ended.text)
        ended = self.verify("--deep", "--json", "--key", self.key, code=DAMAGE)
        self.assertEqual(ended.events("needed"), [
            {"event": "needed", "pack": f"{pack:08x}",
             "snapshots": [{"snapshot": "2/tree", "items": 1}]}])

    def test_restore_names_the_files_and_brings_the_others(self):
        target = self.home / "restored"
        ended = self.azekura("restore", "latest", *self.keyed(), "--target", target, "--json",
                             code=DAMAGE)
        self.assertEqual([one["path"] for one in ended.events("lost")], ["new.sql"])
        wanted = state_of(self.tree)
        found = state_of(target)
        self.assertEqual(wanted.keys() - found.keys(), {b"new.sql"})
        self.assert_same(found, {name: state for name, state in wanted.items()
                                 if name != b"new.sql"})
        self.assert_restores("1/tree", self.first)

    def test_repair_heals_the_rest_and_says_what_is_lost(self):
        zero(self.pack, 0, LEAF)
        ended = self.repair(code=DAMAGE)
        lines = ended.text.splitlines(keepends=True)
        self.assertIn(f"DAMAGE: {self.facts()[0]}\n", lines)
        self.assertEqual(lines[-2:], [
            NOT_WHOLE,
            "which files of which snapshots that costs: azekura verify --deep --key FILE\n"])
        healed = self.healed_files()
        name = self.name_of(self.pack)
        self.assertEqual(healed[f"healed/{name}"], self.written[name])
        self.assertNotIn(f"healed/{self.name_of(self.lost_pack)}", healed)
        self.assert_restores("1/tree", self.first)


class OtherShapes(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()

    def set_parity(self, shape):
        site_file = self.site / "site.toml"
        lines = [line for line in site_file.read_text().splitlines()
                 if not line.startswith("parity")]
        at = lines.index("[[set]]") + 1
        site_file.write_text("\n".join([*lines[:at], f'parity = "{shape}"', *lines[at:], ""]))

    def parity_files(self, session):
        return len(list((self.medium / "parity" / f"{session:06}").glob("*")))

    def test_each_session_has_what_the_site_file_says(self):
        for session, (shape, files) in enumerate(
                [("10+3", 3), ("none", 0), ("50+1", 1), ("20+2", 2)], 1):
            self.set_parity(shape)
            change_tree(self.tree, self.random)
            self.backup()
            self.assertEqual(self.parity_files(session), files)
        self.verify()

    def test_so_has_what_was_captured_without_the_medium(self):
        self.set_parity("10+3")
        self.backup("--for", "daily")
        self.at_site("write", "daily")
        self.assertEqual(self.parity_files(1), 3)
        self.verify()

    def test_without_parity_damage_is_lost(self):
        self.set_parity("none")
        self.backup()
        pack = max((self.medium / "packs" / "00").iterdir(), key=lambda path: path.stat().st_size)
        zero(pack, 0, LEAF)
        self.verify(code=DAMAGE)
        self.azekura("repair", "--from", self.medium, code=DAMAGE)
        self.assertFalse((self.medium / "healed").exists())

    def test_a_shape_that_is_none_is_refused(self):
        self.set_parity("20:2")
        ended = self.backup(code=USAGE)
        self.assertIn("'parity' must be like \"20+2\" (at most 128+4), or \"none\"", ended.errors)
        self.assertIn("azekura: hint: correct that line of the site file", ended.errors)


class NothingToRepair(Aged):
    def test_a_whole_medium(self):
        ended = self.repair(code=0)
        self.assertEqual(ended.text, "repaired   0 files; 0 cannot be\n"
                         "every byte and every signature is as it was written\n")
        self.assertEqual(contents_of(self.medium), self.written)
        self.assertFalse((self.medium / "healed").exists())

    def test_no_medium(self):
        self.assert_fails(MEDIUM, f'"{self.home}" is not an azekura medium', "repair", "--from",
                          self.home, out="", hint="name the folder that holds README.txt and label")
        self.assert_fails(MEDIUM, f'medium "{self.home}/none" is not there: cannot open it: No such '
                          "file or directory", "repair", "--from", self.home / "none", out="",
                          hint="attach the medium, or check its folder with 'azekura status'")

    def test_a_read_only_medium(self):
        self.damage()
        read_only = in_own_mounts(f"mount --bind '{self.medium}' '{self.medium}'",
                                  f"mount -o remount,bind,ro '{self.medium}'")
        ended = self.run_program([*read_only, self.azekura_program, "repair", "--from",
                                  self.medium], MEDIUM)
        self.assertEqual(ended.errors,
                         f'azekura: error: medium "{self.medium}" cannot be written: cannot write '
                         f"to it: Read-only file system\nazekura: hint: {READ_ONLY_HINT}\n")
        target = self.home / "restored"
        self.run_program([*read_only, self.azekura_program, "restore", "latest", *self.keyed(),
                          "--target", target], REPAIRED)
        self.assert_same(state_of(target), state_of(self.tree))


if __name__ == "__main__":
    main()
