#!/usr/bin/python3
"""status: generations against their RPO, what waits, media, alarms; also for Prometheus."""
import os
import shutil
import time

from azekura_case import DAMAGE, INCOMPLETE, SPACE, USAGE, AzekuraCase, main

POLICY = 10


class StatusCase(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()

    def status(self, *arguments):
        return self.at_site("status", "--json", *arguments)

    def source(self, name="tree"):
        return next(one for one in self.status().events("source") if one["name"] == name)

    def alarms(self):
        ended = self.status()
        alarms = [one["fact"] for one in ended.events("alarm")]
        self.assertEqual(ended.objects()[-1], {"event": "status", "alarms": len(alarms)})
        return alarms


class Generations(StatusCase):
    def test_nothing_yet_is_an_alarm(self):
        self.assertEqual(self.alarms(), ["no medium has a complete generation of the source 'tree'"])
        one = self.source()
        self.assertEqual((one["overdue"], one["rpo_hours"]), (True, 26))
        self.assertNotIn("last", one)
        self.assertIn("ALARM no medium has", self.at_site("status").text)
        self.at_site("status", "--alarm", code=POLICY)

    def test_what_was_committed_counts_and_what_waits_does_not(self):
        before = int(time.time())
        self.backup("--for", "daily")
        one = self.source()
        self.assertTrue(before <= one["waiting"]["time"] <= time.time())
        self.assertEqual((one["overdue"], one["waiting"]["session"]), (True, 1))
        self.assertNotIn("last", one)
        alarm, = self.status().events("alarm")
        self.assertIn("waits for the medium of the set 'daily'", alarm["remedy"])
        self.at_site("write", "daily")
        after = self.source()
        self.assertEqual(after["last"], one["waiting"])
        self.assertNotIn("waiting", after)
        self.assertIs(after["overdue"], False)
        self.assertEqual(self.alarms(), [])
        self.assertIn("0 alarms\n", self.at_site("status", "--alarm").text)

    def test_the_newest_of_all_sets(self):
        self.add_set("weekly")
        self.backup()
        self.backup("--to", "weekly")
        self.assertEqual(self.source()["last"]["set"], "weekly")
        self.backup("--for", "daily")
        one = self.source()
        self.assertEqual((one["last"]["set"], one["waiting"]["set"]), ("weekly", "daily"))
        self.backup()
        one = self.source()
        self.assertEqual((one["last"]["set"], one["last"]["session"]), ("daily", 3))
        self.assertNotIn("waiting", one)

    def test_older_than_its_rpo(self):
        self.backup()
        self.age(25 * 3600)
        self.assertEqual(self.alarms(), [])
        self.age(2 * 3600)
        self.assertEqual(self.alarms(), ["the newest generation of the source 'tree' on a medium "
                                         "is 27 hours old, its rpo_hours is 26"])
        path = self.site / "site.toml"
        path.write_text(path.read_text().replace("name = 'tree'\n", "name = 'tree'\nrpo_hours = 30\n"))
        self.assertEqual(self.alarms(), [])

    def test_a_night_whose_medium_nobody_brought(self):
        """Captured at one o'clock, looked at in the morning; the medium of the night before came."""
        self.backup()
        self.age(24 * 3600)
        self.backup("--for", "daily")
        self.age(8 * 3600)
        alarm, = self.at_site("status", "--alarm", "--json", code=POLICY).events("alarm")
        self.assertEqual(alarm["fact"], "the newest generation of the source 'tree' on a medium is "
                                        "32 hours old, its rpo_hours is 26")
        self.assertEqual(alarm["remedy"],
                         "a newer one waits for the medium of the set 'daily': bring it")
        self.at_site("write", "daily")
        self.assertIn("0 alarms\n", self.at_site("status", "--alarm").text)

    def test_from_the_future(self):
        self.backup()
        self.age(-2 * 3600)
        alarm, = self.alarms()
        self.assertTrue(alarm.endswith(", which is yet to come"), alarm)

    def test_an_incomplete_one_is_an_alarm_and_the_last_complete_one_counts(self):
        self.add_command("ehr", f"cat '{self.home}/dump'")
        (self.home / "dump").write_text("patients\n")
        self.backup()
        first = self.source("ehr")["last"]
        (self.home / "dump").unlink()
        self.backup(code=INCOMPLETE)
        self.assertEqual(self.source("ehr")["last"], first)
        self.assertEqual(self.source("tree")["last"]["session"], 2)
        self.assertEqual(self.alarms(), ["the newest snapshot of the source 'ehr' is incomplete: "
                                         "2/ehr of the set 'daily'"])
        self.backup(code=INCOMPLETE)
        self.assertEqual(self.source("ehr")["last"], first)
        (self.home / "dump").write_text("patients\n")
        self.backup()
        self.assertEqual(self.alarms(), [])

    def test_what_was_dropped_is_nowhere(self):
        self.backup()
        self.backup("--for", "daily")
        shutil.rmtree(self.site / "spool" / "daily" / "000002")
        one = self.source()
        self.assertEqual(one["last"]["session"], 1)
        self.assertNotIn("waiting", one)

    def test_a_lost_or_damaged_record_says_less_and_is_begun_anew(self):
        for spoil in (lambda path: path.unlink(), lambda path: path.write_bytes(b"AZKGENR1\xff"),
                      lambda path: path.write_bytes(os.urandom(100)),
                      lambda path: path.write_bytes(b"")):
            self.backup()
            self.assertEqual(self.alarms(), [])
            spoil(self.site / "generations" / "daily")
            self.assertEqual(self.alarms(),
                             ["no medium has a complete generation of the source 'tree'"])

    def test_a_run_that_ended_between_seal_and_record(self):
        self.backup("--for", "daily")
        shutil.copytree(self.site, self.home / "before")
        self.at_site("write", "daily")
        shutil.rmtree(self.site)
        (self.home / "before").rename(self.site)
        self.assertIs(self.source()["overdue"], True)
        self.at_site("write", "daily")
        self.assertIs(self.source()["overdue"], False)


class Spool(StatusCase):
    def test_what_waits(self):
        self.backup()
        self.assertEqual(self.status().events("spool"),
                         [{"event": "spool", "sessions": 0, "bytes": 0}])
        self.backup("--for", "daily")
        spool, = self.status().events("spool")
        sizes = sum(path.stat().st_size
                    for path in (self.site / "spool").rglob("*") if path.is_file())
        self.assertEqual((spool["sessions"], spool["bytes"]), (1, sizes))
        one, = self.status().events("set")
        self.assertEqual((one["waiting_sessions"], one["waiting_bytes"]), (1, sizes))

    def test_over_its_limit(self):
        path = self.site / "site.toml"
        path.write_text(path.read_text() + "[spool]\nlimit_gib = 1\n")
        self.backup()
        self.assertEqual(self.alarms(), [])
        with open(self.site / "spool" / "daily" / "large", "wb") as file:
            file.truncate(2 * 2 ** 30)
        self.assertEqual(self.alarms(), ["2.0 GiB wait in the spool, more than its limit of 1.0 GiB"])
        self.assertEqual(self.status().events("spool")[0]["limit"], 2 ** 30)


class FullSpool(AzekuraCase):
    """Two sets that take turns, and more waits for them than may."""

    def setUp(self):
        super().setUp()
        self.make_site()
        self.tree = self.add_tree()
        (self.tree / "large").write_bytes(self.random.randbytes(4 << 20))
        self.sets = ["daily-1", "daily-2"]
        for name in self.sets:
            self.at_site("set", "add", name, "--pool", "daily", "--folder", self.home / name)
        path = self.site / "site.toml"
        path.write_text(path.read_text() + "[spool]\nlimit_gib = 0.006\n")

    def waiting(self):
        return [one["waiting_sessions"] for one in self.at_site("status", "--json").events("set")]

    def test_says_which_media_to_bring_and_captures_nothing(self):
        for name in self.sets:
            self.backup("--for", name)
        for part in ((), ("--only", "capture")):
            ended = self.at_site("nightly", *part, code=SPACE)
            self.assertIn("error: AZK-M15: the spool holds ", ended.errors)
            self.assertIn("its limit is 6.1 MiB: nothing was captured\n", ended.errors)
            self.assertIn("hint: bring the media 'daily-1', 'daily-2': 'azekura rotate' leads you",
                          ended.errors)
            self.assertEqual(self.waiting(), [1, 1])
        for name in self.sets:
            self.at_site("write", name)
        self.assertEqual(self.waiting(), [0, 0])
        self.at_site("nightly")
        self.assertEqual(self.waiting(), [0, 0])

    def test_of_a_capture_that_was_killed_too(self):
        """What it left counts as well; writing its set makes a session of it, and room."""
        self.backup("--for", "daily-1")
        folder, = (self.site / "spool" / "daily-1").glob("0*")
        with open(folder / "large.part", "wb") as file:
            file.truncate(8 << 20)
        (folder / "manifest").unlink()
        ended = self.backup("--for", "daily-2", code=SPACE)
        self.assertIn("bring the media 'daily-1': ", ended.errors)
        self.at_site("write", "daily-1")
        self.assertEqual(self.waiting(), [0, 0])
        self.at_site("nightly")


class Sets(StatusCase):
    def test_a_folder_is_never_offline(self):
        one, = self.status().events("set")
        self.assertEqual((one["present"], one["offline"]), (True, False))
        self.assertIn("NOT OFFLINE", self.at_site("status").text)
        self.medium.rename(self.home / "away")
        one, = self.status().events("set")
        self.assertEqual((one["present"], one["offline"]), (False, False))

    def test_a_set_without_a_medium(self):
        self.backup()
        self.at_site("set", "add", "disks")
        self.assertEqual(self.alarms(), ["the set 'disks' has no medium"])
        one = self.status().events("set")[1]
        self.assertEqual((one["present"], one["offline"]), (False, False))
        self.assertNotIn("folder", one)

    def test_a_set_that_was_only_written_stays_addable(self):
        site_file = self.site / "site.toml"
        site_file.write_text(site_file.read_text() + "[[set]]\nname = 'g9'\n")
        self.backup()
        self.assertIn("the set 'g9' has no keys in this site", self.alarms())
        self.assertFalse((self.site / "spool" / "g9").exists())
        (self.site / "spool" / "g9").mkdir()
        self.assertIn("the set 'g9' has no keys in this site", self.alarms())
        self.at_site("set", "add", "g9")

    def test_a_set_that_lost_its_keys_does_not_hide_the_rest(self):
        self.backup()
        (self.site / "keys" / "daily.set").unlink()
        alarm, = self.alarms()
        self.assertIn("has lost the keys of the set 'daily'", alarm)

    def test_a_record_of_a_medium_that_cannot_be_read_does_not_hide_the_rest(self):
        self.backup()
        self.at_site("set", "add", "weekly")
        (self.site / "media").mkdir()
        (self.site / "media" / "weekly.medium").write_text("something")
        unreadable, unenrolled = self.alarms()
        self.assertIn("the record \"", unreadable)
        self.assertIn("weekly.medium\" of a medium cannot be read", unreadable)
        self.assertEqual(unenrolled, "the set 'weekly' has no medium")
        self.assertIn(unreadable, self.at_site("check", code=USAGE).text)
        self.assertIn(unreadable, self.at_site("medium", "list", code=DAMAGE).errors)


class Prometheus(StatusCase):
    def test_a_text_file(self):
        self.add_command("ehr", "true")
        self.backup("tree")
        self.backup("tree", "--for", "daily")
        path = self.home / "azekura.prom"
        self.at_site("status", "--prometheus", path)
        lines = path.read_text().splitlines()
        values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        self.assertLess(abs(int(values.pop("azekura_status_timestamp_seconds")) - time.time()), 60)
        name = "azekura_source_last_generation_timestamp_seconds"
        spool, = self.status().events("spool")
        self.assertEqual(values, {
            f'{name}{{source="tree"}}': str(self.source()["last"]["time"]),
            f'{name}{{source="ehr"}}': "0",
            'azekura_source_rpo_seconds{source="tree"}': "93600",
            'azekura_source_rpo_seconds{source="ehr"}': "93600",
            "azekura_spool_bytes": str(spool["bytes"]), "azekura_spool_sessions": "1",
            "azekura_alarms": "1"})
        for metric in {line.split("{")[0] for line in values}:
            self.assertIn(f"# TYPE {metric} gauge", lines)
            self.assertTrue(any(line.startswith(f"# HELP {metric} ") for line in lines))
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)
        self.assertEqual([one.name for one in self.home.glob("azekura.prom*")], ["azekura.prom"])

    def test_is_replaced_and_relative_to_here(self):
        path = self.home / "a.prom"
        path.write_text("old")
        before = path.stat().st_ino
        self.at_site("status", "--prometheus", "a.prom")
        self.assertIn("azekura_alarms 1\n", path.read_text())
        self.assertNotEqual(path.stat().st_ino, before)

    def test_a_folder_that_is_not_there(self):
        ended = self.at_site("status", "--prometheus", self.home / "none" / "a.prom", code=3)
        self.assertIn("No such file or directory", ended.errors)


if __name__ == "__main__":
    main()
