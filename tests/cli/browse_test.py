#!/usr/bin/python3
"""list, ls, find, cat, du and diff: as text for people and terminals, as JSON for programs."""
import fnmatch
import os
import shutil
import unicodedata

from azekura_case import DAMAGE, INCOMPLETE, USAGE, AzekuraCase, main, without_privileges

ODD_NAMES = (b"new\nline", b"\x1b[31mred", b"\x1b]0;title\x07", b"\x93\xfa\x96{.dat", b"tab\there",
             b"del\x7f", "\u202egnp.exe".encode(), "\u200bhidden".encode(), "\x9b31m".encode(),
             b"back\\slash", "診療録.txt".encode(), b"cr\rover", b" space ", b"'quote\"")


class Browse(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_site()
        self.medium = self.add_set()
        self.ward = self.home / "ward"
        (self.ward / "deep" / "er").mkdir(parents=True)
        (self.ward / "note.txt").write_text("a note\n")
        (self.ward / "note.txt").chmod(0o4640)
        os.utime(self.ward / "note.txt", ns=(0, 1_600_000_000_123_456_789))
        (self.ward / "deep" / "scan.dcm").write_bytes(b"x" * 3000)
        (self.ward / "deep" / "er" / "scan.txt").write_bytes(b"y" * 500)
        (self.ward / "link").symlink_to("deep/scan.dcm")
        os.link(self.ward / "note.txt", self.ward / "deep" / "same")
        os.mkfifo(self.ward / "pipe")
        self.at_site("source", "add", "ward", self.ward)
        self.add_command("ehr", "printf 'patients\\n'")
        self.backup()

    def read(self, *arguments, code=0):
        return self.azekura(arguments[0], *self.keyed(), *arguments[1:], code=code)

    def entries(self, *arguments):
        return {one["path"]: one for one in self.read(*arguments, "--json").events("entry")}


class List(Browse):
    def test_as_text(self):
        self.backup("ward")
        time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
        lines = self.read("list").text.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[0], rf"^1/ward +{time} +9 entries +3\.4 KiB  complete$")
        self.assertRegex(lines[1], rf"^1/ehr +{time} +1 entries +9 bytes  complete$")
        self.assertRegex(lines[2], rf"^2/ward +{time} +9 entries +3\.4 KiB  complete$")

    def test_as_json(self):
        ward, ehr = self.read("list", "--json").objects()
        self.assertEqual([ward[name] for name in (
            "event", "name", "session", "source", "kind", "set", "complete", "entries", "bytes",
            "flawed")], ["snapshot", "1/ward", 1, "ward", "tree", "daily", True, 9, 3507, 0])
        self.assertEqual((ehr["kind"], ehr["bytes"], ehr["host"]),
                         ("stream", 9, os.uname().nodename))
        for name in ("started", "finished"):
            self.assertRegex(ward[name], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_a_medium_without_sessions_is_an_empty_list(self):
        fresh = self.add_set("weekly")
        self.assertEqual(self.azekura("list", *self.keyed(fresh)).out, b"")
        self.assertEqual(self.azekura("list", "--json", *self.keyed(fresh)).out, b"")


class Ls(Browse):
    def test_as_text(self):
        text = self.read("ls", "1/ward").text
        self.assertEqual([line.split(maxsplit=6)[-1] for line in text.splitlines()],
                         ["deep", "link -> deep/scan.dcm", "note.txt", "pipe"])
        note = next(line for line in text.splitlines() if line.endswith(" note.txt"))
        self.assertRegex(note, r"^-rwSr----- .* 2020-09-13 12:26:40 note\.txt$")
        same = self.read("ls", "1/ward", "deep/same").text
        self.assertRegex(same, r"^-rwSr----- .* 7 2020-09-13 12:26:40 deep/same\n$")

    def test_of_a_folder_a_file_and_all(self):
        self.assertEqual(list(self.entries("ls", "1/ward", "deep")),
                         ["deep/er", "deep/same", "deep/scan.dcm"])
        self.assertEqual(list(self.entries("ls", "1/ward", "/deep/er/")), ["deep/er/scan.txt"])
        self.assertEqual(list(self.entries("ls", "1/ward", "note.txt")), ["note.txt"])
        self.assertEqual(sorted(self.entries("ls", "-R", "1/ward")), sorted([
            "deep", "deep/er", "deep/er/scan.txt", "deep/same", "deep/scan.dcm", "link",
            "note.txt", "pipe"]))
        self.assertEqual(list(self.entries("ls", "1/ehr")), [""])

    def test_as_json(self):
        entries = self.entries("ls", "-R", "1/ward")
        note = entries["deep/same"]
        self.assertEqual([note[name] for name in ("event", "kind", "mode", "uid", "gid", "size",
                                                  "modified")],
                         ["entry", "file", "4640", os.getuid(), os.getgid(), 7,
                          [1_600_000_000, 123_456_789]])
        self.assertRegex(note["digest"], r"^[0-9a-f]{64}$")
        self.assertEqual(entries["note.txt"]["hard_link"], note["hard_link"])
        for name in ("size", "digest"):  # of every name
            self.assertEqual(entries["note.txt"][name], note[name])
        self.assertEqual(entries["link"]["target"], "deep/scan.dcm")
        self.assertEqual({path: one["kind"] for path, one in entries.items()
                          if one["kind"] != "file"},
                         {"deep": "directory", "deep/er": "directory", "link": "symlink",
                          "pipe": "fifo"})
        self.assertNotIn("flaw", note)

    def test_what_is_not_there(self):
        self.assert_fails(USAGE, 'there is no "nothing/here" in 1/ward', "ls", "1/ward",
                          "nothing/here", *self.keyed(), out="")


class Find(Browse):
    def test_by_name_or_path(self):
        self.assertEqual(self.read("find", "*.dcm").text, "1/ward:deep/scan.dcm\n")
        self.assertEqual(self.read("find", "deep/*.txt").text, "1/ward:deep/er/scan.txt\n")
        self.assertEqual(self.read("find", "none").text, "")
        self.assertEqual(len(self.read("find").text.splitlines()), 9 + 1)

    def test_across_snapshots_or_in_one(self):
        (self.ward / "new.dcm").write_bytes(b"z")
        self.backup()
        self.assertEqual(self.read("find", "*.dcm").text.splitlines(), [
            "1/ward:deep/scan.dcm", "2/ward:deep/scan.dcm", "2/ward:new.dcm"])
        self.assertEqual(self.read("find", "*.dcm", "--snapshot", "1/ward").text,
                         "1/ward:deep/scan.dcm\n")
        found = self.read("find", "new*", "--json", "--snapshot", "latest").objects()
        self.assertEqual([(one["snapshot"], one["path"]) for one in found],
                         [("2/ward", "new.dcm")])


class FindAcrossNights(AzekuraCase):
    """Against an oracle: the trees as they were when they were backed up."""
    NAMES = (b"scan.dcm", b"new\nline", b"\x93\xfa.dcm", b"a[1]", b"A", "診療録".encode(), b"-x",
             b"b.txt")
    PATTERNS = (b"", b"*", b"*.dcm", b"\x93*", b"*/scan.dcm", b"a/*", b"new?line", b"[aA]", b"-*",
                "*録".encode(), b"a\\[1]", b"A/A", b"nothing")

    def test_each_match_is_listed_with_each_snapshot_it_is_in(self):
        self.make_site()
        self.medium = self.add_set()
        trees = [self.home / "one", self.home / "two"]
        for tree in trees:
            tree.mkdir()
            self.at_site("source", "add", tree.name, tree)
        nights = []
        for night in range(1, 6):
            for tree in trees:
                for _ in range(8):
                    self.change(os.fsencode(tree))
            self.backup()
            nights += [(f"{night}/{tree.name}", paths_below(os.fsencode(tree)))
                       for tree in trees]
        found = 0
        for pattern in self.PATTERNS:
            wanted = [(snapshot, path) for snapshot, paths in nights for path in paths
                      if not pattern or any(
                          fnmatch.fnmatchcase(text, pattern.replace(b"\\[", b"[[]"))
                          for text in (path, os.path.basename(path)))]
            listed = self.azekura("find", "--json", *self.keyed(), "--", pattern).objects()
            self.assertEqual([(one["snapshot"], raw(one, "path")) for one in listed], wanted,
                             pattern)
            found += len(listed)
        self.assertGreater(found, 200)

    def change(self, tree):
        folders = [path for path in paths_below(tree) if os.path.isdir(os.path.join(tree, path))
                   and not os.path.islink(os.path.join(tree, path))]
        path = os.path.join(tree, self.random.choice(folders), self.random.choice(self.NAMES))
        if os.path.lexists(path):
            if os.path.isdir(path) and self.random.random() < 0.8:
                return
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
            return
        what = self.random.randrange(4)
        if what == 0:
            os.mkdir(path)
        elif what == 1 and (linked := [one for one in paths_below(tree)
                                       if os.path.isfile(os.path.join(tree, one))]):
            os.link(os.path.join(tree, self.random.choice(linked)), path)
        else:
            with open(path, "wb") as file:
                file.write(self.random.randbytes(20))


class FindFlawed(Browse):
    def test_every_name_of_a_file_that_could_not_be_read(self):
        (self.ward / "later").mkdir()
        os.link(self.ward / "note.txt", self.ward / "later" / "third")
        self.backup("ward")
        (self.ward / "note.txt").chmod(0)
        self.run_program([*without_privileges(), self.azekura_program, "-s", self.site, "backup",
                          "ward", "--to", "daily"], INCOMPLETE)
        (self.ward / "note.txt").chmod(0o600)
        self.backup("ward")
        found = self.read("find", "--flawed", "--json").objects()
        self.assertEqual([(one["snapshot"], one["path"], one["flaw"]) for one in found],
                         [("3/ward", path, "unreadable")
                          for path in ("deep/same", "later/third", "note.txt")])
        self.assertEqual(self.read("find", "--flawed", "third").text, "3/ward:later/third\n")

    def test_a_folder_that_is_damaged_does_not_hide_the_rest(self):
        for name in ("a", "z"):
            (self.ward / name).mkdir()
            (self.ward / name / "new.dcm").write_bytes(b"new")
        os.utime(self.ward / "z", (0, 0))
        before = set(self.medium.glob("packs/*/*"))
        self.backup("ward")
        shutil.rmtree(self.medium / "parity")
        codes = set()
        for pack in set(self.medium.glob("packs/*/*")) - before:
            away = pack.rename(self.home / "away")
            ended = self.read("find", "*.dcm", "--json", code=None)
            away.rename(pack)
            codes.add(ended.code)
            if ended.code == DAMAGE:  # it held the night's directories, the root among them
                lost, = ended.events("lost")
                self.assertEqual((lost["snapshot"], lost["path"]), ("2/ward", ""))
                self.assertEqual([(one["snapshot"], one["path"]) for one in ended.events("entry")],
                                 [("1/ward", "deep/scan.dcm")])
                self.assertEqual(ended.errors, "azekura: warning: 2/ward: cannot be listed: "
                                               f"{lost['reason']}\n")
        self.assertEqual(codes, {0, DAMAGE})


class Diff(Browse):
    def test_a_night_as_text(self):
        (self.ward / "note.txt").write_text("another\n")
        (self.ward / "deep" / "scan.dcm").rename(self.ward / "deep" / "moved.dcm")
        (self.ward / "pipe").unlink()
        (self.ward / "pipe").symlink_to("deep")
        os.utime(self.ward, (0, 0))
        os.utime(self.ward / "deep", (0, 0))
        self.backup("ward")
        lines = self.read("diff", "1/ward", "2/ward").text.splitlines()
        self.assertEqual([line for line in lines if "  pipe  " not in line], [
            "changed   .  [modified]",
            "changed   deep  [modified]",
            "added     deep/moved.dcm",
            "changed   deep/same  [content, modified]",
            "removed   deep/scan.dcm",
            "changed   note.txt  [content, modified]",
            "1 added, 1 removed, 5 changed from 1/ward to 2/ward"])
        self.assertRegex(next(line for line in lines if "  pipe  " in line),
                         r"^changed   pipe  \[fifo became symlink, .*target.*\]$")
        self.assertEqual(self.read("diff", "1/ward", "2/ward", "/deep//moved.dcm").text,
                         "added     deep/moved.dcm\n"
                         "1 added, 0 removed, 0 changed from 1/ward to 2/ward\n")
        self.assertEqual(
            self.run_program([self.restore_program, "diff", *self.keyed(), "1", "latest"],
                             code=USAGE).errors,
            "azekura-restore: error: '1' means several snapshots; name one of: 1/ehr, 1/ward\n")

    def test_as_json(self):
        (self.ward / "deep" / "er" / "scan.txt").write_bytes(b"z" * 600)
        os.chown(self.ward / "link", os.getuid(), os.getgid(), follow_symlinks=False)
        self.backup("ward")
        *found, last = self.read("diff", "1/ward", "2/ward", "--json").objects()
        self.assertEqual([(one["event"], one["change"], one["path"], one["fields"])
                          for one in found],
                         [("difference", "changed", "deep/er/scan.txt", ["content", "modified"])])
        self.assertEqual((found[0]["before"]["size"], found[0]["after"]["size"]), (500, 600))
        old = self.entries("ls", "1/ward", "deep/er")["deep/er/scan.txt"]
        self.assertEqual({"event": "entry", "path": "deep/er/scan.txt", **found[0]["before"]}, old)
        self.assertEqual(last, {"event": "compared", "before": "1/ward", "after": "2/ward",
                                "added": 0, "removed": 0, "changed": 1})
        back = self.read("diff", "2/ward", "1/ward", "--json").objects()
        self.assertEqual((back[0]["before"], back[0]["after"]),
                         (found[0]["after"], found[0]["before"]))

    def test_a_stream(self):
        self.backup("ehr")
        self.assertRegex(self.read("diff", "1/ehr", "2/ehr").text,
                         r"^(changed   \.  \[modified\]\n)?0 added, 0 removed, [01] changed from ")

    def test_equal_snapshots(self):
        self.assertEqual(self.read("diff", "1/ward", "1/ward", "--json").objects(), [
            {"event": "compared", "before": "1/ward", "after": "1/ward", "added": 0, "removed": 0,
             "changed": 0}])

    def test_what_is_not_there(self):
        self.assert_fails(USAGE, 'there is no "nothing" in either snapshot', "diff", "1/ward",
                          "1/ward", "nothing", *self.keyed(), out="")


class Cat(Browse):
    def test_a_file_and_a_stream(self):
        self.assertEqual(self.read("cat", "1/ward", "deep/scan.dcm").out, b"x" * 3000)
        self.assertEqual(self.read("cat", "latest/ehr").out, b"patients\n")
        self.assertEqual(self.read("cat", "latest/ward", "deep/same").out, b"a note\n")

    def test_what_is_no_file(self):
        for path in ("deep", "link", "pipe", "none", "note.txt/x", ""):
            with self.subTest(path=path):
                self.assert_fails(USAGE, f'there is no file "{path}" in 1/ward', "cat", "1/ward",
                                  path, *self.keyed(), out="")


class Du(Browse):
    def test_as_text_and_json(self):
        self.assertEqual(self.read("du", "1/ward", "deep").text.split(),
                         ["3.4", "KiB", "5", "entries", "1/ward:deep"])
        self.assertEqual(self.read("du", "1/ward", "deep/er", "--json").objects(), [
            {"event": "usage", "snapshot": "1/ward", "entries": 2, "bytes": 500,
             "path": "deep/er"}])


class SnapshotNames(Browse):
    def test_each_form_means_what_it_says(self):
        self.backup("ward")
        for name, wanted in (("1/ward", "1/ward"), ("2", "2/ward"), ("2/ward", "2/ward"),
                             ("latest/ward", "2/ward"), ("latest/ehr", "1/ehr")):
            self.assertEqual(self.read("du", name, "--json").objects()[0]["snapshot"], wanted)

    def test_what_means_several_asks_for_one(self):
        for name in ("1", "latest"):
            self.assert_fails(
                USAGE, f"'{name}' means several snapshots; name one of: 1/ehr, 1/ward", "ls", name,
                *self.keyed(), out="")

    def test_unknown_ones_are_refused_with_what_there_is(self):
        for name in ("2", "0", "2/ward", "newest", "/ward", "1 ", "-1", "99999999999",
                     "\x1b[31m"):
            with self.subTest(name=name):
                shown = name.replace("\x1b", "\\x1b")
                self.assert_fails(
                    USAGE, f"there is no snapshot '{shown}'; the newest are: 1/ward, 1/ehr",
                    "ls", *self.keyed(), "--", name,
                    hint="see 'azekura list --from MEDIUM --key FILE'", out="")
        for name, source in (("1/wrad", "wrad"), ("latest/wrad", "wrad"), ("1/ward/x", "ward/x")):
            with self.subTest(name=name):
                self.assert_fails(
                    USAGE, f"there is no source '{source}'; the medium has: ehr, ward", "ls",
                    *self.keyed(), name, hint="see 'azekura list --from MEDIUM --key FILE'", out="")


class OddNames(Browse):
    def setUp(self):
        super().setUp()
        self.odd = self.home / "odd"
        self.odd.mkdir()
        for name in ODD_NAMES:
            with open(os.path.join(os.fsencode(self.odd), name), "wb") as file:
                file.write(name)
            os.symlink(name, os.path.join(os.fsencode(self.odd), b"to-" + name))
        self.at_site("source", "add", "odd", self.odd)
        self.backup("odd")

    def assert_tame(self, ended):
        """No byte that drives a terminal, and no character that reorders or hides what follows."""
        for output in (ended.out, ended.err):
            text = output.decode()  # valid UTF-8
            for character in text.replace("\n", ""):
                self.assertNotIn(unicodedata.category(character), ("Cc", "Cf", "Co", "Cs"),
                                 f"{character!r} in {text!r}")

    def test_never_reach_a_terminal_raw(self):
        for command in (["ls", "2/odd"], ["ls", "-R", "2/odd"], ["find"], ["du", "2/odd"],
                        ["diff", "1/ward", "2/odd"], ["diff", "2/odd", "1/ward"],
                        ["restore", "2/odd", "--target", self.home / "out"]):
            self.assert_tame(self.read(*command))
        self.assertEqual(len(self.read("ls", "2/odd").text.splitlines()), 2 * len(ODD_NAMES))
        for name in ODD_NAMES:
            self.assert_tame(self.read("ls", "2/odd", os.fsdecode(name)))
            self.assert_tame(self.read("ls", "2/odd", os.fsdecode(b"none-" + name), code=USAGE))
            self.assert_tame(self.read("cat", "2/odd", os.fsdecode(b"none-" + name), code=USAGE))
            self.assert_tame(self.read("du", os.fsdecode(b"2/" + name), code=USAGE))
            self.assert_tame(self.read("diff", "2/odd", "2/odd", os.fsdecode(b"none-" + name),
                                       code=USAGE))

    def test_are_lossless_for_programs(self):
        for command in (["ls", "2/odd"], ["find", "--snapshot", "2/odd"]):
            found = {}
            for one in self.read(*command, "--json").events("entry"):
                self.assertNotEqual("path" in one, "path_hex" in one)
                if one["kind"] == "symlink":
                    self.assertNotEqual("target" in one, "target_hex" in one)
                    found[raw(one, "path")] = raw(one, "target")
                elif one["kind"] == "file":
                    found[raw(one, "path")] = None
            self.assertEqual(found, {**{name: None for name in ODD_NAMES},
                                     **{b"to-" + name: name for name in ODD_NAMES}})

    def test_differences_are_lossless_too(self):
        found = self.read("diff", "1/ward", "2/odd", "--json").events("difference")
        self.assertEqual({raw(one, "path") for one in found if one["change"] == "added"},
                         {*ODD_NAMES, *(b"to-" + name for name in ODD_NAMES)})

    def test_hex_stands_for_what_is_not_utf_8_only(self):
        for one in self.read("ls", "2/odd", "--json").events("entry"):
            if "path_hex" in one:
                with self.assertRaises(UnicodeDecodeError):
                    bytes.fromhex(one["path_hex"]).decode()

    def test_json_is_one_object_a_line(self):
        ended = self.read("ls", "-R", "2/odd", "--json")
        self.assertEqual(len(ended.objects()), 2 * len(ODD_NAMES))
        self.assertTrue(ended.out.endswith(b"\n"))

    def test_are_found_by_their_bytes(self):
        for name in ODD_NAMES:
            self.assertEqual(self.read("cat", "2/odd", os.fsdecode(name)).out, name)

    def test_a_flaw_is_named_harmlessly_too(self):
        bad = os.path.join(os.fsencode(self.odd), b"\x1b[31mclosed\n\x93")
        os.symlink(b"x", bad)
        self.add_command("ehr2", "printf '\\033[31mred\\nline' >&2; exit 1")
        self.assert_tame(self.backup("odd", "ehr2", code=1))
        self.assert_tame(self.read("list"))


def paths_below(tree):
    """Of all below it and of itself, b"", in tree order."""
    paths = [b""]
    for folder, folders, files in os.walk(tree):
        paths += [os.path.relpath(os.path.join(folder, name), tree) for name in folders + files]
    return sorted(paths, key=lambda path: path.split(b"/") if path else [])


def raw(found, key):
    return bytes.fromhex(found[key + "_hex"]) if key + "_hex" in found else found[key].encode()


if __name__ == "__main__":
    main()
