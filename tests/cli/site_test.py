#!/usr/bin/python3
"""Which site is meant, and the site file: what adds to it, what a person writes into it."""
from azekura_case import (NAME_TAKEN, SPACE, USAGE, AzekuraCase, in_own_mounts, main,
                          state_of)

NO_SITE_HINT = ("name the site with -s or $AZEKURA_SITE, or make one with "
                "'azekura init SITE --kit DIR'")
LINE_HINT = "correct that line of the site file; its comments show the form"


class Lookup(AzekuraCase):
    def status_of(self, *arguments, **options):
        return self.azekura(*arguments, "status", "--json", **options).events("site")[0]["path"]

    def test_by_option_or_environment(self):
        self.make_site()
        other = self.home / "other"
        self.azekura("init", other, "--kit", self.home / "other-kit")
        named = {**self.environment, "AZEKURA_SITE": str(self.site)}
        self.assertEqual(self.status_of("-s", self.site), str(self.site))
        self.assertEqual(self.status_of("--site", self.site), str(self.site))
        self.assertEqual(self.status_of(env=named), str(self.site))
        self.assertEqual(self.status_of("-s", other, env=named), str(other))

    def test_the_option_may_stand_after_the_command(self):
        self.make_site()
        self.azekura("status", "-s", self.site)

    def test_what_is_no_site_is_refused(self):
        for place in (self.home / "none", self.temporary):
            self.assert_fails(USAGE, f'"{place}" is not an azekura site', "-s", place, "status",
                              hint=NO_SITE_HINT, out="")
        ended = self.azekura("status", code=USAGE,
                             env={**self.environment, "AZEKURA_SITE": str(self.home / "none")})
        self.assertEqual(ended.errors, f'azekura: error: "{self.home}/none" is not an azekura site'
                         f"\nazekura: hint: {NO_SITE_HINT}\n")
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_every_command_of_a_site_refuses(self):
        for command in (["source", "add", "a", "/"], ["set", "add", "a", "--folder", self.home],
                        ["backup", "--to", "a"], ["backup", "--for", "a"], ["write", "a"],
                        ["status"], ["catalogue", "rebuild", "a"]):
            self.assert_fails(USAGE, f'"{self.home}/none" is not an azekura site',
                              "-s", self.home / "none", *command, hint=NO_SITE_HINT, out="")

    def test_the_error_is_an_object_too(self):
        ended = self.azekura("-s", self.home / "none", "status", "--json", code=USAGE)
        self.assertEqual(ended.objects(), [{
            "event": "error", "exit_code": USAGE, "while": [],
            "fact": f'"{self.home}/none" is not an azekura site', "hint": NO_SITE_HINT}])


