#!/usr/bin/python3
"""What a source leaves out: exactly what git would ignore, and caches where that is asked for."""
import os
import pathlib
import shutil
import subprocess
import unittest

from azekura_case import USAGE, AzekuraCase, main, state_of

SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"


class Exclude(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_site()
        self.medium = self.add_set()
        self.tree = self.home / "tree"
        for folder in ("ward/scratch", "cache", "scratch"):
            (self.tree / folder).mkdir(parents=True)
        for name in ("ward/note", "ward/a.tmp", "ward/scratch/x", "scratch/y", "cache/z"):
            (self.tree / name).write_text(name)
        (self.tree / "cache" / "CACHEDIR.TAG").write_bytes(SIGNATURE)

    def add(self, *options, code=0):
        return self.at_site("source", "add", "tree", self.tree, *options, code=code)

    def restored_names(self):
        return sorted(os.fsdecode(name) for name in state_of(self.restore("latest")))

    def test_nothing_is_left_out_unless_asked(self):
        self.add()
        ended = self.backup()
        self.assertNotIn("excluded", ended.text)
        self.assert_restores("latest", state_of(self.tree))

    def test_what_is_excluded_is_counted(self):
        self.add("--exclude", "*.tmp", "--exclude", "/scratch/", "--exclude-caches")
        self.assertEqual((self.site / "site.toml").read_text().splitlines()[-2:],
                         ["exclude = ['*.tmp', '/scratch/']", "exclude_caches = true"])
        ended = self.backup()
        self.assertEqual(ended.errors, "")
        self.assertRegex(ended.text, r"(?m)^1/tree +\d+ entries .*  3 excluded$")
        self.assertEqual(self.restored_names(),
                         [".", "cache", "cache/CACHEDIR.TAG", "ward", "ward/note", "ward/scratch",
                          "ward/scratch/x"])
        snapshot, = self.backup("--json").events("snapshot")
        self.assertEqual((snapshot["excluded"], snapshot["flawed"], snapshot["complete"]),
                         (3, 0, True))

    def test_what_was_left_out_comes_back_with_the_pattern_gone(self):
        self.add("--exclude", "ward")
        self.backup()
        site_file = self.site / "site.toml"
        site_file.write_text(site_file.read_text().replace("'ward'", "'war'"))
        self.backup()
        self.assert_restores("latest", state_of(self.tree))

    def test_an_unreadable_place_that_is_left_out_is_no_flaw(self):
        self.add("--exclude", "/scratch")
        (self.tree / "scratch").chmod(0)
        self.backup()

    def test_only_trees_leave_things_out(self):
        for option in (["--exclude", "*"], ["--exclude-caches"]):
            ended = self.at_site("source", "add", "ehr", "--command", "true", *option, code=USAGE)
            self.assertIn("excludes", ended.errors)

    def test_a_pattern_that_is_not_utf_8_is_refused(self):
        ended = self.add("--exclude", b"\x8f\xc1*", code=USAGE)
        self.assertEqual(ended.errors, (
            'azekura: error: "\\x8f\\xc1*" is not UTF-8 and cannot stand in site.toml\n'
            "azekura: hint: in a pattern write '?' for each such byte; reach such a path by a link "
            "to it\n"))


@unittest.skipUnless(shutil.which("git"), "there is no git to compare with")
class AsGit(AzekuraCase):
    """Random patterns over random trees: left out is what `git check-ignore` says."""
    PATTERN_SETS = 60
    NAMES = [b"a", b"b", b"ab", b"ba", b"abc", b"a b", b"c ", b"#a", b"!b", b"[a]", b"a*", b"\\a",
             b"a\\", b"-", b"]", b"A7", b"\x8f\xc1", "カ".encode(), b"a\nb", b".a"]
    PARTS = ["a", "b", "c", "ab", " ", "-", "A", "7", "?", "*", "**", "*", "[a-c]", "[!a]", "[^b-]",
             "[]a]", "[[:alpha:]]", "[[:digit:]x]", "[[:space:]]", "[a\\]]", "[", "]", "[[:no:]]",
             "[b/a]", "\\a", "\\*", "\\ ", "\\", "!", "#", "カ", "?b", "*a", "a*"]

    def setUp(self):
        super().setUp()
        self.make_site()
        self.medium = self.add_set()
        self.tree = self.home / "tree"
        self.paths = [(path, is_folder) for path, is_folder in self.grow()]

    def grow(self):
        """Makes a tree three folders deep; yields its paths and whether they are folders."""
        folders = [b""]
        for depth in range(4):
            below = []
            for folder in folders:
                (self.tree / os.fsdecode(folder)).mkdir(parents=True, exist_ok=True)
                for name in self.random.sample(self.NAMES, 8 if depth < 2 else 4):
                    path = folder + b"/" + name if folder else name
                    if depth < 3 and self.random.random() < 0.5:
                        below.append(path)
                        yield path, True
                    else:
                        pathlib.Path(os.fsdecode(os.fsencode(self.tree) + b"/" + path)).touch()
                        yield path, False
            folders = below

    def random_segments(self):
        for _ in range(self.random.choice((1, 1, 1, 2, 2, 3))):
            parts = self.random.choices(self.PARTS, k=self.random.choice((1, 1, 2, 3)))
            yield self.random.choice(("**", "*", "".join(parts), "".join(parts)))

    def segments_of_a_path(self):
        path, _is_folder = self.random.choice(self.paths)
        text = path.decode(errors="replace").replace("\ufffd", "?").replace("\n", "?")
        for name in text.split("/"):
            yield self.random.choice((name, name, name[:1] + "*", "*" + name[1:], "*", "**"))

    def random_pattern(self):
        segments = list(self.random.choice((self.random_segments, self.segments_of_a_path))())
        return (self.random.choice(("", "", "", "", "!", "/")) + "/".join(segments) +
                self.random.choice(("", "", "", "/", " ", "/**")))

    def is_comparable(self, pattern):
        """Not where git itself departs from gitignore(5): stars in a row after plain bytes, or
        before an escaped slash."""
        path = pattern.lstrip("!").rstrip(" ").rstrip("/")
        return "/" not in path or not any(
            "**" in segment and not segment.startswith("**") or segment.endswith("**\\")
            for segment in path.split("/"))

    def ignored(self, patterns):
        """The paths that git would ignore."""
        (self.tree / ".git" / "info" / "exclude").write_text("".join(f"{one}\n"
                                                                     for one in patterns))
        asked = b"".join(path + b"\0" for path, _is_folder in self.paths)
        done = subprocess.run(["git", "check-ignore", "--no-index", "-z", "--stdin"], input=asked,
                              cwd=self.tree, stdout=subprocess.PIPE, check=False,
                              env={**self.environment, "GIT_CONFIG_NOSYSTEM": "1",
                                   "HOME": str(self.home)})
        self.assertIn(done.returncode, (0, 1))
        return set(done.stdout.split(b"\0")[:-1])

    def test_random_patterns_over_a_random_tree(self):
        sets = []
        while len(sets) < self.PATTERN_SETS:
            patterns = [self.random_pattern() for _ in range(self.random.randrange(1, 7))]
            if all(map(self.is_comparable, patterns)):
                sets.append(patterns)
        for number, patterns in enumerate(sets):
            self.at_site("source", "add", f"s{number}", self.tree,
                         *(f"--exclude={one}" for one in patterns))
        self.backup()
        found = {f"1/s{number}": set() for number in range(len(sets))}
        for one in self.azekura("find", "--json", *self.keyed()).objects():
            path = bytes.fromhex(one["path_hex"]) if "path_hex" in one else one["path"].encode()
            found[one["snapshot"]].add(path)
        subprocess.run(["git", "init", "-q", self.tree], check=True, env=self.environment)
        everything = {path for path, _is_folder in self.paths}
        differing, telling = [], 0
        for number, patterns in enumerate(sets):
            wanted = everything - self.ignored(patterns)
            telling += 0 < len(wanted) < len(everything)
            different = found[f"1/s{number}"] ^ (wanted | {b""})
            if different:
                differing.append((patterns, sorted(different)[:5]))
        self.assertEqual(differing, [])
        self.assertGreater(telling, self.PATTERN_SETS // 3)


if __name__ == "__main__":
    main()
