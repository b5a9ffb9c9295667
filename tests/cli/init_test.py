#!/usr/bin/python3
"""azekura init: where site and kit may lie, shares, and the warning while the kit is at hand."""
import itertools
import re
import shutil

from azekura_case import (AUTHENTICITY, SPACE, SYSTEM, USAGE, AzekuraCase, in_own_mounts, main,
                          state_of)

INSIDE_HINT = "write the kit to a removable medium, or anywhere outside the site"
SHARES_HINT = "fetch more shares of this kit, and give all of them together"
KEY_HINT = "compare it with the recovery kit; 'azekura key check FILE' tries it"
NOT_KN = "is not K/N, such as 3/5: K people of N together, 2 <= K <= N <= 16"


class Init(AzekuraCase):
    def test_makes_a_site_and_a_kit(self):
        ended = self.azekura("init", self.site, "--kit", self.home / "kit", "--json")
        made, = ended.objects()
        self.assertEqual(list(made), ["event", "path", "site", "authority"])
        self.assertEqual(made["path"], str(self.site))
        self.assertRegex(made["site"], r"^[0-9a-f]{32}$")
        self.assertRegex(made["authority"], r"^[0-9a-f]{4}( [0-9a-f]{4}){7}$")
        self.assertEqual(sorted(path.name for path in (self.home / "kit").iterdir()),
                         ["recovery-kit.svg", "recovery-kit.txt", "recovery.key"])
        page = (self.home / "kit" / "recovery-kit.txt").read_text()
        self.assertIn(made["authority"], page)
        self.assertIn(str(self.site), page)
        for name in ("recovery.key", "recovery-kit.txt"):
            checked = self.azekura("key", "check", "--json", self.home / "kit" / name)
            self.assertEqual(checked.objects(), [
                {"event": "key", "site": made["site"], "authority": made["authority"]}])

    def test_leads_to_real_media(self):
        said = self.azekura("init", self.site, "--kit", self.home / "kit").text
        *_, set_line, disk_line, trial_line = said.splitlines()
        self.assertTrue(set_line.endswith(": azekura -s SITE set add SET"))
        self.assertTrue(disk_line.endswith(": azekura -s SITE medium enrol DEVICE --set SET"))
        self.assertTrue(trial_line.startswith("To try it out without a disk: "))

    def test_nobody_else_can_read_kit_or_keys(self):
        self.azekura("init", self.site, "--kit", self.home / "kit")
        for path in [*(self.home / "kit").rglob("*"), *(self.site / "keys").rglob("*")]:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_refuses_a_kit_inside_the_site(self):
        for kit in (self.site / "kit", self.site, self.site / "a" / "b"):
            self.assert_fails(USAGE, f'the kit\'s folder "{kit}" lies inside the site',
                              "init", self.site, "--kit", kit, hint=INSIDE_HINT, out="")
            self.assertFalse(self.site.exists())

    def test_refuses_a_kit_inside_the_site_however_it_is_spelled(self):
        fact = f'the kit\'s folder "{self.site}/kit" lies inside the site'
        for site, kit in (("site", "site/kit"), ("./site", "site/kit"), ("site", "./site/kit"),
                          (self.site, "site/kit"), ("site", self.site / "kit"),
                          ("site/", "temporary/../site/kit")):
            with self.subTest(site=site, kit=kit):
                self.assert_fails(USAGE, fact, "init", site, "--kit", kit, hint=INSIDE_HINT)
                self.assertFalse(self.site.exists())

    def test_refuses_a_kit_that_a_link_leads_into_the_site(self):
        self.site.mkdir()
        (self.home / "elsewhere").symlink_to(self.site)
        self.assert_fails(USAGE, f'the kit\'s folder "{self.site}/kit" lies inside the site',
                          "init", self.site, "--kit", "elsewhere/kit", hint=INSIDE_HINT, out="")
        self.assertEqual(list(self.site.iterdir()), [])

    def test_refuses_a_kit_on_a_medium(self):
        self.make_hospital()
        for kit in (self.medium, self.medium / "kit"):
            self.assert_fails(USAGE, f'the kit\'s folder "{kit}" lies on a medium', "init",
                              self.home / "second", "--kit", kit, out="",
                              hint="choose a folder anywhere else: site, kit and media are kept apart")
            self.assert_fails(USAGE, f'the site\'s folder "{kit}" lies on a medium', "init", kit,
                              "--kit", self.home / "second", out="",
                              hint="choose a folder anywhere else: site, kit and media are kept "
                              "apart")
        self.assertFalse((self.home / "second").exists())

    def test_refuses_a_folder_that_is_not_empty(self):
        self.site.mkdir()
        (self.site / "theirs").write_text("kept")
        self.assert_fails(USAGE, f'"{self.site}" is not empty', "init", self.site,
                          "--kit", self.home / "kit", out="",
                          hint="choose a folder that does not exist yet for the site")
        self.assertEqual([path.name for path in self.site.iterdir()], ["theirs"])
        self.assertFalse((self.home / "kit").exists())

    def test_refuses_a_site_that_exists(self):
        self.make_site()
        before = state_of(self.site)
        self.assert_fails(USAGE, f'"{self.site}" is not empty', "init", self.site,
                          "--kit", self.home / "kit",
                          hint="choose a folder that does not exist yet for the site")
        self.assertEqual(state_of(self.site), before)

    def test_takes_an_empty_folder(self):
        self.site.mkdir()
        self.make_site()
        self.at_site("status")

    def test_a_full_disk_leaves_neither_site_nor_kit(self):
        self.site.mkdir()
        self.kit.parent.mkdir()
        script = f'"$@"; code=$?; find "{self.site}" "{self.kit}" -mindepth 1; exit $code'
        ended = self.run_program(
            [*in_own_mounts(f'mount -t tmpfs -o size=8k tmpfs "{self.site}"'), "sh", "-c", script,
             "sh", self.azekura_program, "init", self.site, "--kit", self.kit], code=SPACE)
        self.assertEqual(ended.text, "")
        self.make_site()

    def test_refuses_a_kit_folder_that_is_not_empty(self):
        kit = self.home / "kit"
        kit.mkdir()
        (kit / "recovery.key").write_text("another site's")
        ended = self.azekura("init", self.site, "--kit", kit, code=USAGE)
        self.assertIn(f'"{kit}"', ended.errors)
        self.assertEqual((kit / "recovery.key").read_text(), "another site's")
        self.assertFalse(self.site.exists())

    def test_leaves_no_site_if_the_kit_cannot_be_written(self):
        (self.home / "file").write_text("")
        self.azekura("init", self.site, "--kit", self.home / "file" / "kit", code=SYSTEM)
        self.assertFalse(self.site.exists())

    def test_needs_a_kit(self):
        self.assert_fails(USAGE, "--kit is required", "init", self.site,
                          hint="see 'azekura --help'")
        self.assertFalse(self.site.exists())

    def test_relative_paths_hold_from_any_folder(self):
        self.azekura("init", "site", "--kit", "kit")
        (self.home / "elsewhere").mkdir()
        ended = self.at_site("status", "--json", cwd=self.home / "elsewhere")
        self.assertEqual(ended.events("site")[0]["path"], str(self.site))
        self.assertIs(ended.events("site")[0]["kit_on_this_host"], True)
        self.assertIn(f'"{self.home}/kit"', ended.errors)


