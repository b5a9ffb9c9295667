#!/usr/bin/python3
"""The schedule of the site file, and check: every mistake in it and in what it names."""
import os
import re

from azekura_case import USAGE, AzekuraCase, main

POOLS = """
[[pool]]
name = "daily"
every = "day"
on = ["mon", "tue", "wed", "thu"]
[[pool]]
name = "weekly"
every = "week"
on = "fri"
[[pool]]
name = "monthly"
every = "month"
on = "first sat"
"""
NEW_YEAR = """
[[holiday]]
date = 2026-12-29
until = 2027-01-03
name = "年末年始"
"""


def set_tables(**counts):
    return "".join(f"[[set]]\nname = '{pool}-{i}'\npool = '{pool}'\n"
                   for pool, count in counts.items() for i in range(1, count + 1))


class ScheduleCase(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_site()
        self.site_file = self.site / "site.toml"
        self.lines = self.site_file.read_text().count("\n")

    def append(self, text):
        self.site_file.write_text(self.site_file.read_text() + text)

    def write_schedule(self):
        self.append(f"[[source]]\nname = 'tree'\npath = '{self.temporary}'\n"
                    "[[source]]\nname = 'images'\ncommand = 'true'\npools = ['weekly']\n"
                    + POOLS + NEW_YEAR + set_tables(daily=4, weekly=3, monthly=3))


class Schedule(ScheduleCase):
    def nights(self, *arguments):
        return self.at_site("schedule", "--json", *arguments).events("night")

    def test_new_year(self):
        self.write_schedule()
        nights = self.nights("--from-date", "2026-12-24", "--days", "13")
        self.assertEqual([(one["date"][5:], one["weekday"], one.get("medium_of_set", "-"),
                           one["captured_for"]) for one in nights],
                         [("12-24", "thu", "daily-4", "daily-4"),
                          ("12-25", "fri", "weekly-3", "weekly-3"),
                          ("12-26", "sat", "-", "daily-1"), ("12-27", "sun", "-", "daily-1"),
                          ("12-28", "mon", "daily-1", "daily-1"),
                          ("12-29", "tue", "-", "daily-2"), ("12-30", "wed", "-", "daily-2"),
                          ("12-31", "thu", "-", "daily-2"), ("01-01", "fri", "-", "daily-2"),
                          ("01-02", "sat", "-", "daily-2"), ("01-03", "sun", "-", "daily-2"),
                          ("01-04", "mon", "daily-2", "daily-2"),
                          ("01-05", "tue", "daily-3", "daily-3")])
        self.assertEqual({one["holiday"] for one in nights[5:11]}, {"年末年始"})
        self.assertEqual({one["holiday"] for one in nights[:5] + nights[11:]}, {""})
        for one in nights:
            self.assertEqual(one["sources"],
                             ["tree", "images"] if one["pool"] == "weekly" else ["tree"])

    def test_as_a_table(self):
        self.write_schedule()
        said = self.at_site("schedule", "--from-date", "2026-12-25", "--days", "5").text
        self.assertEqual(said.splitlines(), [
            "night           medium of set     pool        sources",
            "2026-12-25 fri  weekly-3          weekly      all",
            "2026-12-26 sat  -                 daily       tree",
            "2026-12-27 sun  -                 daily       tree",
            "2026-12-28 mon  daily-1           daily       tree",
            "2026-12-29 tue  -                 daily       tree  年末年始"])

    def test_sixty_days_from_tonight(self):
        self.write_schedule()
        nights = self.nights()
        self.assertEqual(len(nights), 60)
        again = self.nights("--from-date", nights[0]["date"])
        self.assertEqual(again, nights)

    def test_without_pools_says_what_to_add(self):
        self.assert_site_fails(
            USAGE, "the site has no schedule: its site.toml has no [[pool]]", "schedule", out="",
            hint="add a [[pool]] and its sets; the comments of a new site file show the form")

    def test_what_is_no_date_or_no_count(self):
        self.write_schedule()
        self.assert_site_fails(USAGE, '"2027-02-29" is not a date', "schedule", "--from-date",
                               "2027-02-29", out="", hint="write it like 2027-01-31")
        self.assert_site_fails(USAGE, "a schedule is of 1 to 3660 days, not 0", "schedule",
                               "--days", "0", out="")


class Check(ScheduleCase):
    def findings(self, code, **options):
        ended = self.at_site("check", "--json", code=code, **options)
        self.assertEqual(ended.errors, "")
        *findings, last = ended.objects()
        self.assertEqual(last, {
            "event": "checked",
            "mistakes": sum(one["severity"] == "mistake" for one in findings),
            "warnings": sum(one["severity"] == "warning" for one in findings)})
        for one in findings:
            self.assertTrue(one["remedy"])
        return {one["severity"][0] + f"{one['line'] - self.lines if 'line' in one else '-'}: "
                + one["fact"] for one in findings}

    def test_a_site_in_order(self):
        self.add_tree()
        self.assertEqual(self.findings(0), set())
        self.assertEqual(self.at_site("check").text, f"site {self.site}: 0 mistakes, 0 warnings\n")

    def test_all_mistakes_at_once_and_what_is_not_there(self):
        self.append("[[source]]\nname = 'a'\npath = 'x'\ncolour = 'red'\n"
                    "[[source]]\nname = 'b'\npath = '/no/such'\n"
                    "[[source]]\nname = 'c'\ncommand = 'no-such-program --all | gzip'\n"
                    "[[source]]\nname = 'd'\ncommand = '/no/such/program'\n"
                    "[[set]]\nname = 'e'\nfolder = '/no/medium'\npool = 'p'\n")
        self.assertEqual(self.findings(USAGE), {
            "m1: a path must begin with '/'", "m4: 'colour' is not a setting",
            'm-: the path of the source \'b\', "/no/such", is not there',
            "m-: the command of the source 'c' begins with a program that is not there, "
            "'no-such-program'",
            "m-: the command of the source 'd' begins with a program that is not there, "
            "'/no/such/program'",
            "m14: the set 'e' names a pool that is not there, 'p'",
            "w14: the set 'e' is a folder: it is not offline",
            "m-: the set 'e' has no keys in this site",
            'w-: the folder of the set \'e\', "/no/medium", is not there'})
        text = self.at_site("check", code=USAGE).text
        self.assertIn(f"MISTAKE: site.toml, line {self.lines + 4}: 'colour' is not a setting\n"
                      "    correct that line of the site file; its comments show the form\n", text)
        self.assertTrue(text.endswith(f"site {self.site}: 7 mistakes, 2 warnings\n"), text)

    def test_commands_that_are_the_shell_s_to_judge(self):
        tool = self.home / "tool"
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
        for i, command in enumerate((
                "printf x", "cd /srv && tar c .", "PGUSER=me pg_dump", "$TOOL --all", "(true; ls)",
                "sh -c ls", f"{tool} x", "tool|cat", "[ -e /x ] && cat /x", "  tool", "'tool'")):
            self.append(f'[[source]]\nname = "s{i}"\ncommand = """{command}"""\n')
        path = f"/nowhere::{self.home}:{os.environ['PATH']}"
        self.assertEqual(self.findings(0, env={**self.environment, "PATH": path}), set())
        self.assertEqual(self.findings(USAGE), {
            f"m-: the command of the source 's{i}' begins with a program that is not there, "
            "'tool'" for i in (7, 9)})

    def test_warnings_do_not_fail(self):
        self.add_tree()
        folder = self.add_set()
        self.assertEqual({re.sub(r"w\d+", "w", one) for one in self.findings(0)},
                         {"w: the set 'daily' is a folder: it is not offline"})
        folder.rename(self.home / "elsewhere")
        self.kit.rename(self.home / "new-kit")
        self.append("[spool]\nlimit_gib = 1048576\n")
        found = self.findings(0)
        self.assertEqual(len(found), 4)
        for fact in (f'the recovery kit still lies on this host, in "{self.home}/new-kit"',
                     f'the folder of the set \'daily\', "{folder}", is not there',
                     "less than its limit of 1.0 PiB"):
            self.assertTrue(any(fact in one for one in found), (fact, found))

    def test_hours_that_the_nights_cannot_keep(self):
        self.append(f"[[source]]\nname = 'tree'\npath = '{self.temporary}'\nrpo_hours = 72\n"
                    f"[[source]]\nname = 'hasty'\npath = '{self.temporary}'\nrpo_hours = 71\n"
                    f"[[source]]\nname = 'rare'\npath = '{self.temporary}'\npools = ['monthly']\n"
                    + POOLS + set_tables(daily=2, weekly=2, monthly=2))
        found = {one for one in self.findings(USAGE) if "rpo_hours" in one}
        self.assertEqual(found, set())  # mistakes first: these sets have no keys
        for name in ("daily-1", "daily-2", "weekly-1", "weekly-2", "monthly-1", "monthly-2"):
            (self.site / "keys" / f"{name}.set").write_bytes(os.urandom(80))
        gaps = {one["fact"].split("'")[1]: one["fact"]
                for one in self.at_site("check", "--json").events("finding")
                if "rpo_hours" in one["fact"]}
        self.assertEqual(set(gaps), {"hasty", "rare"})
        self.assertRegex(gaps["rare"], r", 840 hours; its rpo_hours is 26$")

    def test_a_site_that_does_nothing(self):
        nothing = "w-: there is no source: nothing is backed up"
        self.assertEqual(self.findings(0), {nothing})
        self.at_site("set", "add", "disk")
        no_pool = "w-: there is no pool: no night has a medium, 'azekura nightly' cannot run"
        self.assertEqual(self.findings(0),
                         {nothing, no_pool, "w-: the set 'disk' has no medium"})
        self.add_tree()
        self.assertEqual(self.findings(0), {no_pool, "w-: the set 'disk' has no medium"})

    def test_every_mistake_of_syntax(self):
        self.append("[[source]\nname = 'a'\npath = /srv\n[[set]]\nname = 'b'\ncolour = 3\n"
                    "folder ＝ '/m'\n")
        self.assertEqual(self.findings(USAGE), {
            "m1: this does not begin a table", "m3: this is no value",
            "m7: '＝' stands neither in a text nor in a comment",
            "w-: nothing else in site.toml was judged: it is not TOML yet"})
        found = self.at_site("check", "--json", code=USAGE).events("finding")
        self.assertEqual([one.get("column") for one in found], [10, 8, 8, None])


class SetOfPool(ScheduleCase):
    def test_is_added_to_it(self):
        self.append("[[pool]]\nname = 'p'\nevery = 'day'\n[[set]]\nname = 'first'\npool = 'p'\n")
        self.at_site("set", "add", "second", "--pool", "p")
        self.assertTrue(self.site_file.read_text().endswith(
            "\n[[set]]\nname = 'second'\npool = 'p'\n"))
        before = self.site_file.read_text()
        ended = self.at_site("set", "add", "third", code=USAGE)
        self.assertIn("the set 'third' is in no pool and would never be written", ended.errors)
        self.assertEqual(self.site_file.read_text(), before)

    def test_pools_that_are_written_first(self):
        self.append(POOLS)
        for name in ("weekly-1", "monthly-1", "daily-1"):
            self.at_site("set", "add", name, "--pool", name.split("-")[0])
        self.assertEqual(self.at_site("schedule", "--days", "1").errors, "")

    def test_a_new_pool_beside_one_of_every_night(self):
        self.at_site("set", "add", "d", "--pool", "daily")
        before = self.site_file.read_text()
        self.assert_site_fails(
            USAGE, "the new pool 'weekly' would have every night, and the pool 'daily' has some",
            "set", "add", "w", "--pool", "weekly", "--folder", self.home / "w", out="",
            hint="write the [[pool]] 'weekly' with its nights into site.toml first, as its "
                 "comments show; then 'azekura set add w --pool weekly' again")
        self.assertEqual(self.site_file.read_text(), before)
        self.assertFalse((self.home / "w").exists())
        self.append("[[pool]]\nname = 'weekly'\nevery = 'week'\non = 'fri'\n")
        self.at_site("set", "add", "w", "--pool", "weekly")

    def test_what_cannot_be_added_is_no_line_of_the_file(self):
        self.add_set("trial")
        before = self.site_file.read_text()
        self.assert_site_fails(
            USAGE, "it cannot be added to site.toml: the set 'trial' is in no pool and would never "
            "be written", "set", "add", "d", "--pool", "daily",
            hint="write pool = \"NAME\" in it (there are: daily)", out="")
        self.assertEqual(self.site_file.read_text(), before)


if __name__ == "__main__":
    main()
