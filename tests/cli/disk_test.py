#!/usr/bin/python3
"""Real media: disks that are enrolled, written in a night, pulled, refused, and restored from."""
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from azekura_case import (AUTHENTICITY, DONE, INTERRUPTED, MEDIUM, REPAIRED, SECONDS_MAX, SPACE,
                          SYSTEM, USAGE, Started, change_tree, main, state_of)
from disk_case import DiskCase

POLICY = 10


class Enrolment(DiskCase):
    def setUp(self):
        super().setUp()
        self.make_site()
        self.at_site("set", "add", "daily-1")
        self.blank = self.disk("blank").insert()

    def content(self):
        return self.blank.image.read_bytes()

    def test_needs_the_name_typed(self):
        with open(self.blank.path, "r+b") as disk:
            disk.write(b"somebody's data")
        ended = self.enrol(self.blank, "daily-1", typed="daily-2", code=USAGE)
        self.assertIn("'daily-2' was typed, not 'daily-1': nothing was changed", ended.errors)
        self.assertIn("nothing that is known is on it", ended.errors)
        self.assertTrue(self.content().startswith(b"somebody's data"))

    def test_shows_what_would_be_lost(self):
        subprocess.run(["mkfs.ext4", "-q", "-F", "-L", "xray-archive", self.blank.path],
                       check=True)
        ended = self.enrol(self.blank, "daily-1", typed="", code=USAGE)
        self.assertIn('ext4 "xray-archive"', ended.errors)
        self.assertIn("96.0 MiB", ended.errors)
        self.assertIn(str(self.blank.image), ended.errors)

    def test_refuses_what_is_in_use(self):
        subprocess.run(["mkfs.ext4", "-q", "-F", self.blank.path], check=True)
        folder = self.home / "mounted"
        folder.mkdir()
        subprocess.run(["mount", self.blank.path, folder], check=True)
        try:
            ended = self.enrol(self.blank, "daily-1", code=USAGE)
        finally:
            subprocess.run(["umount", folder], check=True)
        self.assertIn(f'"{self.blank.path}" is mounted on {folder}', ended.errors)

    def test_a_disk_with_partitions_gets_new_ones(self):
        """The kernel knows the old ones, of which the second begins elsewhere."""
        used = self.disk("used").insert(read_partitions=True)
        for number, start, length in ((1, 1 << 20, 32 << 20), (2, 40 << 20, 50 << 20)):
            used.tell_kernel_of_partition(number, start, length)
        self.enrol(used, "daily-1")
        self.assertTrue((self.mounted(used) / "label").exists())

    def test_refuses_what_is_no_disk(self):
        for path in ("/dev/null", self.home, self.blank.image):
            ended = self.at_site("medium", "enrol", path, "--set", "daily-1", code=USAGE)
            self.assertIn("is not a whole disk", ended.errors)
        ended = self.at_site("medium", "enrol", "/dev/nowhere", "--set", "daily-1", code=USAGE)
        self.assertIn("there is no device", ended.errors)

    def test_never_erases_a_medium(self):
        self.enrol(self.blank, "daily-1")
        self.at_site("set", "add", "daily-2")
        before = self.content()
        self.blank.insert()
        ended = self.enrol(self.blank, "daily-2", code=USAGE)
        self.assertIn("is a medium of this site: it is 'daily-1'", ended.errors)
        self.assertEqual(self.content(), before)
        other = self.disk("other").insert()
        ended = self.enrol(other, "daily-1", code=USAGE)
        self.assertIn("the set 'daily-1' has a medium already", ended.errors)

    def test_a_lost_register_is_made_again(self):
        self.enrol(self.blank, "daily-1")
        shutil.rmtree(self.site / "media")
        before = self.content()
        self.blank.insert()
        ended = self.at_site("medium", "enrol", self.blank.path, "--set", "daily-1")
        self.assertIn("the register did not have it", ended.text)
        self.assertEqual(self.content(), before)
        self.assertIn("NOT OFFLINE", self.at_site("medium", "list").text)
        self.add_tree()
        self.backup("--to", "daily-1")  # without pulling it before
        self.blank.pull()
        self.assertNotIn("NOT OFFLINE", self.at_site("medium", "list").text)

    def overwrite(self, start, length):
        with open(self.blank.image, "r+b") as image:
            image.seek(start)
            image.write(bytes(length))

    def test_what_was_cut_short_is_begun_anew(self):
        """Before there was a file system, and before the label, which is written last."""
        self.enrol(self.blank, "daily-1")
        for length in (4 << 20, 1 << 20):
            with self.subTest(length=length):
                shutil.rmtree(self.site / "media")
                self.overwrite(1 << 20, length)
                ended = self.enrol(self.blank.insert(), "daily-1")
                self.assertIn("neither a label nor a session that can be read", ended.errors)
        self.assertTrue((self.mounted(self.blank) / "label").exists())

    def test_one_file_system_that_fails(self):
        programs = self.home / "programs"
        programs.mkdir()
        program = programs / "mkfs.ext4"
        program.write_text("#!/bin/sh\necho 'no room for it'\necho 'Usage: mkfs'\nexit 1\n")
        program.chmod(0o755)
        path = {**self.environment, "PATH": f"{programs}:{os.environ['PATH']}"}
        ended = self.at_site("medium", "enrol", self.blank.path, "--set", "daily-1", code=MEDIUM,
                             stdin=None, input=b"daily-1\n", env=path)
        self.assertIn("'mkfs.ext4' failed: no room for it\n", ended.errors)
        self.assertEqual(self.at_site("medium", "list").text, "")
        self.enrol(self.blank, "daily-1")

    def test_never_erases_sessions_whose_label_is_lost(self):
        self.enrol(self.blank, "daily-1")
        self.add_tree()
        self.blank.insert()
        self.backup("--to", "daily-1")
        self.blank.pull()
        shutil.rmtree(self.site / "media")
        self.overwrite(1 << 20, 1 << 20)
        before = self.content()
        self.blank.insert()
        ended = self.enrol(self.blank, "daily-1", code=USAGE)
        self.assertIn("is a medium whose label cannot be read, with what was backed up onto it",
                      ended.errors)
        self.assertNotIn("type daily-1", ended.errors)
        self.assertEqual(self.content(), before)

    def test_too_small_is_said_before_anything(self):
        for needed, options in (("303.0 MiB", ["--file-system", "xfs"]), ("64.0 MiB", [])):
            with self.subTest(needed=needed):
                ended = self.enrol(self.blank, "daily-1", *options, code=USAGE)
                self.assertIn(f"MiB, a medium needs {needed}", ended.errors)
                self.assertNotIn("type daily-1", ended.errors)
                self.blank.pull()
                with open(self.blank.image, "r+b") as image:
                    image.truncate(63 << 20)
                self.blank.insert()
        self.assertEqual(self.content(), bytes(63 << 20))

    def test_stopped_or_alone_at_the_question(self):
        ended = self.at_site("medium", "enrol", self.blank.path, "--set", "daily-1", code=USAGE)
        self.assertIn("the input ended before 'daily-1' was typed: nothing was changed",
                      ended.errors)
        with subprocess.Popen([self.azekura_program, "-s", self.site, "medium", "enrol",
                               self.blank.path, "--set", "daily-1"], stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=self.environment) as run:
            while b"press Enter" not in run.stderr.readline():
                self.assertIsNone(run.poll())
            time.sleep(0.1)  # it asks after it has said so
            run.send_signal(signal.SIGINT)
            self.assertEqual(run.wait(SECONDS_MAX), INTERRUPTED)
        self.assertEqual(self.content(), bytes(self.DISK_BYTES))

    def test_xfs(self):
        self.blank.pull()
        with open(self.blank.image, "r+b") as image:
            image.truncate(400 << 20)  # XFS wants 300 MiB
        self.blank.insert()
        self.enrol(self.blank, "daily-1", "--file-system", "xfs")
        tree = self.add_tree()
        self.at_site("source", "add", "other", tree)
        self.blank.insert()
        self.backup("--to", "daily-1")
        self.blank.pull()
        self.assertEqual(self.connections("daily-1")[-1]["first_session"], 1)