class Shares(AzekuraCase):
    def share(self, number):
        return self.kit / f"share-{number}-of-5.txt"

    def keys(self, numbers):
        return [part for number in numbers for part in ("--key", self.share(number))]

    def make_shared(self):
        self.make_site("--shares", "3/5")
        self.medium = self.add_set()
        self.tree = self.add_tree()
        self.backup()

    def test_the_whole_key_is_nowhere(self):
        self.make_site("--shares", "3/5")
        self.assertEqual(
            sorted(path.name for path in self.kit.iterdir()),
            sorted(f"share-{number}-of-5.{kind}" for number in range(1, 6)
                   for kind in ("txt", "svg")))

    def test_every_three_of_five_restore(self):
        self.make_shared()
        wanted = state_of(self.tree)
        for numbers in itertools.combinations(range(1, 6), 3):
            target = self.home / "restored"
            self.azekura("restore", "latest", "--from", self.medium, *self.keys(numbers),
                         "--target", target)
            self.assert_same(state_of(target), wanted)
            shutil.rmtree(target)

    def test_more_shares_than_needed_are_fine(self):
        self.make_shared()
        self.azekura("list", "--from", self.medium, *self.keys([5, 1, 4, 2]))

    def test_two_of_five_are_refused(self):
        self.make_shared()
        self.assert_fails(
            AUTHENTICITY, "2 of the 3 shares needed were given (number 2, 4); 1 more needed",
            "restore", "latest", "--from", self.medium, *self.keys([2, 4]),
            "--target", self.home / "restored", hint=SHARES_HINT, out="")
        self.assertFalse((self.home / "restored").exists())

    def test_one_share_is_no_key(self):
        self.make_shared()
        self.assert_fails(
            AUTHENTICITY, "this is share 3 of 5, any 3 of which restore, not the whole key: 2 more "
            f'needed (while reading the recovery key "{self.share(3)}")',
            "list", "--from", self.medium, *self.keys([3]), hint=SHARES_HINT, out="")

    def test_one_share_twice_is_one(self):
        self.make_shared()
        self.assert_fails(AUTHENTICITY, "share 1 was given more than once; 1 more needed",
                          "list", "--from", self.medium, *self.keys([1, 2, 1]), hint=SHARES_HINT,
                          out="")

    def test_shares_of_two_sites_do_not_mix(self):
        self.make_shared()
        other = self.home / "other-kit"
        self.azekura("init", self.home / "other", "--kit", other, "--shares", "3/5")
        ended = self.azekura("list", "--from", self.medium, *self.keys([1, 2]),
                             "--key", other / "share-3-of-5.txt", code=AUTHENTICITY)
        self.assertRegex(ended.errors,
                         r"^azekura: error: the shares are of different sites: \w{32} and \w{32}\n")

    def test_combine_gives_the_key(self):
        self.make_shared()
        whole = self.home / "recovery.key"
        shares = [self.share(number) for number in (4, 1, 3)]
        self.azekura("key", "combine", *shares, "--output", whole)
        self.assertEqual(whole.stat().st_mode & 0o777, 0o600)
        self.assert_restores("latest", state_of(self.tree), key=whole)
        self.assert_fails(USAGE, f'"{whole}" exists already', "key", "combine", *shares,
                          "--output", whole, out="")

    def test_bad_schemes_are_refused(self):
        for scheme in ("3", "3/", "/5", "a/b", "1/5", "0/0", "6/5", "3/17", "3/5/7", "-3/5",
                       " 3/5", "3 /5", "99999999999/5"):
            with self.subTest(scheme=scheme):
                self.assert_fails(USAGE, f"'{scheme}' {NOT_KN}", "init", self.site, "--kit",
                                  self.home / "kit", f"--shares={scheme}", out="")
                self.assertFalse(self.site.exists())
                self.assertFalse((self.home / "kit").exists())


