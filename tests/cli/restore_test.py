#!/usr/bin/python3
"""restore: where things go, what is chosen, what is refused and left as it was."""
import os

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
        self.assert_fails(USAGE, "restore: give --target DIR or --stdout", "restore", "latest",
                          *self.keyed(), hint=hint, out="")
        ended = self.azekura("restore", "latest", *self.keyed(), "--stdout", "--target",
                             self.target, code=USAGE)
        self.assertIn("excludes", ended.errors)
        self.assertFalse(self.target.exists())

    def test_unknown_snapshots_are_refused_with_what_there_is(self):
        hint = "see 'azekura list --from DIR --key FILE'"
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
        self.assertEqual(list(objects[0]), ["event", "snapshot", "entries", "files", "bytes",
                                            "lost", "flawed", "metadata_not_set"])
        self.assertEqual(list(objects[-1]), ["event", "files", "bytes", "lost", "seconds"])
        self.assertEqual(objects[-1]["lost"], 0)
        self.assertEqual(objects[-1]["bytes"], sum(one["bytes"] for one in objects[:-1]))

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