class Nights(DiskCase):
    """One pool with two sets, each on its disk."""

    def setUp(self):
        super().setUp()
        self.make_site()
        self.disks = {name: self.add_disk_set(name, pool="daily")
                      for name in ("daily-1", "daily-2")}
        self.tree = self.add_tree()

        self.tonight = self.at_site("nightly", "--only", "capture",
                                    "--json").events("night")[0]["captured_for"]
        self.other = ({"daily-1", "daily-2"} - {self.tonight}).pop()
        self.wanted = state_of(self.tree)

    def assert_offline_copy(self, name, snapshot="latest/tree"):
        """The pulled disk alone restores the tree."""
        self.assert_restores(snapshot, self.wanted, medium=self.mounted(self.disks[name]))

    def refused(self, code, reason, *arguments, is_known=True):
        """A night that is refused for a reason, and changes nothing on the disk. It is an alarm, if
        the register knows the medium."""
        ended = self.at_site("nightly", *arguments, code=code)
        self.assertIn(f"azekura: error: {reason}: ", ended.errors)
        self.assertIn("azekura: hint: ", ended.errors)
        self.assertEqual(reason in self.refusals_that_stand(), is_known)
        return ended

    def refusals_that_stand(self):
        """The code of each, to its alarm."""
        return {one["code"]: one for one in
                self.at_site("status", "--json").events("alarm") if "code" in one}

    def test_one(self):
        ended = self.night(disk=self.disks[self.tonight])
        self.assertIn("is pulled: it is offline", ended.text)
        self.assertRegex(ended.text, f"receipt: set '{self.tonight}', session 2, seal [0-9a-f]{{64}}")
        self.assert_offline_copy(self.tonight)
        last = self.connections(self.tonight)[-1]
        self.assertEqual((last["first_session"], last["last_session"]), (1, 2))
        self.assertGreater(last["bytes"], 0)
        self.assertIsNotNone(last["overhang_seconds"])

    @unittest.skipIf(shutil.which("strace") is None, "there is no strace")
    def test_the_medium_tells_when_it_was_connected(self):
        self.night(disk=self.disks[self.tonight])
        self.night("--set", self.tonight, disk=self.disks[self.tonight])
        told = self.azekura("list", "--from", self.mounted(self.disks[self.tonight]), "--key",
                            self.key, "--json").events("connection")
        before = self.connections(self.tonight)[:-1]
        self.assertEqual(len(before), 3)  # enrolled; asked what the host has forgotten; written
        self.assertEqual([{**one, "medium": None} for one in told],
                         [{"medium" if key == "name" else key: None if key == "name" else value
                           for key, value in one.items()} for one in before])

    def test_the_host_burnt_down(self):
        """A disk gives the site back, write-protected; the disks go on."""
        self.night(disk=self.disks[self.tonight])
        shutil.rmtree(self.site)
        protected = self.disks[self.tonight].insert(read_only=True)
        ended = self.azekura("init", self.site, "--from", protected.path, "--kit", self.kit)
        self.assertIn("medium enrol DEVICE --set SET", ended.text)
        protected.pull()
        for name, disk in self.disks.items():
            ended = self.enrol(disk.insert(), name)
            self.assertIn("Nothing was written to it", ended.text)
        for name, disk in self.disks.items():
            disk.insert()
            self.backup("--to", name)
            disk.pull()
        medium = self.mounted(self.disks[self.tonight])
        for snapshot in ("2/tree", "3/tree"):  # the lost host's, this one's
            self.assert_restores(snapshot, self.wanted, medium=medium)
        self.assert_offline_copy(self.other)

    def assert_free(self, *disks):
        for disk in disks:
            self.assertFalse(disk.in_use)

    def test_a_disk_is_read_by_its_name(self):
        """Write-protected, by both programs, mounted nowhere; also by the partition's name."""
        disk = self.disks[self.tonight]
        self.night(disk=disk)
        before = disk.image.read_bytes()
        disk.insert(read_only=True, read_partitions=True)
        if not os.path.exists(f"{disk.path}p2"):  # a kernel that knows no GPT
            disk.tell_kernel_of_partition(2, 2 << 20, self.DISK_BYTES - (3 << 20))
        for number, (program, medium) in enumerate(itertools.product(
                (self.azekura_program, self.restore_program), (disk.path, f"{disk.path}p2"))):
            self.run_program([program, "verify", "--from", medium])
            target = self.home / f"target-{number}"
            self.run_program([program, "restore", "latest/tree", *self.keyed(medium), "--target",
                              target])
            self.assert_same(state_of(target), self.wanted)
        self.assertEqual(list(self.snapshots(disk.path)), ["1/tree", "2/tree"])
        self.assert_free(disk)
        disk.pull()
        self.assertEqual(disk.image.read_bytes(), before)

    def test_a_disk_is_repaired_and_helps_another(self):
        """Nothing is mounted once the process is confined: all of it was before."""
        for name, disk in self.disks.items():
            disk.insert()
            self.backup("--to", name)
            disk.pull()
        hurt, other = self.disks.values()
        packs = [path for path in (self.mounted(hurt) / "packs").rglob("*") if path.is_file()]
        stored = max(packs, key=lambda path: path.stat().st_size).read_bytes()
        page = len(stored) // 2 // 4096 * 4096
        at = hurt.image.read_bytes().index(stored[page:page + 4096])
        with open(hurt.image, "r+b") as image:
            image.seek(at)
            image.write(bytes(4096))
        hurt.insert()
        other.insert(read_only=True)
        target = self.home / "target"
        self.azekura("restore", "latest/tree", *self.keyed(hurt.path), "--with", other.path,
                     "--target", target, code=REPAIRED)
        self.assert_same(state_of(target), self.wanted)
        ended = self.azekura("repair", *self.keyed(hurt.path), "--with", other.path, code=REPAIRED)
        self.assertIn("repaired   1 files", ended.text)
        self.verify(medium=hurt.path, code=REPAIRED)
        ended = self.azekura("restore", "latest/tree", *self.keyed(hurt.path), "--with", hurt.path,
                             "--target", self.home / "never", code=USAGE)
        self.assertIn("is the medium of --from itself", ended.errors)
        self.assert_free(hurt, other)

    def test_no_medium_on_a_disk(self):
        blank = self.disk("blank").insert()
        ended = self.azekura("verify", "--from", blank.path, code=MEDIUM)
        self.assertIn(f'"{blank.path}" has no file system that can be mounted', ended.errors)
        self.assertIn("PARTLABEL", ended.errors)
        program = self.home / "azekura-restore"
        shutil.copy(self.restore_program, program)
        self.home.chmod(0o755)
        ended = self.run_program(["setpriv", "--reuid=65534", "--clear-groups", program, "verify",
                                  "--from", blank.path], code=SYSTEM)
        self.assertIn(f'open "{blank.path}": Permission denied', ended.errors)
        self.assertIn("run it as root", ended.errors)

    def test_no_source_is_read_while_a_medium_is_attached(self):
        disk = self.disks[self.tonight]
        self.night(disk=disk)  # a first one looks at the medium before: the catalogue knows nothing
        change_tree(self.tree, self.random)
        self.wanted = state_of(self.tree)
        disk.insert()
        trace = self.home / "trace"
        run = Started(self, ["strace", "-f", "-qq", "-e", "signal=none", "-e",
                             "trace=open,openat,openat2,fsmount", "-o", trace,
                             self.azekura_program, "-s", self.site, "nightly", "--set",
                             self.tonight])
        self.wait_until_said(run, b"pull it")
        disk.pull()
        self.assertEqual(run.wait().code, DONE)
        before, attached, during = trace.read_text(errors="replace").partition("fsmount(")
        self.assertTrue(attached, "it never mounted anything")
        names = ("note.txt", "table.sql", "image.raw", "ward")
        self.assertTrue(any(f'"{name}"' in before for name in names), "it read no source at all")
        self.assertEqual([name for name in names if f'"{name}"' in during], [])
        self.assertIn("manifest", before)  # the capture is complete: packs, parity and all
        self.assert_offline_copy(self.tonight)

    def test_a_missed_medium_gets_all_it_lacks(self):
        self.night(disk=self.disks[self.tonight])
        for _ in range(2):
            change_tree(self.tree, self.random)
            self.refused(MEDIUM, "AZK-M12", "--set", self.other)
        self.wanted = state_of(self.tree)
        self.night("--set", self.other, "--only", "write", disk=self.disks[self.other])
        self.assertEqual(self.connections(self.other)[-1]["last_session"], 2)
        self.assert_offline_copy(self.other)

    def test_a_second_run_has_nothing_to_do(self):
        self.night(disk=self.disks[self.tonight])
        before = self.connections(self.tonight)
        ended = self.at_site("nightly")
        self.assertIn("was written tonight already", ended.text)
        self.assertEqual(self.connections(self.tonight), before)

    def test_where_the_media_are_for_prometheus(self):
        self.at_site("medium", "move", "daily-1", "--to", 'shelf "2\\3"', "--by", "山田")
        self.disks["daily-2"].insert()
        self.backup("--to", "daily-2")
        path = self.home / "azekura.prom"
        self.at_site("status", "--prometheus", path)
        lines = [line for line in path.read_text(encoding="utf-8").splitlines()
                 if line.startswith("azekura_medium_connected{")]
        self.assertEqual(lines, [
            'azekura_medium_connected{medium="daily-1",set="daily-1",'
            'place="shelf \\"2\\\\3\\"",person="山田"} 0',
            'azekura_medium_connected{medium="daily-2",set="daily-2",place="",person=""} 1'])

    def test_custody_is_somebodys(self):
        for place, person in (("", ""), ("safe", " "), ("\u3000", "sato"), ("safe", "sato\x1b[D")):
            self.at_site("medium", "move", self.tonight, "--to", place, "--by", person, code=USAGE)
        self.at_site("medium", "move", self.tonight, "--to", "safe", "--by", "sato", "--seal",
                     "17\n18", code=USAGE)
        self.assertEqual(self.moves(), [])
        self.at_site("medium", "move", self.tonight, "--to", " safe", "--by", "佐藤\u3000")
        self.assertEqual([(one["place"], one["person"]) for one in self.moves()],
                         [("safe", "佐藤")])

    def moves(self):
        return self.at_site("medium", "show", self.tonight, "--json").events("move")

    def test_inventory_says_how_it_ends(self):
        """On a terminal; a scanner that writes into it, or a file, is told nothing."""
        command = [self.azekura_program, "-s", self.site, "medium", "inventory"]
        ours, its = os.openpty()
        run = subprocess.Popen(command, stdin=its, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=self.environment)
        os.write(ours, f"{self.tonight}\n{self.other}\n\n".encode())
        out, errors = run.communicate(timeout=60)
        os.close(ours)
        os.close(its)
        self.assertEqual(run.returncode, DONE)
        self.assertIn("an empty line ends it", errors.decode())
        self.assertIn("2 of 2 media found", out.decode())
        ended = self.at_site("medium", "inventory", stdin=None,
                             input=f"{self.tonight}\n{self.other}\n".encode())
        self.assertEqual(ended.errors, "")

    def test_not_tonights(self):
        self.disks[self.other].insert()
        ended = self.refused(MEDIUM, "AZK-M01")
        self.assertIn(f"pull '{self.other}' and put it away; fetch the medium '{self.tonight}'",
                      ended.errors)

    def test_not_enrolled_and_lost_label(self):
        disk = self.disks[self.tonight]
        shutil.rmtree(self.site / "media")
        disk.insert()
        self.refused(MEDIUM, "AZK-M02", is_known=False)
        disk.pull()
        with open(disk.image, "r+b") as image:
            image.seek(1 << 20)
            image.write(bytes(1 << 20))
        disk.insert()
        self.refused(MEDIUM, "AZK-M02", is_known=False)

    def test_another_sites(self):
        mine, self.site = self.site, self.home / "other-site"
        self.kit.rename(self.home / "first-kit")
        self.make_site()
        foreign = self.add_disk_set("guest")
        self.site = mine
        foreign.insert()
        ended = self.refused(MEDIUM, "AZK-M03")
        self.assertIn("96.0 MiB", ended.errors)
        self.assertIn(str(foreign.image), ended.errors)

    def test_a_clone(self):
        disk = self.disks[self.tonight]
        clone = self.disk("clone")
        shutil.copyfile(disk.image, clone.image)
        disk.insert()
        clone.insert()
        ended = self.refused(AUTHENTICITY, "AZK-M04")
        self.assertIn("one is a copy", ended.errors)

    def test_an_older_copy_and_a_fork(self):
        disk = self.disks[self.tonight]
        older = self.disk("older")
        shutil.copyfile(disk.image, older.image)
        self.night(disk=disk)
        older.insert()
        self.refused(AUTHENTICITY, "AZK-M05", "--set", self.tonight)

    def test_a_refusal_stands_until_the_medium_is_written(self):
        """Whatever came after it: another set's night, other refusals."""
        disk, path = self.disks[self.tonight], self.home / "azekura.prom"
        older = self.disk("older")
        shutil.copyfile(disk.image, older.image)
        self.night(disk=disk)
        older.insert()
        self.refused(AUTHENTICITY, "AZK-M05", "--set", self.tonight)
        older.pull()
        (self.tree / "large").write_bytes(self.random.randbytes(100 << 20))
        disk.insert()
        self.refused(SPACE, "AZK-M09", "--set", self.tonight)
        disk.pull()
        (self.tree / "large").unlink()
        shutil.rmtree(self.site / "spool" / self.tonight)
        self.night("--set", self.other, disk=self.disks[self.other])
        alarms = self.refusals_that_stand()
        self.assertEqual(list(alarms), ["AZK-M05", "AZK-M09"])
        self.assertRegex(alarms["AZK-M05"]["fact"], f"the medium '{self.tonight}' could not be written on"
                         ".*: AZK-M05, an older copy of it was here$")
        self.assertIn("as evidence", alarms["AZK-M05"]["remedy"])
        self.at_site("status", "--alarm", "--prometheus", path, code=POLICY)
        for code in alarms:
            self.assertIn(f'azekura_medium_refused_timestamp_seconds{{medium="{self.tonight}",'
                          f'set="{self.tonight}",code="{code}"}} ', path.read_text(encoding="utf-8"))
        self.night("--set", self.tonight, disk=disk)
        self.assertEqual(self.refusals_that_stand(), {})
        self.assertIn("0 alarms", self.at_site("status", "--alarm", "--prometheus", path).text)
        self.assertNotIn("_refused_timestamp_seconds{", path.read_text(encoding="utf-8"))
        told = self.at_site("medium", "show", self.tonight, "--json").events("refusal")
        self.assertEqual([(one["code"], one["person"]) for one in told],
                         [("AZK-M05", ""), ("AZK-M09", "")])
        self.assertNotIn(None, [one["written"] for one in told])

    def test_two_of_one_pool(self):
        for disk in self.disks.values():
            disk.insert()
        ended = self.refused(POLICY, "AZK-M07")
        self.assertNotIn("again", ended.errors)

    def test_still_attached(self):
        disk = self.disks[self.tonight].insert()
        run = self.start_at_site("nightly")
        self.wait_until_said(run, b"pull it")
        run.signal(signal.SIGTERM)
        ended = run.wait()
        self.assertEqual(ended.code, INTERRUPTED, ended)
        self.assertIn("is still in its slot", ended.errors)
        self.refused(POLICY, "AZK-M08", "--set", self.tonight)
        disk.pull()
        self.night("--set", self.tonight, disk=disk)

    def test_nobody_is_called_for_a_medium_that_nothing_waits_for(self):
        for arguments in (("write", self.other), ("catalogue", "rebuild", self.other)):
            self.at_site(*arguments, code=MEDIUM)
        self.assertNotIn(self.other, "".join(one["fact"] for one in self.alarms_of_refusals()))

    def test_an_alarm_stands_until_what_waits_is_written(self):
        self.refused(MEDIUM, "AZK-M12")
        disk = self.disks[self.tonight].insert()
        self.at_site("catalogue", "rebuild", self.tonight)
        disk.pull()
        self.assertEqual(len(self.alarms_of_refusals()), 1)
        self.night("--only", "write", disk=disk)
        self.assertEqual(self.alarms_of_refusals(), [])

    def alarms_of_refusals(self):
        return [one for one in self.at_site("status", "--json").events("alarm") if one.get("code")]

    def test_what_was_written_earlier_in_the_day_is_not_tonights(self):
        self.night(disk=self.disks[self.tonight])
        self.age(13 * 3600)
        ended = self.at_site("nightly", "--only", "capture", "--json")
        self.assertEqual([one["name"] for one in ended.events("snapshot")], ["3/tree"])

    def test_a_refusal_before_the_first_session(self):
        """It is captured all the same."""
        (self.tree / "later").write_text("later")
        self.wanted = state_of(self.tree)
        disk = self.disks[self.tonight].insert(read_only=True)
        self.refused(MEDIUM, "AZK-M11")
        disk.pull()
        (self.tree / "later").unlink()
        self.night("--only", "write", disk=disk)
        self.assert_offline_copy(self.tonight)

    def test_what_the_watch_notices(self):
        """A night that never ran, and a medium that nobody brought."""
        def alarms():
            return [one["fact"] for one in
                    self.at_site("status", "--alarm", "--json", code=POLICY).events("alarm")]

        self.night(disk=self.disks[self.tonight])
        self.age(5 * 24 * 3600)
        said, = (one for one in alarms() if one.startswith("nothing was captured in the night of "))
        night = said.split()[-1]
        name = self.at_site("schedule", "--days", "1", "--from-date", night,
                            "--json").objects()[0]["medium_of_set"]
        self.backup("--for", name)
        self.age(21 * 3600)  # as if it were of that night
        self.assertIn(f"the medium '{name}' was not brought for the night of {night}", alarms())
        self.night("--only", "write", "--set", name, disk=self.disks[name])
        self.assertIn("0 alarms", self.at_site("status", "--alarm").text)

    def test_write_protected(self):
        disk = self.disks[self.tonight]
        self.night(disk=disk)
        disk.insert(read_only=True)
        self.refused(MEDIUM, "AZK-M11", "--set", self.tonight)

    def test_too_small(self):
        (self.tree / "large").write_bytes(self.random.randbytes(100 << 20))
        self.disks[self.tonight].insert()
        self.refused(SPACE, "AZK-M09")

    def write_with_fault(self, file, fault):
        """A `write` in which something happens as it opens a file of the medium; how it ended."""
        run = Started(self, ["strace", "-f", "-qq", "-o", self.home / "trace", "-P", file, "-e",
                             "trace=openat2", "-e", f"inject=openat2:{fault}",
                             self.azekura_program, "-s", self.site, "write", self.tonight])
        return run.wait()

    @unittest.skipIf(shutil.which("strace") is None, "there is no strace")
    def test_what_a_failed_write_left_is_not_counted_twice(self):
        (self.tree / "large").write_bytes(self.random.randbytes(36 << 20))  # more than half
        self.wanted = state_of(self.tree)
        self.at_site("nightly", "--only", "capture")
        disk = self.disks[self.tonight].insert()
        ended = self.write_with_fault("parity/000002/0", "error=EIO:when=2")
        self.assertEqual(ended.code, MEDIUM, ended)
        self.assertIn("error: AZK-M10: ", ended.errors)
        disk.pull()
        last = self.connections(self.tonight)[-1]
        self.assertGreater(last["bytes"], 36 << 20)
        self.assertEqual((last["first_session"], last["last_session"]), (1, 1))  # 2 has no seal

        disk.insert()
        ended = self.write_with_fault("sessions/000002/manifest", "signal=SIGTERM:when=1")
        self.assertEqual(ended.code, INTERRUPTED, ended)
        disk.pull()
        last = self.connections(self.tonight)[-1]
        self.assertGreater(last["bytes"], 1 << 20)  # the parity
        self.assertEqual(last["last_session"], 0)
        self.assertIn("written, no session sealed",
                      self.at_site("medium", "show", self.tonight).text)

        self.night("--only", "write", disk=disk)
        self.assert_offline_copy(self.tonight)

    def test_pulled_while_it_is_written(self):
        (self.tree / "large").write_bytes(self.random.randbytes(30 << 20))
        self.wanted = state_of(self.tree)
        disk = self.disks[self.tonight].insert()
        run = self.start_at_site("nightly", "--only", "capture")
        self.assertEqual(run.wait().code, DONE)
        run = self.start_at_site("nightly", "--only", "write", "--json")
        self.wait_for_attachment(run)
        os.kill(run.process.pid, signal.SIGKILL)
        run.wait()
        self.assertNotIn(disk.path, pathlib.Path("/proc/mounts").read_text(encoding="utf-8"))
        disk.pull()
        self.night(disk=disk)
        self.assert_offline_copy(self.tonight)

    def wait_for_attachment(self, run):
        """Until the run has the disk mounted: it cannot be opened alone."""
        disk = self.disks[self.tonight]
        until = time.monotonic() + 60
        while run.process.poll() is None and time.monotonic() < until:
            if disk.in_use:
                return
            time.sleep(0.001)
        self.fail(f"it never attached the medium: {run.wait()}")


if __name__ == "__main__":
    main()