class SourceAdd(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_site()

    def assert_refused(self, fact, *arguments, hint=None):
        before = (self.site / "site.toml").read_bytes()
        self.assert_site_fails(USAGE, fact, "source", "add", *arguments, hint=hint, out="")
        self.assertEqual((self.site / "site.toml").read_bytes(), before)

    def sources(self):
        return [(one["name"], one["kind"], one["origin"])
                for one in self.at_site("status", "--json").events("source")]

    def test_trees_and_commands(self):
        command = "printf '%s\\n' \"it's\" | tr a-z A-Z # \\ \""
        ended = self.at_site("source", "add", "tree", self.temporary, "--json")
        self.assertEqual(ended.objects(),
                         [{"event": "source", "name": "tree", "kind": "tree"}])
        self.at_site("source", "add", "ehr", "--command", command)
        self.assertEqual(self.sources(), [("tree", "tree", str(self.temporary)),
                                          ("ehr", "stream", command)])

    def test_a_relative_path_is_meant_from_here(self):
        self.at_site("source", "add", "tree", "temporary")
        self.assertEqual(self.sources(), [("tree", "tree", str(self.temporary))])

    def test_bad_names(self):
        for name in ("A", "a b", "a/b", "..", ".a", "é", "a\nb", "x" * 65):
            with self.subTest(name=name):
                ended = self.at_site("source", "add", "--", name, self.temporary, code=USAGE)
                self.assertIn("is not a name: a-z, 0-9, '-', '_', '.' only, at most 64",
                              ended.errors)
        self.assertEqual(self.sources(), [])
        self.at_site("source", "add", "x" * 64, self.temporary)

    def test_a_name_taken(self):
        self.at_site("source", "add", "tree", self.temporary)
        self.assert_refused("there is already a source 'tree'", "tree", self.kit,
                            hint="choose another name, or edit that source in site.toml")
        self.assertEqual(self.sources(), [("tree", "tree", str(self.temporary))])

    def test_a_path_that_is_not_there(self):
        self.assert_refused(f'"{self.home}/none" does not exist', "tree", self.home / "none")

    def test_an_empty_path_or_command(self):
        self.assert_refused("a path is empty", "tree", "")
        self.assert_refused("the command is empty", "tree", "--command", "")

    def test_path_and_command_exclude_each_other(self):
        hint = "see 'azekura --help'"
        self.assert_refused("source add: give either PATH or --command CMD", "tree", hint=hint)
        ended = self.at_site("source", "add", "tree", self.temporary, "--command", "true",
                             code=USAGE)
        self.assertIn("excludes", ended.errors)

    def test_comments_and_edits_survive(self):
        path = self.site / "site.toml"
        mine = "# ours: the ward's files, ask Sato\n[[source]]\nname = 'ward'  # 3rd floor\n" \
               f"path = '{self.temporary}'\n"
        path.write_text(path.read_text() + mine)
        before = path.read_text()
        self.at_site("source", "add", "kit", self.kit)
        self.add_set()
        self.assertTrue(path.read_text().startswith(before))
        self.assertEqual([name for name, _kind, _origin in self.sources()], ["ward", "kit"])


class SetAdd(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_site()

    def sets(self):
        return [one["name"] for one in self.at_site("status", "--json").events("set")]

    def assert_refused(self, fact, name, folder, hint=None):
        before = state_of(self.site)
        self.assert_site_fails(USAGE, fact, "set", "add", name, "--folder", folder, hint=hint,
                               out="")
        self.assert_same({path: facts[5] for path, facts in state_of(self.site).items()},
                         {path: facts[5] for path, facts in before.items()})

    def test_sets_up_the_medium(self):
        folder = self.home / "medium"
        made, = self.at_site("set", "add", "daily", "--folder", folder, "--json").objects()
        self.assertEqual(list(made), ["event", "name", "folder", "set"])
        self.assertEqual((made["name"], made["folder"]), ("daily", str(folder)))
        self.assertEqual({path.name for path in folder.iterdir()} - {"tmp"},
                         {"README.txt", "はじめに.txt", "format.md", "label", "azekura-restore"})
        with open(self.restore_program, "rb") as program:
            self.assertEqual((folder / "azekura-restore").read_bytes(), program.read())
        self.verify(medium=folder)

    def test_a_relative_folder_is_meant_from_here(self):
        ended = self.at_site("set", "add", "daily", "--folder", "medium", "--json")
        self.assertEqual(ended.objects()[0]["folder"], str(self.home / "medium"))
        self.assertTrue((self.home / "medium" / "label").exists())

    def test_a_folder_with_lost_and_found_is_empty(self):
        (self.home / "disk" / "lost+found").mkdir(parents=True)
        self.at_site("set", "add", "daily", "--folder", self.home / "disk")

    def test_bad_names(self):
        for name in ("A", "a b", "a/b", "..", ".a", "x" * 65):
            with self.subTest(name=name):
                self.assert_refused(
                    f"'{name}' is not a name: a-z, 0-9, '-', '_', '.' only, at most 64",
                    name, self.home / "medium")
                self.assertFalse((self.home / "medium").exists())

    def test_a_name_taken(self):
        self.add_set()
        self.assert_refused("there is already a set 'daily'", "daily", self.home / "other",
                            NAME_TAKEN)
        self.assertFalse((self.home / "other").exists())

    def test_a_folder_with_something_in_it(self):
        folder = self.home / "disk"
        folder.mkdir()
        (folder / "theirs").write_text("kept")
        self.assert_refused(
            f'"{folder}" is not empty', "daily", folder,
            "a medium begins empty; choose another folder, or empty this one yourself")
        self.assertEqual([path.name for path in folder.iterdir()], ["theirs"])
        self.assertEqual(self.sets(), [])
        self.at_site("set", "add", "daily", "--folder", self.home / "empty")

    def test_a_medium_too_small_is_left_empty(self):
        folder = self.home / "small"
        folder.mkdir()
        script = f'"$@"; code=$?; find "{folder}" -mindepth 1; exit $code'
        ended = self.run_program(
            [*in_own_mounts(f'mount -t tmpfs -o size=1m tmpfs "{folder}"'), "sh", "-c", script,
             "sh", self.azekura_program, "-s", self.site, "set", "add", "daily", "--folder", folder],
            code=SPACE)
        self.assertEqual(ended.text, "")
        self.assertEqual(self.sets(), [])
        self.at_site("set", "add", "daily", "--folder", folder)

    def test_another_set_s_medium(self):
        folder = self.add_set()
        self.assert_refused(
            f'"{folder}" is not empty', "weekly", folder,
            "a medium begins empty; choose another folder, or empty this one yourself")

    def test_a_folder_inside_the_site(self):
        (self.home / "link").symlink_to(self.site)
        for folder in (self.site / "medium", self.site, self.home / "link" / "medium"):
            inside = str(folder).replace("/link", "/site")
            self.assert_refused(f'the medium "{inside}" lies inside the site', "daily", folder)

    def test_a_folder_inside_the_site_however_it_is_spelled(self):
        for site, folder in (("site", "site/medium"), ("./site", "site/medium"),
                             ("site/", self.site / "medium"), (self.site, "site/medium")):
            with self.subTest(site=site, folder=folder):
                self.assert_fails(USAGE, f'the medium "{self.site}/medium" lies inside the site',
                                  "-s", site, "set", "add", "daily", "--folder", folder, out="")
                self.assertFalse((self.site / "medium").exists())
        self.assertEqual(self.sets(), [])


class HandEdited(AzekuraCase):
    """Mistakes in site.toml: exit code 2, the line, what is wrong; nothing is changed."""

    CASES = (
        ("[[source]]\nname = 'a'\npath = '/x'\ncommand = 'true'\n", 1,
         "a source needs either a path or a command"),
        ("[[source]]\nname = 'a'\n", 1, "a source needs either a path or a command"),
        ("[[source]]\nname = 'a'\npath = 'x'\n", 1, "a path must begin with '/'"),
        ("[[source]]\nname = 'A b'\npath = '/x'\n", 1,
         "a name of a-z, 0-9, '-', '_', '.' (at most 64) is needed"),
        ("[[source]]\nname = 'a'\npath = 3\n", 3, "'path' must be a text that is not empty"),
        ("[[source]]\nname = 'a'\npath = '/x'\nexclude = '*.tmp'\n", 4,
         "'exclude' must be a list of texts"),
        ("[[source]]\nname = 'a'\npath = '/x'\nexclude = ['']\n", 4,
         "'exclude' must be a text that is not empty"),
        ("[[source]]\nname = 'a'\npath = '/x'\nexclude_caches = 'yes'\n", 4,
         "'exclude_caches' must be true or false"),
        ("[[source]]\nname = 'a'\ncommand = 'true'\nexclude = ['*']\n", 4,
         "only a path can have things excluded"),
        ("[source]\nname = 'a'\npath = '/x'\n", 1, "'source' must be written as [[source]]"),
        ("[[source]]\nname = 'a'\npath = '/x'\n\n[[source]]\nname = 'a'\npath = '/y'\n", 5,
         "the source 'a' is there twice", "give each source a name of its own"),
        ("[[set]]\nname = 'a'\nfolder = 'x'\n", 1, "the folder of a set must begin with '/'",
         "write its whole path; leave the line out if its media are enrolled"),
        ("[[sets]]\nname = 'a'\nfolder = '/x'\n", 1, "'sets' is not a setting"),
    )

    def check(self, text, line, fact, hint=LINE_HINT):
        path = self.site / "site.toml"
        original = path.read_text()
        lines_before = original.count("\n")
        path.write_text(original + text)
        message = f"site.toml, line {lines_before + line}: {fact}"
        try:
            for command in (["status"], ["backup", "--to", "daily"], ["write", "daily"],
                            ["source", "add", "other", self.home]):
                self.assert_site_fails(USAGE, message, *command, hint=hint, out="")
            self.assertEqual(path.read_text(), original + text)
        finally:
            path.write_text(original)

    def test_every_mistake_is_named_with_its_line(self):
        self.make_site()
        self.add_set()
        for case in self.CASES:
            with self.subTest(case=case):
                self.check(*case)
        self.at_site("status")

    def test_what_is_no_toml_is_named_with_its_line(self):
        self.make_site()
        path = self.site / "site.toml"
        lines_before = path.read_text().count("\n")
        path.write_text(path.read_text() + "[[source]]\nname = 'a\n")
        ended = self.at_site("status", code=USAGE)
        self.assertEqual(ended.errors,
                         f"azekura: error: site.toml, line {lines_before + 2}, column 10: the text "
                         "does not end on its line\nazekura: hint: end it with the quote that it "
                         'begins with; within double quotes, a quote is written \\"\n')

    def test_a_set_that_was_only_written_has_no_keys(self):
        self.make_site()
        path = self.site / "site.toml"
        path.write_text(path.read_text() +
                        f"[[set]]\nname = 'daily'\nfolder = '{self.home}/medium'\n")
        self.add_tree()
        self.assert_site_fails(
            USAGE, "the set 'daily' has no keys in this site", "backup", "--to", "daily",
            hint="make them with 'azekura set add daily'")
        before = path.read_text()
        self.assert_site_fails(
            USAGE, "site.toml has the set 'daily' already", "set", "add", "daily", "--folder",
            self.home / "other", hint="leave --folder and --pool out: what stands there counts")
        self.at_site("set", "add", "daily")
        self.assertEqual(path.read_text(), before)
        self.backup()
        self.verify(medium=self.home / "medium")


if __name__ == "__main__":
    main()
