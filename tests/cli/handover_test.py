#!/usr/bin/python3
"""The host burnt down: init --from a medium, and the media go on as new sets."""
import shutil
import subprocess

from azekura_case import (AUTHENTICITY, DAMAGE, MEDIUM, SOURCE_ROOT, USAGE, AzekuraCase,
                          change_tree, main, state_of)

MAKE_VAULT = SOURCE_ROOT / "tests" / "golden" / "make_vault.py"


class HandoverCase(AzekuraCase):
    INIT = ()

    def setUp(self):
        super().setUp()
        self.make_site(*self.INIT)
        self.medium = self.add_set()
        self.weekly = self.add_set("weekly")
        self.tree = self.add_tree()
        self.add_command("ehr", "echo patients")
        self.first = state_of(self.tree)
        self.backup()
        self.backup("--to", "weekly")

    def burn(self):
        shutil.rmtree(self.site)

    def begin_again(self, *arguments, code=0, kit=None, site=None):
        return self.azekura("init", site or self.site, "--from", self.medium, "--kit",
                            kit or self.kit, *arguments, code=code)

    def go_away_with_the_kit(self):
        """The kit is read where it lies; it must be taken away again for a run without warnings."""
        away = self.kit.with_name("away")
        self.kit.rename(away)
        self.kit = away
        self.key = away / "recovery.key"


class Handover(HandoverCase):
    def test_the_site_comes_back(self):
        before = self.at_site("status", "--json").objects()
        self.burn()
        ended = self.begin_again("--json")
        self.assertEqual(ended.events("site")[0]["authority"], before[0]["authority"])
        self.assertEqual(ended.events("site")[0]["site"], before[0]["site"])
        after = self.at_site("status", "--json")
        for one, other in zip(after.events("source"), (one for one in before
                                                       if one["event"] == "source"), strict=True):
            for field in ("name", "kind", "origin", "rpo_hours"):
                self.assertEqual(one[field], other[field])
        self.assertEqual([(one["name"], one["folder"]) for one in after.events("set")],
                         [("daily", str(self.medium)), ("weekly", str(self.weekly))])
        self.assertIs(after.events("site")[0]["kit_on_this_host"], True)

    def test_the_media_go_on_as_new_sets(self):
        self.burn()
        self.begin_again()
        self.go_away_with_the_kit()
        change_tree(self.tree, self.random)
        second = state_of(self.tree)
        ended = self.backup("--json")
        self.assertEqual([one["name"] for one in ended.events("snapshot")], ["2/tree", "2/ehr"])
        self.assertGreater(ended.objects()[-1]["stored_bytes"], 250_000,
                           "nothing the lost host stored may be referred to")
        change_tree(self.tree, self.random)
        self.backup()
        wanted = {"1/tree": self.first, "2/tree": second, "3/tree": state_of(self.tree)}
        self.assert_all_restore(wanted)
        self.assertEqual(self.verify("--json").objects()[-1]["sessions"], 3)
        self.backup("--to", "weekly")
        self.assert_all_restore({"1/tree": self.first, "2/tree": state_of(self.tree)},
                                medium=self.weekly)

    def test_a_catalogue_lost_after_the_handover(self):
        self.burn()
        self.begin_again()
        self.go_away_with_the_kit()
        self.backup()
        shutil.rmtree(self.site / "catalogue" / "daily")
        change_tree(self.tree, self.random)
        self.backup()
        self.assert_all_restore({"1/tree": self.first, "2/tree": self.first,
                                 "3/tree": state_of(self.tree)})

    def test_a_catalogue_lost_right_after_the_handover(self):
        self.burn()
        self.begin_again()
        self.go_away_with_the_kit()
        shutil.rmtree(self.site / "catalogue" / "daily")
        self.backup()
        self.assert_all_restore({"1/tree": self.first, "2/tree": self.first})

    def test_it_burns_down_twice(self):
        for number in (2, 3):
            self.burn()
            self.begin_again()
            self.backup()
        self.go_away_with_the_kit()
        self.assert_all_restore({f"{number}/tree": self.first for number in (1, 2, 3)})

    def test_the_lost_host_cannot_go_on(self):
        """It was not gone after all: its certificate is older than the medium's newest."""
        lost = self.home / "lost"
        shutil.copytree(self.site, lost)
        self.burn()
        self.begin_again()
        self.backup()
        before = {path: path.read_bytes() for path in self.medium.rglob("*") if path.is_file()}
        self.assert_fails(
            AUTHENTICITY, f'another host of this site took over medium "{self.medium}": this host '
            "was replaced", "-s", lost, "backup", "--to", "daily",
            hint="run backups on that host; this site folder is no longer wanted")
        self.assertEqual(
            {path: path.read_bytes() for path in self.medium.rglob("*") if path.is_file()}, before)

    def test_the_medium_lies_elsewhere_now(self):
        self.burn()
        moved = self.home / "moved"
        self.medium.rename(moved)
        self.medium = moved
        self.begin_again()
        self.go_away_with_the_kit()
        sets = self.at_site("status", "--json").events("set")
        self.assertEqual(sets[0]["folder"], str(moved))
        self.backup()
        self.assert_all_restore({"1/tree": self.first, "2/tree": self.first})

    def test_another_site_s_kit_is_refused(self):
        other = self.home / "other-kit"
        self.azekura("init", self.home / "other", "--kit", other)
        self.burn()
        before = state_of(self.medium)
        ended = self.begin_again(kit=other, code=AUTHENTICITY)
        self.assertRegex(ended.errors, r"^azekura: error: this recovery key is of site \w{32}, "
                                       rf'medium "{self.medium}" is of site \w{{32}}\n'
                                       "azekura: hint: use the recovery kit of the medium's site\n$")
        self.assertFalse(self.site.exists())
        self.assertEqual(state_of(self.medium), before)

    def test_wrong_folders_are_refused(self):
        self.burn()
        hint = "name the folder that holds the kit of the lost site"
        empty = self.home / "empty"
        empty.mkdir()
        self.assert_fails(USAGE, f'"{empty}" has neither recovery.key nor share files', "init",
                          self.site, "--from", self.medium, "--kit", empty, hint=hint, out="")
        self.assert_fails(MEDIUM, f'"{empty}" is not an azekura medium', "init", self.site,
                          "--from", empty, "--kit", self.kit, out="",
                          hint="name the folder that holds README.txt and label")
        self.assertFalse(self.site.exists())

    def test_a_site_that_exists_is_refused(self):
        before = state_of(self.site)
        medium = state_of(self.medium)
        self.assert_fails(USAGE, f'"{self.site}" is not empty', "init", self.site, "--from",
                          self.medium, "--kit", self.kit, out="",
                          hint="choose a folder that does not exist yet for the site")
        self.assertEqual(state_of(self.site), before)
        self.assertEqual(state_of(self.medium), medium)

    def test_a_medium_without_a_session_is_no_beginning(self):
        fresh = self.add_set("fresh")
        ended = self.azekura("init", self.home / "new", "--from", fresh, "--kit", self.kit,
                             code=DAMAGE)
        self.assertIn("has a site file to begin from", ended.errors)
        self.assertFalse((self.home / "new").exists())


