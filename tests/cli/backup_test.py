#!/usr/bin/python3
"""backup and write: spooled chains, failing sources, two runs at once, killed and stopped runs."""
import os
import shutil
import signal
import subprocess

from azekura_case import (BUSY, DONE, INCOMPLETE, INTERRUPTED, MEDIUM, USAGE, AzekuraCase, change_tree,
                          main, state_of, without_privileges)

HELP_HINT = "see 'azekura --help'"
FLAWED = "azekura: warning: 1 items are incomplete; 'azekura find --flawed' lists them with the key"


class Backup(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()

    def test_says_what_it_did(self):
        ended = self.backup()
        self.assertEqual(ended.errors, "")
        snapshot, written, committed = ended.text.splitlines()
        self.assertRegex(snapshot, r"^1/tree +\d+ entries +\d+\.\d KiB  read +\d+\.\d KiB$")
        self.assertRegex(written, rf'^1 sessions sealed on "{self.medium}" and read back, '
                                  r"\d+\.\d KiB, connected \d+\.\d s$")
        self.assertRegex(committed, r"^committed: \d+\.\d KiB read, \d+\.\d KiB new on the "
                                    r"medium, \d+\.\d s$")
        self.assert_restores("1/tree", state_of(self.tree))

    def test_as_json(self):
        for sealed, arguments in ((True, ["--to"]), (False, ["--for"])):
            objects = self.backup(*arguments, "daily", "--json").objects()
            self.assertEqual([one["event"] for one in objects],
                             ["snapshot", "written", "session"] if sealed
                             else ["snapshot", "session"])
            self.assertEqual(list(objects[0]), ["event", "name", "complete", "entries", "bytes",
                                                "read_bytes", "flawed", "excluded"])
            last = objects[-1]
            self.assertEqual(list(last), ["event", "set", "sealed", "complete", "bytes",
                                          "read_bytes", "stored_bytes", "seconds"])
            self.assertEqual((last["set"], last["sealed"], last["complete"]),
                             ("daily", sealed, True))
            for name in ("bytes", "read_bytes", "stored_bytes"):
                self.assertIs(type(last[name]), int, name)
                self.assertEqual(last["bytes"], objects[0]["bytes"])
            self.assertIs(type(last["seconds"]), float)
            if sealed:
                self.assertEqual(list(objects[1]),
                                 ["event", "set", "sessions", "bytes", "connected_seconds"])
                self.assertGreater(last["stored_bytes"], 200_000)
                self.assertLess(objects[1]["connected_seconds"], last["seconds"])

    def test_an_unchanged_night_stores_next_to_nothing(self):
        self.backup()
        last = self.backup("--json").objects()[-1]
        self.assertLess(last["stored_bytes"], 50_000)
        self.assert_restores("2/tree", state_of(self.tree))

    def test_only_the_sources_named(self):
        self.add_command("ehr", "echo patients")
        self.backup("ehr")
        self.backup()
        self.assertEqual(list(self.snapshots()), ["1/ehr", "2/tree", "2/ehr"])

    def test_to_and_for_exclude_each_other(self):
        self.assert_site_fails(USAGE, "backup: give either --to SET or --for SET", "backup",
                               hint=HELP_HINT, out="")
        self.assert_site_fails(USAGE, "--to excludes --for", "backup", "--to", "daily",
                               "--for", "daily", hint=HELP_HINT, out="")

    def test_unknown_names_are_refused_with_the_list(self):
        self.add_set("weekly")
        self.add_command("ehr", "true")
        for command in (["backup", "--to", "dayly"], ["backup", "--for", "dayly"],
                        ["write", "dayly"], ["catalogue", "rebuild", "dayly"]):
            self.assert_site_fails(USAGE, "there is no set 'dayly'; there are: daily, weekly",
                                   *command, hint="add it with 'azekura set add'", out="")
        self.assert_site_fails(USAGE, "there is no source 'her'; there are: tree, ehr", "backup",
                               "ehr", "her", "--to", "daily",
                               hint="add it with 'azekura source add'", out="")
        self.assertEqual(self.snapshots(), {})

    def test_a_site_without_sources_has_nothing_to_do(self):
        self.azekura("init", self.home / "bare", "--kit", self.home / "bare-kit")
        shutil.rmtree(self.home / "bare-kit")
        self.assert_fails(USAGE, "there is no set 'daily'; there is none yet",
                          "-s", self.home / "bare", "backup", "--to", "daily",
                          hint="add it with 'azekura set add'")
        self.azekura("-s", self.home / "bare", "set", "add", "daily", "--folder",
                     self.home / "bare-medium")
        self.assert_fails(USAGE, "the site has no sources", "-s", self.home / "bare", "backup",
                          "--to", "daily", hint="add one with 'azekura source add NAME PATH'")


class Spooled(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()

    def waiting(self):
        return self.at_site("status", "--json").events("set")[0]["waiting_sessions"]

    def test_a_chain_of_two_nights_is_written_at_once(self):
        first = state_of(self.tree)
        self.backup("--for", "daily")
        self.assertEqual(self.snapshots(), {})
        change_tree(self.tree, self.random)
        second = state_of(self.tree)
        last = self.backup("--for", "daily", "--json").objects()[-1]
        self.assertLess(last["stored_bytes"], 200_000, "it did not see the first night's chunks")
        self.assertEqual(self.waiting(), 2)
        ended = self.at_site("write", "daily", "--json")
        self.assertEqual([one["sessions"] for one in ended.events("written")], [2])
        self.assertEqual(self.waiting(), 0)
        self.assert_all_restore({"1/tree": first, "2/tree": second})
        self.assertEqual(list((self.site / "spool" / "daily").iterdir()), [])

    def test_a_write_takes_what_waited_along(self):
        first = state_of(self.tree)
        self.backup("--for", "daily")
        change_tree(self.tree, self.random)
        ended = self.backup("--json")
        self.assertEqual([one["sessions"] for one in ended.events("written")], [2])
        self.assert_all_restore({"1/tree": first, "2/tree": state_of(self.tree)})

    def test_a_write_with_nothing_to_write_is_done(self):
        self.backup()
        ended = self.at_site("write", "daily", "--json")
        self.assertEqual([one["sessions"] for one in ended.events("written")], [0])

    def test_sets_know_nothing_of_each_other(self):
        weekly = self.add_set("weekly")
        self.backup("--for", "daily")
        self.backup("--to", "weekly")
        self.assertEqual(list(self.snapshots(weekly)), ["1/tree"])
        self.assert_all_restore({"1/tree": state_of(self.tree)}, medium=weekly)
        self.at_site("write", "daily")
        self.assert_all_restore({"1/tree": state_of(self.tree)})


    def test_rot_in_the_spool_is_never_sealed(self):
        """A flipped bit in the header or manifest that waits: captured again, not signed."""
        for name in ("header", "manifest"):
            for place in (0.3, 0.6, 0.9, 0.999):
                with self.subTest(name=name, place=place):
                    change_tree(self.tree, self.random)
                    self.backup("--for", "daily")
                    waiting = max((self.site / "spool" / "daily").iterdir()) / name
                    content = bytearray(waiting.read_bytes())
                    content[int(len(content) * place)] ^= 4
                    waiting.write_bytes(content)
                    self.at_site("write", "daily", code=MEDIUM)
                    self.backup()
        self.verify("--deep", "--key", self.key)
        self.assert_restores("latest", state_of(self.tree))

    def test_a_dropped_session_of_another_source_is_not_silent(self):
        self.add_command("ehr", "echo patients")
        self.backup("ehr", "--for", "daily")
        waiting = max((self.site / "spool" / "daily").iterdir()) / "header"
        waiting.write_bytes(waiting.read_bytes()[:-1])
        ended = self.backup("tree", code=INCOMPLETE)
        self.assertIn("1 sessions that waited were dropped", ended.errors)
        self.assertIn("back up the others too", ended.errors)
        self.backup()


class Logs(AzekuraCase):
    def test_a_full_log_ends_no_backup(self):
        self.make_hospital()
        shutil.copytree(self.kit, self.home / "new-kit")  # so that there is something to warn of
        with open("/dev/full", "wb") as full:
            done = subprocess.run([self.azekura_program, "-s", self.site, "backup", "--to", "daily"],
                                  stderr=full, stdout=subprocess.DEVNULL, check=False,
                                  env=self.environment)
        self.assertEqual(done.returncode, 0)
        self.assert_restores("latest", state_of(self.tree))


class Sources(AzekuraCase):
    def setUp(self):
        super().setUp()
        self.make_hospital()

    def test_an_unreadable_folder_is_listed(self):
        self.backup()
        whole = state_of(self.tree)
        (self.tree / "ward").chmod(0)
        ended = self.run_program([*without_privileges(), self.azekura_program, "-s", self.site,
                                  "backup", "--to", "daily"], INCOMPLETE)
        self.assertEqual(ended.errors, FLAWED + "\n")
        self.assertRegex(ended.text, r"(?m)^2/tree .*  INCOMPLETE$")
        (self.tree / "ward").chmod(0o755)
        # "latest" is the latest complete one; the other has what could be read.
        self.assert_restores("latest", whole)
        ended = self.azekura("restore", "2/tree", *self.keyed(), "--target", self.home / "json",
                             "--json", code=INCOMPLETE)
        self.assertEqual([(one["snapshot"], one["path"], one["flaw"])
                          for one in ended.events("flawed")], [("2/tree", "ward", "unreadable")])
        self.assertEqual((ended.events("restored")[0]["flawed"], ended.events("done")[0]["lost"]),
                         (1, 0))
        restored = self.restore("2/tree", code=INCOMPLETE)
        (restored / "ward").chmod(0o755)
        found = state_of(restored)
        self.assertEqual(found[b"table.sql"], whole[b"table.sql"])
        self.assertNotIn("ward/図".encode(), found)
        self.assertEqual([(name, one["complete"], one["flawed"])
                          for name, one in self.snapshots().items()],
                         [("1/tree", True, 0), ("2/tree", False, 1)])
        listed = self.azekura("list", *self.keyed()).text.splitlines()
        self.assertRegex(listed[0], r"^1/tree .*  complete$")
        self.assertRegex(listed[1], r"^2/tree .*  INCOMPLETE$")
        flawed = self.azekura("find", "--flawed", "--json", *self.keyed()).objects()
        self.assertEqual([(one["snapshot"], one["path"], one["flaw"]) for one in flawed],
                         [("2/tree", "ward", "unreadable")])
        self.verify("--deep", "--key", self.key)

    def test_an_unreadable_file_is_listed(self):
        (self.tree / "ward" / "図" / "image.raw").chmod(0)
        self.run_program([*without_privileges(), self.azekura_program, "-s", self.site, "backup",
                          "--to", "daily"], INCOMPLETE)
        flawed = self.azekura("find", "--flawed", *self.keyed()).text
        self.assertEqual(flawed, "1/tree:ward/図/image.raw\n")
        ended = self.azekura("restore", "1/tree", *self.keyed(), "--target", self.home / "rest",
                             code=INCOMPLETE)
        self.assertIn("UNREADABLE 1/tree:ward/図/image.raw: ", ended.text)
        self.assertTrue((self.home / "rest" / "note.txt").exists())

    def test_a_complete_night_follows_an_incomplete_one(self):
        (self.tree / "ward").chmod(0)
        self.run_program([*without_privileges(), self.azekura_program, "-s", self.site, "backup",
                          "--to", "daily"], INCOMPLETE)
        (self.tree / "ward").chmod(0o755)
        self.backup()
        self.assert_restores("latest", state_of(self.tree))

    def test_a_source_that_is_not_mounted(self):
        """Its mount point is there and empty: not what was backed up last night."""
        self.backup()
        whole = state_of(self.tree)
        self.tree.rename(self.home / "away")
        self.tree.mkdir()
        for _night in range(2):
            ended = self.backup("--json", code=INCOMPLETE)
            self.assertEqual([one["complete"] for one in ended.events("snapshot")], [False])
            self.assertIn("source 'tree' is empty now and was not before: is its file system "
                          "mounted?", ended.errors)
        self.assert_restores("latest", whole)
        self.tree.rmdir()
        (self.home / "away").rename(self.tree)
        self.backup()
        self.assert_restores("4/tree", whole)

    def test_a_folder_that_was_always_empty(self):
        (self.home / "inbox").mkdir()
        self.at_site("source", "add", "inbox", self.home / "inbox")
        for _night in range(2):
            self.backup("inbox")

    def test_site_and_media_are_left_out(self):
        """The source is the folder that all of it lies in."""
        self.at_site("source", "add", "all", self.home)
        medium = self.medium.name.encode()
        for night in range(1, 4):
            ended = self.backup("all")
            self.assertIn(f'"{self.site}" is left out', ended.errors + ended.text)
            self.assertIn(f'"{self.medium}" is left out', ended.errors + ended.text)
            found = state_of(self.restore(f"{night}/all"))
            self.assertIn(b"tree/table.sql", found)
            self.assertEqual([name for name in found if name.startswith((b"site/", medium + b"/"))],
                             [])
        self.assertIn(b"site", found)
        self.assertIn(medium, found)

    def test_a_source_that_is_gone(self):
        self.add_command("ehr", "echo patients")
        self.backup()
        whole = state_of(self.tree)
        self.tree.rename(self.home / "away")
        ended = self.backup("--json", code=INCOMPLETE)
        self.assertEqual([(one["name"], one["complete"]) for one in ended.events("snapshot")],
                         [("2/tree", False), ("2/ehr", True)])
        self.assertIn("azekura: warning: source 'tree': ", ended.errors)
        self.assert_restores("latest", whole, "--source", "tree")
        ended = self.azekura("restore", "2/tree", *self.keyed(), "--target", self.home / "gone",
                             code=INCOMPLETE)
        self.assertIn("UNREADABLE 2/tree:.: it could not be read", ended.text)
        self.assertIn("1 items could not be read when they were backed up", ended.errors)
        self.assertFalse((self.home / "gone").exists())
        self.assertEqual((self.restore("2/ehr") / "ehr").read_bytes(), b"patients\n")

    def test_a_failing_command(self):
        self.add_command("ehr", "echo half; echo 'no such database: ehr' >&2; exit 3")
        ended = self.backup("ehr", code=INCOMPLETE)
        self.assertEqual(ended.errors, "azekura: warning: the command of source 'ehr' ended with "
                                       f"status 3\n{FLAWED}\n")
        listed = self.azekura("list", *self.keyed()).text.splitlines()
        self.assertRegex(listed[0], r"^1/ehr .*  INCOMPLETE$")
        self.assertRegex(listed[1], r"^    the command ended with status 3: "
                                    r"no such database: ehr(\\n)?$")
        ended = self.azekura("restore", "latest", *self.keyed(), "--target",
                             self.home / "restored", code=USAGE)
        self.assertEqual(
            ended.errors,
            "azekura: error: there is no complete snapshot for 'latest', only incomplete ones\n"
            "azekura: hint: name one of 'azekura list', such as 42/ehr, to get what it has\n")
        self.assertEqual((self.restore("1/ehr", code=INCOMPLETE) / "ehr").read_bytes(), b"half\n")
        for reading in (["cat", "1/ehr"], ["restore", "1", "--source", "ehr", "--stdout"]):
            ended = self.azekura(*reading, *self.keyed(), code=INCOMPLETE)
            self.assertEqual(ended.out, b"half\n")
            self.assertIn("it may not be whole", ended.errors)

    def test_latest_says_what_it_leaves_out(self):
        self.add_command("ehr", "exit 3")
        self.backup(code=INCOMPLETE)
        target = self.home / "restored"
        ended = self.azekura("restore", "latest", *self.keyed(), "--target", target,
                             code=INCOMPLETE)
        self.assertIn("source 'ehr' is left out: it has no complete snapshot, only 1/ehr",
                      ended.errors)
        self.assert_same(state_of(target), state_of(self.tree))
        self.assert_restores("latest", state_of(self.tree), "--source", "tree")

    def test_a_failing_command_for_programs(self):
        self.add_command("ehr", "echo half; echo 'no such database: ehr' >&2; exit 3")
        self.backup("ehr", code=INCOMPLETE)
        one = self.snapshots()["1/ehr"]
        self.assertIs(one["complete"], False)
        self.assertEqual(one["command_status"], 3)
        self.assertEqual(one["command_errors"], "no such database: ehr\n")

    def test_a_command_that_is_killed(self):
        self.add_command("ehr", "echo half; kill -9 $$")
        ended = self.backup("ehr", code=INCOMPLETE)
        self.assertIn("the command of source 'ehr' ended with status 137\n", ended.errors)

    def test_a_command_may_say_things_and_succeed(self):
        self.add_command("ehr", "echo patients; echo 'ehr: 3 tables' >&2")
        self.assertEqual(self.backup("ehr").errors, "")
        self.assertEqual(self.azekura("cat", "latest/ehr", *self.keyed()).out, b"patients\n")


class TwoRuns(AzekuraCase):
    BUSY_FACT = "another run holds the catalogue of the set 'daily'"
    BUSY_HINT = "wait until it ends; 'azekura status' shows what waits"

    def setUp(self):
        super().setUp()
        self.make_hospital()
        self.path = self.add_gate()

    def start(self):
        """A backup that waits in its source; returns it, and what lets go of it."""
        run = self.start_at_site("backup", "--to", "daily")
        return run, self.open_gate(self.path, run)

    def test_the_second_run_is_refused(self):
        self.add_set("weekly")
        run, gate = self.start()
        for command in (["backup", "tree", "--to", "daily"], ["backup", "tree", "--for", "daily"],
                        ["write", "daily"], ["catalogue", "rebuild", "daily"]):
            self.assert_site_fails(BUSY, self.BUSY_FACT, *command, hint=self.BUSY_HINT, out="")
        # Status looks without holding anything, so that it costs no run.
        self.assertEqual(self.at_site("status", "--json").events("set")[0]["waiting_sessions"], 0)
        self.backup("tree", "--to", "weekly")  # another set is another matter
        gate.write(b"content")
        gate.close()
        ended = run.wait()
        self.assertEqual(ended.code, DONE, ended)
        self.verify("--deep", "--key", self.key)
        self.assertEqual(self.azekura("cat", "1/gate", *self.keyed()).out, b"content")
        self.assert_restores("1/tree", state_of(self.tree))

    def test_after_kill_9_the_next_run_just_works(self):
        self.backup("tree")
        change_tree(self.tree, self.random)
        run, gate = self.start()
        run.signal(signal.SIGKILL)
        self.assertEqual(run.wait().code, -signal.SIGKILL)
        gate.close()
        ended = self.backup("tree")
        self.assertNotIn("error", ended.errors)
        self.assert_restores("latest", state_of(self.tree))
        self.verify("--deep", "--key", self.key)
        self.assertEqual(list((self.site / "spool" / "daily").iterdir()), [])

    def test_a_killed_run_holds_nothing_while_its_command_lives_on(self):
        """A lock that a child inherits would outlive the run."""
        self.path = self.home / "stubborn.fifo"
        os.mkfifo(self.path)
        self.add_command("stubborn", f"setsid sh -c \"cat '{self.path}'\" & wait")
        run = self.start_at_site("backup", "stubborn", "--to", "daily")
        with self.open_gate(self.path, run):
            run.signal(signal.SIGKILL)
            run.wait()
            self.backup("tree")
        self.assert_restores("latest", state_of(self.tree))

    def test_a_run_that_is_asked_to_stop_stops(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            run, gate = self.start()
            run.signal(number)
            ended = run.wait()
            gate.close()
            self.assertEqual(ended.code, INTERRUPTED, ended)
            self.assertTrue(ended.errors.startswith("azekura: error: stopped by a signal\n"), ended)
        self.backup("tree")
        self.assertEqual(list(self.snapshots())[-1].split("/")[1], "tree")
        self.assert_restores("latest", state_of(self.tree))


if __name__ == "__main__":
    main()