class Key(AzekuraCase):
    def assert_no_key(self, path, *attempts):
        ended = self.azekura("key", "check", path, code=AUTHENTICITY)
        for attempt in attempts:
            self.assertIn(f"(while {attempt})", ended.errors.splitlines()[0])
        self.assertEqual(ended.errors.splitlines()[1:], [f"azekura: hint: {KEY_HINT}"])
        for group in re.findall(r"[0-9A-Z]{5}(?=-|\n)", path.read_text()):
            self.assertNotIn(group, ended.errors + ended.text)

    def test_a_mistyped_key_is_named_by_line(self):
        self.make_site()
        text = self.key.read_text()
        line = next(line for line in text.splitlines() if line.startswith("recovery"))
        typo = line[:20] + ("A" if line[20] != "A" else "B") + line[21:]
        mistyped = self.home / "mistyped"
        mistyped.write_text(text.replace(line, typo))
        self.assert_no_key(mistyped, 'reading "recovery" in line 3',
                           f'reading the recovery key "{mistyped}"')

    def test_a_key_cut_short_is_none(self):
        self.make_site()
        short = self.home / "short"
        short.write_text(self.key.read_text()[:-20])
        self.assert_no_key(short, f'reading the recovery key "{short}"')

    def test_a_key_typed_in_small_letters_without_dashes_is_good(self):
        self.make_site()
        typed = self.home / "typed"
        lines = self.key.read_text().splitlines()
        typed.write_text("\n".join([lines[0], lines[1], *(
            line.split()[0] + " " + line.split()[1].lower().replace("-", " ")
            for line in lines[2:])]))
        self.azekura("key", "check", typed)

    def test_a_file_that_is_no_key(self):
        other = self.home / "other"
        other.write_text("hello\n")
        self.assert_no_key(other, f'reading the recovery key "{other}"')

    def test_a_key_file_that_is_not_there(self):
        ended = self.azekura("key", "check", self.home / "none", code=None)
        self.assertIn(ended.code, (USAGE, SYSTEM))
        self.assertIn(f'"{self.home}/none"', ended.errors)