class WithShares(HandoverCase):
    """From shares, of which one is lost."""
    INIT = ("--shares", "2/3")

    def setUp(self):
        super().setUp()
        for kind in ("txt", "svg"):
            (self.kit / f"share-2-of-3.{kind}").unlink()

    def test_two_of_three_are_enough(self):
        self.burn()
        self.begin_again()
        self.go_away_with_the_kit()
        self.backup()
        self.azekura("key", "combine", self.kit / "share-1-of-3.txt",
                     self.kit / "share-3-of-3.txt", "--output", self.key)
        self.assert_all_restore({"1/tree": self.first, "2/tree": self.first})

    def test_one_is_too_few(self):
        self.burn()
        (self.kit / "share-1-of-3.txt").unlink()
        self.begin_again(code=AUTHENTICITY)
        self.assertFalse(self.site.exists())


class DamagedSiteFile(AzekuraCase):
    def test_an_older_one_is_taken(self):
        """That of the newest session does not open, as a thief of the host's key can bring about."""
        made = self.home / "made"
        subprocess.run(["/usr/bin/python3", "-B", MAKE_VAULT, made, "--variant",
                        "generation-flipped"], check=True, stdout=subprocess.DEVNULL)
        ended = self.azekura("init", self.site, "--from", made / "vault", "--kit", self.kit_of(made))
        self.assertIn("the snapshots of session 3: a generation does not open", ended.errors)
        self.assertEqual([(one["name"], one["folder"])
                          for one in self.at_site("status", "--json").events("set")],
                         [("daily", str(made / "vault"))])

    def kit_of(self, made):
        self.kit.mkdir(parents=True)
        shutil.copy(made / "recovery.key", self.kit)
        return self.kit


if __name__ == "__main__":
    main()
