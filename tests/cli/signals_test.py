#!/usr/bin/python3
"""Signals of a snapshot, each compared with what this test works out from the files themselves."""
import collections
import hashlib
import os
import shutil
import stat

from azekura_case import AzekuraCase, main, text_bytes

LISTED_MAX = 64
EXTENSION_MAX = 16
ONE_CHUNK = 2_400                                           # bytes; no cut can fall into fewer
CHUNK_FIELDS = ["chunks", "chunk_bytes", "new_chunks", "new_bytes", "stored_bytes"]
TREE_FIELDS = ["files", "bytes", "extensions", "other_files", "extensions_bounded"]
CHANGE_FIELDS = ["files", "bytes", "gone", "renamed", "partial", "renamed_bounded", "extensions",
                 "other_files"]


def look(root):
    """Path to digest and size of every entry below `root`; of files that are no further names."""
    found, links = {}, set()

    def visit(path, below):
        for name in sorted(os.listdir(path)):
            one = os.path.join(path, name)
            info = os.lstat(one)
            found[below + name] = None
            if stat.S_ISDIR(info.st_mode):
                visit(one, below + name + b"/")
            elif stat.S_ISREG(info.st_mode) and (info.st_dev, info.st_ino) not in links:
                if info.st_nlink > 1:
                    links.add((info.st_dev, info.st_ino))
                with open(one, "rb") as file:
                    data = file.read()
                found[below + name] = (hashlib.sha256(data).digest(), len(data))
    visit(os.fsencode(root), b"")
    return found


def extensions_of(paths):
    """The list and the rest, as `list --json` says them."""
    counts = collections.Counter()
    for path in paths:
        name = os.path.basename(path)
        dot = name.rfind(b".")
        counts[name[dot + 1:][:EXTENSION_MAX].lower() if dot > 0 else b""] += 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    listed = []
    for extension, files in ranked[:LISTED_MAX]:
        try:
            listed.append({"extension": extension.decode(), "files": files})
        except UnicodeDecodeError:
            listed.append({"extension_hex": extension.hex(), "files": files})
    return listed, sum(files for _, files in ranked[LISTED_MAX:])


def tree_signals(now):
    files = {path: content for path, content in now.items() if content}
    listed, others = extensions_of(files)
    return {"files": len(files), "bytes": sum(size for _, size in files.values()),
            "extensions": listed, "other_files": others, "extensions_bounded": False}


def change_signals(before, now):
    changed = [path for path, content in now.items() if content and before.get(path) != content]
    gone = [path for path in before if path not in now]
    contents_gone = collections.Counter(before[path] for path in gone if before[path])
    contents_new = collections.Counter(now[path] for path in changed
                                       if before.get(path) is None and now[path][1] > 0)
    listed, others = extensions_of(changed)
    return {"files": len(changed), "bytes": sum(now[path][1] for path in changed),
            "gone": len(gone), "renamed": (contents_gone & contents_new).total(),
            "partial": False, "renamed_bounded": False, "extensions": listed,
            "other_files": others}