class KitOnThisHost(AzekuraCase):
    WARNING = ('azekura: warning: the recovery kit still lies on this host, in "{}": '
               'print it, take it away, delete it here\n')

    def make_all(self, *options):
        self.kit = self.home / "kit"
        self.azekura("init", self.site, "--kit", self.kit, *options)
        self.add_set()
        self.add_tree()

    def check(self, options):
        self.make_all(*options)
        for command in (["status"], ["backup", "--to", "daily"], ["write", "daily"]):
            self.assertEqual(self.at_site(*command).errors, self.WARNING.format(self.kit))
        self.assertIs(self.at_site("status", "--json").events("site")[0]["kit_on_this_host"], True)
        away = self.home / "away"
        self.kit.rename(away)
        for command in (["status"], ["backup", "--to", "daily"], ["write", "daily"]):
            self.assertEqual(self.at_site(*command).errors, "")
        self.assertIs(self.at_site("status", "--json").events("site")[0]["kit_on_this_host"], False)

    def test_a_key_is_warned_of_until_it_is_gone(self):
        self.check([])

    def test_shares_are_warned_of_until_they_are_gone(self):
        self.check(["--shares", "2/3"])

    def test_the_printed_page_alone_is_warned_of(self):
        self.make_all()
        (self.kit / "recovery.key").unlink()
        self.assertEqual(self.at_site("status").errors, self.WARNING.format(self.kit))

    def test_a_folder_that_cannot_be_looked_into_is_warned_of_and_stops_nothing(self):
        self.make_all()
        self.kit.rename(self.home / "away")
        self.kit.symlink_to(self.kit)  # as a service that may not enter /home finds it
        for command in (["status"], ["backup", "--to", "daily"], ["write", "daily"]):
            self.assertEqual(self.at_site(*command).errors, self.WARNING.format(self.kit))


class Unattended(AzekuraCase):
    def run_all(self, **options):
        """Every command that changes something; the last one's restore is right."""
        self.azekura("init", self.site, "--kit", self.kit, **options)
        self.tree = self.home / "tree"
        self.tree.mkdir()
        (self.tree / "file").write_text("content")
        self.medium = self.home / "medium"
        self.at_site("source", "add", "tree", self.tree, **options)
        self.at_site("source", "add", "reads-stdin", "--command", "cat", **options)
        self.at_site("set", "add", "daily", "--folder", self.medium, **options)
        self.at_site("backup", "--to", "daily", **options)
        self.at_site("catalogue", "rebuild", "daily", **options)
        self.verify()
        self.assertEqual((self.restore("latest/tree") / "file").read_text(), "content")

    def setUp(self):
        super().setUp()
        self.kit.parent.mkdir()

    def test_nothing_prompts_without_input(self):
        self.run_all()

    def test_nothing_prompts_with_stdin_closed(self):
        run_program = self.run_program
        self.run_program = lambda command, *rest, **options: run_program(
            ["sh", "-c", 'exec "$@" <&-', "sh", *command], *rest, **options)
        self.run_all()

    def test_closed_outputs_cost_no_data(self):
        """What is opened must not become descriptor 1 or 2, for results are written there."""
        self.make_hospital()
        ended = self.run_program(
            ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", self.azekura_program, "-s", self.site,
             "backup", "--to", "daily"], code=None)
        self.assertIn(ended.code, (0, SYSTEM), "neither done nor refused by the system")
        self.verify()
        self.backup()
        self.assert_restores("latest", state_of(self.tree))


if __name__ == "__main__":
    main()
