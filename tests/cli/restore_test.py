#!/usr/bin/python3
"""restore: where things go, what is chosen, what is refused and left as it was."""
import os
import shutil

from azekura_case import USAGE, AzekuraCase, change_tree, main, state_of


class Restore(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.add_command("ehr", "printf 'patients\\n'")
        self.backup()
        self.target = self.home / "target"

    def restored(self, *arguments, code=0):
        return self.azekura("restore", *arguments, *self.keyed(), "--target", self.target,
                            code=code)

    def assert_refused(self, fact, *arguments, hint=None):
        before = state_of(self.target) if self.target.exists() else None
        self.assert_fails(USAGE, fact, "restore", *arguments, *self.keyed(), "--target",
                          self.target, hint=hint, out="")
        self.assertEqual(state_of(self.target) if self.target.exists() else None, before)

    def test_one_source_goes_straight_into_the_target(self):
        for snapshot in (["latest", "--source", "tree"], ["latest/tree"], ["1/tree"],
                         ["1", "--source", "tree"]):
            self.assert_restores(snapshot[0], state_of(self.tree), *snapshot[1:])

    def test_several_go_below_the_target_by_name(self):
        for snapshot in ("latest", "1"):
            found = self.restore(snapshot)
            self.assertEqual(sorted(os.listdir(found)), ["ehr", "tree"])
            self.assertEqual((found / "ehr").read_bytes(), b"patients\n")
            self.assert_same(state_of(found / "tree"), state_of(self.tree))

    def test_a_stream_becomes_a_file_of_its_name(self):
        found = self.restore("latest/ehr")
        self.assertEqual(os.listdir(found), ["ehr"])
        self.assertEqual((found / "ehr").read_bytes(), b"patients\n")
        self.assertEqual((found / "ehr").stat().st_mode & 0o777, 0o600)

    def test_a_target_that_is_absent_is_made(self):
        self.restored("latest/tree")
        self.assert_same(state_of(self.target), state_of(self.tree))

    def test_each_snapshot_is_what_it_was(self):
        first = state_of(self.tree)
        change_tree(self.tree, self.random)
        (self.tree / "table.sql").unlink()
        self.backup("tree")
        self.assert_restores("1/tree", first)
        self.assert_restores("2", state_of(self.tree))
        self.assert_restores("latest/tree", state_of(self.tree))
        # "latest" is the latest of every source, also of one the last night left out.
        found = self.restore("latest")
        self.assertEqual((found / "ehr").read_bytes(), b"patients\n")
        self.assert_same(state_of(found / "tree"), state_of(self.tree))

    def test_a_target_that_is_not_empty_is_left_alone(self):
        self.target.mkdir()
        (self.target / "theirs").write_text("kept")
        self.assert_refused(f'"{self.target}" is not empty', "latest",
                            hint="choose a folder that does not exist yet, or an empty one")
        (self.target / "theirs").rename(self.target / ".hidden")
        self.assert_refused(f'"{self.target}" is not empty', "latest/tree",
                            hint="choose a folder that does not exist yet, or an empty one")

    def test_a_target_that_is_a_file_is_left_alone(self):
        self.target.write_text("theirs")
        ended = self.restored("latest", code=None)
        self.assertIn(ended.code, (2, 3), ended)
        self.assertEqual(self.target.read_text(), "theirs")

    def test_a_target_on_the_medium_is_refused(self):
        before = sorted(path.name for path in self.medium.iterdir())
        for target in (self.medium, self.medium / "restored", self.medium / "packs" / "x"):
            self.assert_fails(2, f'"{target}" lies on the medium', "restore", "latest",
                              *self.keyed(), "--target", target, out="",
                              hint="choose a folder on another file system")
        self.assertEqual(sorted(path.name for path in self.medium.iterdir()), before)

    def test_a_part(self):
        self.restored("latest", "--source", "tree", "--path", "ward/図", "--path", "/note.txt")
        found = state_of(self.target)
        wanted = state_of(self.tree)
        self.assertEqual(sorted(found), sorted(
            [b".", b"note.txt", b"ward", "ward/図".encode(), "ward/図/image.raw".encode()]))
        for path in ("ward/図", "ward/図/image.raw"):
            self.assertEqual(found[path.encode()], wanted[path.encode()])
        self.assertEqual(found[b"note.txt"][5], wanted[b"note.txt"][5])

    def test_a_part_that_is_not_there(self):
        ended = self.restored("latest/tree", "--path", "note.txt", "--path", "nothing", code=USAGE)
        self.assertIn('"nothing"', ended.errors)
        self.assertFalse((self.target / "note.txt").exists())

    def test_parts_need_one_source(self):
        self.assert_refused("--path needs one source, 2 are meant", "latest", "--path", "note.txt",
                            hint="name it with --source NAME")

    def test_to_standard_output(self):
        for arguments, wanted in ((["latest/ehr"], b"patients\n"),
                                  (["latest", "--source", "ehr"], b"patients\n"),
                                  (["1/tree", "--path", "note.txt"], b"a note\n"),
                                  (["1/tree", "--path", "empty"], b"")):
            ended = self.azekura("restore", *arguments, *self.keyed(), "--stdout")
            self.assertEqual((ended.out, ended.err), (wanted, b""))

    def test_standard_output_takes_one_file(self):
        hint = "name it with --source NAME, and --path P for a file of a tree"
        for arguments in (["latest"], ["1/tree", "--path", "a", "--path", "b"]):
            self.assert_fails(USAGE, "--stdout takes one file of one source", "restore",
                              *arguments, *self.keyed(), "--stdout", hint=hint, out="")
        for path in ("ward", "link", "none"):
            self.assert_fails(USAGE, f'there is no file "{path}" in 1/tree', "restore", "1/tree",
                              "--path", path, *self.keyed(), "--stdout", out="")

    def test_needs_a_target_or_standard_output(self):
        hint = "see 'azekura --help'"
        self.assert_fails(USAGE, "restore: give --target DIR, --stdout or --dry-run", "restore", "latest",
                          *self.keyed(), hint=hint, out="")
        ended = self.azekura("restore", "latest", *self.keyed(), "--stdout", "--target",
                             self.target, code=USAGE)
        self.assertIn("excludes", ended.errors)
        self.assertFalse(self.target.exists())

    def test_unknown_snapshots_are_refused_with_what_there_is(self):
        hint = "see 'azekura list --from MEDIUM --key FILE'"
        for name in ("2", "7/tree", "yesterday"):
            self.assert_refused(f"there is no snapshot '{name}'; the newest are: 1/tree, 1/ehr",
                                name, hint=hint)
        for arguments in (["latest/eht"], ["latest", "--source", "eht"],
                          ["1", "--source", "eht"]):
            self.assert_refused("there is no source 'eht'; the medium has: ehr, tree",
                                *arguments, hint=hint)
        self.assert_refused("there is no snapshot '7/tree'; the newest are: 1/tree, 1/ehr",
                            "7", "--source", "tree", hint=hint)
        self.assert_refused("'1/tree' is not a snapshot of the source 'ehr'", "1/tree",
                            "--source", "ehr")

    def test_says_what_it_did(self):
        ended = self.restored("latest")
        self.assertEqual(ended.errors, "")
        ehr, tree, total = ended.text.splitlines()
        self.assertRegex(ehr, r"^1/ehr +\d+ entries +9 bytes$")
        self.assertRegex(tree, r"^1/tree +\d+ entries +390\.6 KiB$")
        self.assertRegex(total, r"^\d+ files, 390\.6 KiB, \d+\.\d s$")

    def test_as_json(self):
        objects = self.restored("latest", "--json").objects()
        self.assertEqual([one["event"] for one in objects], ["restored", "restored", "done"])
        self.assertEqual(list(objects[0]), ["event", "snapshot", "entries", "files", "bytes", "kept",
                                            "lost", "flawed", "metadata_not_set", "left_out", "not_set"])
        self.assertEqual(list(objects[-1]),
                         ["event", "dry_run", "files", "bytes", "lost", "elsewhere", "seconds"])
        self.assertEqual(objects[-1]["lost"], 0)
        self.assertEqual(objects[-1]["bytes"], sum(one["bytes"] for one in objects[:-1]))

    def test_a_dry_run_says_what_would_be_and_touches_nothing(self):
        before = state_of(self.medium)
        for arguments in ([], ["--target", self.target]):
            dry = self.azekura("restore", "latest", *self.keyed(), "--dry-run", "--json",
                               *arguments).objects()
            self.assertFalse(self.target.exists())
        self.assert_same(state_of(self.medium), before)
        real = self.restored("latest", "--json").objects()
        for said, done in zip(dry, real):
            for field in ("snapshot", "entries", "files", "bytes", "lost", "left_out", "not_set"):
                self.assertEqual(said.get(field), done.get(field))
        self.assertEqual([one["event"] for one in dry], ["forecast", "forecast", "done"])
        self.assertTrue(dry[-1]["dry_run"])
        self.assertGreater(dry[1]["packs"], 0)
        ended = self.azekura("restore", "1/tree", *self.keyed(), "--dry-run")
        self.assertRegex(ended.text, r"(?s)^1/tree +\d+ entries +390\.6 KiB  from \d+ packs\n"
                                     r".*: a dry run, nothing was written\n$")

    def test_a_dry_run_refuses_what_the_restore_would(self):
        self.target.mkdir()
        (self.target / "theirs").write_text("kept")
        self.assert_refused(f'"{self.target}" is not empty', "latest", "--dry-run",
                            hint="choose a folder that does not exist yet, or an empty one")
        ended = self.azekura("restore", "latest/tree", *self.keyed(), "--dry-run", "--path", "x",
                             code=USAGE)
        self.assertIn('the snapshot has no "x"', ended.errors)

    def test_best_effort_gives_all_that_is_intact(self):
        image = (self.tree / "ward" / "図" / "image.raw").read_bytes()
        big = self.tree / "big"
        big.write_bytes(self.random.randbytes(4_000_000))
        (self.tree / "big.damaged").write_bytes(b"another")
        self.backup("tree")
        pack = max((one for one in self.medium.glob("packs/*/*")
                    if one.stat().st_size > 4_000_000), key=lambda path: path.name)
        data = bytearray(pack.read_bytes())
        data[2_000_000] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(data)
        shutil.rmtree(self.medium / "parity")

        strict = self.restored("latest/tree", "--json", code=5)
        (lost,) = strict.events("lost")
        self.assertEqual((lost["path"], lost.get("saved_as")), ("big", None))
        self.assertEqual((self.target / "big.damaged").read_bytes(), b"another")
        self.assertFalse((self.target / "big").exists())

        found = self.home / "found"
        arguments = ("restore", "latest/tree", *self.keyed(), "--best-effort", "--target")
        (lost,) = self.azekura(*arguments, found, "--json", code=5).events("lost")
        self.assertEqual((lost["path"], lost["saved_as"]), ("big", "big.damaged-2"))
        self.assertEqual(set(lost["packs"]), {pack.name.split(".")[0]})
        wanted = bytearray(big.read_bytes())
        for offset, length in lost["ranges"]:
            wanted[offset:offset + length] = bytes(length)
        self.assertEqual((found / "big.damaged-2").read_bytes(), wanted)
        self.assertLess(sum(length for _offset, length in lost["ranges"]), 1_300_000)
        self.assertFalse((found / "big").exists())
        self.assertEqual((found / "big.damaged").read_bytes(), b"another")
        self.assertEqual((found / "ward" / "図" / "image.raw").read_bytes(), image)
        text = self.azekura(*arguments, self.home / "again", code=5).text
        self.assertRegex(text, r'(?m)^LOST 2/tree:big: .* bytes \d+\+\d+ \(pack [0-9a-f]{8}\); '
                               r'the rest is in "big\.damaged-2"$')

    def test_without_root_says_what_it_could_not_set(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to have something that others cannot set")
        tool = self.tree / "tool"
        tool.write_bytes(b"elf")
        tool.chmod(0o4755)
        os.setxattr(tool, "security.capability", bytes([1, 0, 0, 2, 0, 32] + 14 * [0]))
        os.setxattr(tool, "user.note", b"kept")
        os.mknod(self.tree / "null", 0o20600, os.makedev(1, 3))
        self.backup("tree")
        self.environment["HOME"] = str(self.home)
        for path in (self.home, self.key.parent.parent, self.key.parent, self.key):
            path.chmod(0o755)
        for folder, _folders, files in os.walk(self.medium):
            os.chmod(folder, 0o755)
            for name in files:
                os.chmod(os.path.join(folder, name), 0o644)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

        def restored_by_nobody(*options):
            target = self.home / f"by-nobody{len(options)}"
            target.mkdir()
            os.chown(target, 65534, 65534)
            command = [*nobody, self.azekura_program, "restore", "latest/tree", *self.keyed(),
                       *options]
            forecast = self.run_program([*command, "--dry-run", "--json"]).objects()
            ended = self.run_program([*command, "--target", target, "--json"])
            done = ended.events("restored")[0]
            for field in ("left_out", "not_set"):
                self.assertEqual(forecast[-2][field], done[field])
            for event in ("left_out", "not_set"):
                counted = {}
                for one in ended.events(event):
                    counted[one["what"]] = counted.get(one["what"], 0) + 1
                self.assertEqual(counted, done[event])
            self.assertIn("--json names each", ended.errors)
            self.assertEqual((target / "tool").read_bytes(), b"elf")
            self.assertEqual((target / "tool").stat().st_mode & 0o7777, 0o755)
            self.assertEqual(os.getxattr(target / "tool", "user.note"), b"kept")
            self.assertFalse((target / "null").exists())
            return done

        done = restored_by_nobody()
        self.assertEqual(done["left_out"], {"set_id": 1, "capability": 1, "device": 1})
        owners = done["not_set"].pop("owner")
        self.assertEqual((owners > 5, done["not_set"], done["lost"]), (True, {}, 0))
        done = restored_by_nobody("--system")
        self.assertEqual(done["left_out"], {})
        self.assertEqual(done["not_set"],
                         {"owner": owners, "set_id": 1, "capability": 1, "device": 1})
        # Listed by default, one a line, and all of it there with --system.
        lines = self.restored("latest/tree").text.splitlines()
        self.assertEqual(sorted(line for line in lines if line.startswith("LEFT OUT")),
                         ["LEFT OUT 2/tree:null: device", "LEFT OUT 2/tree:tool: capability",
                          "LEFT OUT 2/tree:tool: set id"])
        self.assertIn("    left out: set id (1), capability (1), device (1)", lines)
        whole = self.restore("latest/tree", "--system")
        self.assert_same(state_of(whole), state_of(self.tree))
        self.assertEqual(os.getxattr(whole / "tool", "security.capability"),
                         os.getxattr(tool, "security.capability"))

    def test_needs_neither_site_nor_catalogue(self):
        wanted = state_of(self.tree)
        self.site.rename(self.home / "gone")
        self.assert_restores("latest/tree", wanted)
        self.verify()

    def test_changes_nothing_on_the_medium(self):
        before = state_of(self.medium)
        self.restored("latest")
        self.azekura("list", *self.keyed())
        self.verify("--deep", "--key", self.key)
        self.assert_same(state_of(self.medium), before)


if __name__ == "__main__":
    main()