class Signals(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_site()
        self.medium = self.add_set()
        self.tree = self.home / "tree"
        self.tree.mkdir()
        self.at_site("source", "add", "tree", self.tree)
        self.stored = set()                                 # contents that are on the set
        self.session = 0

    def write(self, path, data):
        path = os.path.join(os.fsencode(self.tree), os.fsencode(path))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    def text(self):
        return text_bytes(self.random, self.random.randrange(1, ONE_CHUNK))

    def noise(self):
        return self.random.randbytes(self.random.randrange(1, ONE_CHUNK))

    def fill(self):
        for number in range(60):
            self.write(f"ward {number % 7}/{number % 3}/note {number}.{('txt', 'TXT', 'pdf')[number % 3]}",
                       self.text())
        for number in range(80):                            # more than are listed
            self.write(f"odd/file.{number}", b"%d" % number)
        self.write(b"odd/\xff.\xffodd", b"raw bytes")
        self.write("odd/long.0123456789abcdefgh", self.text())
        self.write(".profile", self.text())
        self.write("none", self.text())
        self.write("empty.txt", b"")
        self.write("twice/a.dat", b"the same")
        self.write("twice/b.dat", b"the same")
        os.link(self.tree / "none", self.tree / "none again.txt")
        (self.tree / "link.txt").symlink_to("none")

    def night(self, *sources):
        """Backs up; returns the snapshot event and the signals of the tree, chunks checked."""
        now = look(self.tree)
        event = self.backup(*sources, "--json").events("snapshot")[0]
        self.session += 1
        listed = self.snapshots()[f"{self.session}/tree"]
        signals = listed["signals"]
        self.assertEqual(list(signals)[:len(CHUNK_FIELDS)], CHUNK_FIELDS)
        new = {content for content in now.values() if content and content[1]} - self.stored
        self.stored |= new
        self.assertEqual(signals["chunk_bytes"], event["read_bytes"])
        if event["read_bytes"] == event["bytes"]:
            self.assertEqual(signals["chunks"],
                             sum(1 for content in now.values() if content and content[1]))
        self.assertEqual(signals["new_chunks"], len(new))
        self.assertEqual(signals["new_bytes"], sum(size for _, size in new))
        self.assertEqual({field: signals[field] for field in TREE_FIELDS}, tree_signals(now))
        return now, signals

    def assert_changes(self, signals, before, now):
        self.assertEqual(list(signals["changes"]), CHANGE_FIELDS)
        self.assertEqual(signals["changes"], change_signals(before, now))

    def test_night_after_night(self):
        self.fill()
        first, signals = self.night()
        self.assertNotIn("changes", signals)
        self.assertGreater(signals["other_files"], 0)
        self.assertLess(signals["stored_bytes"], signals["new_bytes"] * 0.7)

        _, signals = self.night()
        self.assert_changes(signals, first, first)
        self.assertEqual(signals["changes"]["files"], 0)
        self.assertEqual((signals["new_chunks"], signals["stored_bytes"]), (0, 0))

        self.write("ward 0/0/note 0.txt", self.text())      # changed
        self.write("ward 0/9/new.PDF", self.text())         # new, in a new folder
        (self.tree / "none").unlink()                       # its other name takes its content
        (self.tree / "twice" / "a.dat").rename(self.tree / "a.moved")
        (self.tree / "ward 3").rename(self.tree / "station")
        shutil.rmtree(self.tree / "ward 5")
        (self.tree / "empty.txt").rename(self.tree / "void.txt")
        shutil.rmtree(self.tree / "ward 6" / "0")
        self.write("ward 6/0", b"a file now")
        os.utime(self.tree / ".profile")                    # read again, and the same
        second, signals = self.night()
        self.assert_changes(signals, first, second)
        self.assertGreater(signals["changes"]["renamed"], 5)

        # What ransomware leaves.
        for path, content in second.items():
            name = os.path.join(os.fsencode(self.tree), path)
            if content and content[1] > 100:
                os.unlink(name)
                self.write(path + b".locked", self.random.randbytes(content[1]))
        third, signals = self.night()
        self.assert_changes(signals, second, third)
        self.assertEqual(signals["changes"]["extensions"],
                         [{"extension": "locked", "files": signals["changes"]["files"]}])
        self.assertEqual(signals["changes"]["renamed"], 0)
        blocks_max = signals["new_bytes"] // 2**20 + 1
        self.assertGreater(signals["stored_bytes"], signals["new_bytes"])
        self.assertLessEqual(signals["stored_bytes"], signals["new_bytes"] + 16 * blocks_max)

    def test_each_source_has_its_own(self):
        self.write("note.txt", b"a" * 20_000)
        noise = self.home / "noise"
        noise.write_bytes(self.random.randbytes(9_000))  # one chunk of a stream, too
        self.add_command("stream", f"cat '{noise}'")
        self.backup()
        listed = self.snapshots()
        self.assertEqual(listed["1/stream"]["signals"],
                         {"chunks": 1, "chunk_bytes": 9_000, "new_chunks": 1, "new_bytes": 9_000,
                          "stored_bytes": 9_016})
        self.assertLess(listed["1/tree"]["signals"]["stored_bytes"], 1000)
        self.backup("stream")
        self.assertEqual(self.snapshots()["2/stream"]["signals"],
                         {"chunks": 1, "chunk_bytes": 9_000, "new_chunks": 0, "new_bytes": 0,
                          "stored_bytes": 0})

    def test_a_source_that_cannot_be_opened_has_none_of_a_tree(self):
        self.tree.rmdir()
        self.backup(code=1)
        self.assertEqual(self.snapshots()["1/tree"]["signals"], dict.fromkeys(CHUNK_FIELDS, 0))

    def test_each_set_is_compared_with_itself(self):
        self.fill()
        self.add_set("weekly")
        self.backup()
        self.write("new.txt", b"new")
        self.backup("--to", "weekly")
        weekly = self.snapshots(self.home / "medium-weekly")["1/tree"]["signals"]
        self.assertNotIn("changes", weekly)
        self.assertEqual(weekly["new_bytes"], weekly["bytes"] - len(b"the same"))
        self.session, before = 1, look(self.tree)
        self.backup()
        del before[b"new.txt"]
        signals = self.snapshots()["2/tree"]["signals"]
        self.assert_changes(signals, before, look(self.tree))

    def test_a_catalogue_that_is_lost_leaves_changes_unknown(self):
        self.fill()
        self.night()
        self.at_site("catalogue", "rebuild", "daily")
        self.write("new.txt", b"new")
        now, signals = self.night()
        self.assertNotIn("changes", signals)
        _, signals = self.night()
        self.assert_changes(signals, now, now)

    def test_what_a_killed_run_saw_is_no_snapshot(self):
        self.fill()
        gate = self.add_gate()
        before, _ = self.night("tree")
        self.write("ward 0/0/note 0.txt", b"changed before the run that is killed")
        run = self.start_at_site("backup", "--to", "daily")
        with self.open_gate(gate, run):                     # the tree is captured
            run.process.kill()
            run.wait()
        self.write("ward 1/1/note 1.TXT", b"changed after it")
        self.backup("tree")
        now = look(self.tree)
        name = max(self.snapshots(), key=lambda one: int(one.split("/")[0]))
        changes = self.snapshots()[name]["signals"]["changes"]
        self.assertTrue(changes["partial"])
        self.assertLessEqual(changes["files"], change_signals(before, now)["files"])
        self.backup("tree")
        name = max(self.snapshots(), key=lambda one: int(one.split("/")[0]))
        self.assert_changes(self.snapshots()[name]["signals"], now, now)


if __name__ == "__main__":
    main()
