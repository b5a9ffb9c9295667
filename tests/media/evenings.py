#!/usr/bin/python3
"""Evenings of `azekura rotate` that do not go as planned, on a terminal (tmux), as staff see them.

    evenings.py AZEKURA [EVENING...]

Each on a site of its own: two media that were missed, beside a record of a third that cannot be read;
one that cannot be found, and one that cannot be unlocked; last night's, after noon; one that makes room
in a full spool; one that is yanked while it is written; Ctrl-C while one is written, which is left in
until the next time; an older copy of one, and one that is too small, while another waits; one that is
forked, one that fails, one that is too slow; a run that another one keeps waiting; words that no
register takes.
"""
import argparse
import contextlib
import fcntl
import json
import pathlib
import shutil
import sys
import tempfile
import time

import disk_line
import disk_site
import evening
from disk_site import azekura_case, disk_case

SLOW = 8_000_000  # bytes a second: so slow that something can happen meanwhile
LARGE = 24 << 20

FETCH, WRITING, DONE = "差し込んでください", "書き込み中", "終わりました。この媒体を抜いてください"
LEFT_IN, TOO_EARLY, THE_END = "差し込まれたままです", "途中で抜かれました", "すべて終わりました"
PULL_NOW, NOT_ALL = "今すぐ抜いてください", "書き込めなかったものがあります"
BUSY, PREPARING = "ほかの処理が実行中です", "準備しています"
WITHOUT_IT, GO_ON = "Enter キーを押してください", "この媒体なしで先に進みますか"


def clock(shown):
    return {"LD_PRELOAD": disk_site.FAKETIME, "FAKETIME": shown, "NO_FAKE_STAT": "1"}


def clock_at(moment):
    return clock(f"@{moment}") | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}


class Unplanned(evening.Evening):
    def __init__(self, azekura, home):
        super().__init__(azekura, home)
        self.lines = contextlib.ExitStack()

    def set_up(self):
        """Returns tonight's set, and the other one."""
        super().set_up()
        tonight = self.site.tonights()
        return tonight, next(one for one in evening.SETS if one != tonight)

    def night(self):
        """As the pages call it."""
        return self.site.at_site("schedule", "--days", "1", "--json").split('"date":"')[1][:10]

    @contextlib.contextmanager
    def other_run(self, name):
        """A run that holds the set."""
        with open(self.site.path / "lock" / name, "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def capture_much(self):
        (self.site.tree / "large").write_bytes(azekura_case.random.Random(2).randbytes(LARGE))
        self.site.at_site("nightly", "--only", "capture")

    def page(self, name, words):
        return self.wait_for(f"【 {name} 】", words)

    def insert_on_line(self, name, filters):
        work = pathlib.Path(tempfile.mkdtemp(dir=self.site.home))
        line = disk_line.Line(self.disks[name].image, work, filters)
        self.lines.enter_context(line.undo)
        return line

    def write_slowly(self, name):
        """Inserts the medium, at the end of a slow line; returns once part of it is written."""
        line = self.insert_on_line(name, {"rate": [f"rate={SLOW * 8}"]})
        self.page(name, WRITING)
        disk_line.wait_for(lambda: line.disk.written_bytes > LARGE / 4)
        return line

    def begin_slowly(self):
        """Returns tonight's set and its line, once part of it is written."""
        tonight, _other = self.set_up()
        self.capture_much()
        self.begin()
        self.page(tonight, FETCH)
        return tonight, self.write_slowly(tonight)

    def put_away(self, name):
        self.page(name, "お名前")
        self.type("佐藤")
        self.page(name, "保管場所 [")
        self.type("")
        self.page(name, "封印の番号")
        self.type("")

    def write_and_put_away(self, name):
        self.disks[name].insert()
        self.page(name, DONE)
        self.disks[name].pull()
        self.put_away(name)

    def backup(self, name):
        self.disks[name].insert()
        self.site.at_site("backup", "--to", name)
        self.disks[name].pull()

    def waiting(self, name):
        said = map(json.loads, self.site.at_site("status", "--json").splitlines())
        return next(one["waiting_sessions"] for one in said
                    if one["event"] == "set" and one["name"] == name)

    def give_up(self, name):
        self.tmux("send-keys", "-t", "evening", "Enter")
        self.page(name, GO_ON)
        self.type("佐藤")

    def expect_refused(self, name, disk, code):
        """And only that: it is pulled and put away, nothing was written."""
        self.wait_for(f"【 {name} 】", code, PULL_NOW)
        disk.pull()
        self.put_away(name)
        self.wait_for(NOT_ALL, f"{name} には書き込めませんでした: {code}")
        self.expect_alarms({code: ""})

    def expect_alarms(self, refusals):
        """Of these codes, each with who said so."""
        said = map(json.loads, self.site.at_site("status", "--json").splitlines())
        alarms = {one["code"]: one["fact"] for one in said if "code" in one}
        if alarms.keys() != refusals.keys() or not all(
                person in alarms[code] for code, person in refusals.items()):
            raise AssertionError(f"{refusals} should be alarms; these are: {alarms}")

    def bring(self, name):
        """The medium that is asked for: inserted, written, pulled and put away."""
        self.page(name, FETCH)
        self.write_and_put_away(name)

    def expect_all_done(self, tonight, late, night):
        """The last page says which medium has what, and so it is."""
        self.wait_for(THE_END, f"{late} はオフラインになり、足りなかった分がすべて入っています",
                      f"{tonight} はオフラインになり、{night} の夜のバックアップが入っています", "exit 0")
        for name in (tonight, late):
            self.expect_restored(name)

    def rotate_again(self, name):
        """With the right medium all is well."""
        self.lines.close()
        self.begin_again()
        self.bring(name)
        self.wait_for(THE_END, "exit 0")
        self.expect_restored(name)
        self.expect_alarms({})

    def expect_restored(self, name):
        with self.site.mounted(name) as medium:
            if self.site.restored(medium) != azekura_case.state_of(self.site.tree):
                raise AssertionError(f"what '{name}' has is not what was captured")

    def close(self):
        super().close()
        self.lines.close()


def missed(one):
    tonight, other = one.set_up()
    (one.site.path / "media" / "lost.medium").write_text("a record that cannot be read")
    one.site.at_site("backup", "--for", other)
    one.site.at_site("nightly", "--only", "capture")
    one.begin()
    for name in (tonight, other):
        one.bring(name)
    one.expect_all_done(tonight, other, one.night())


def given_up(one):
    """Nobody waits for a medium that cannot be found or used: who goes on puts a name to it."""
    lost, locked = one.set_up()
    for name in (lost, locked):
        one.site.at_site("backup", "--for", name)
    one.begin()
    one.page(lost, WITHOUT_IT)
    one.tmux("send-keys", "-t", "evening", "Enter")
    one.page(lost, GO_ON)
    one.tmux("send-keys", "-t", "evening", "Enter")
    one.page(lost, FETCH)
    one.give_up(lost)
    one.page(locked, FETCH)
    one.disks[locked].insert(read_only=True)
    one.wait_for("AZK-M11", WITHOUT_IT)
    one.give_up(locked)
    one.wait_for(f"【 {locked} 】", "AZK-M11", PULL_NOW)
    one.disks[locked].pull()
    one.put_away(locked)
    one.wait_for(NOT_ALL, f"{lost} には書き込めませんでした: AZK-M12, 媒体がありませんでした",
                 f"{locked} には書き込めませんでした: AZK-M11, 読み取り専用です", "exit 9")
    one.expect_alarms({"AZK-M12": "佐藤", "AZK-M11": "佐藤"})
    one.begin_again()
    for name in (lost, locked):
        one.bring(name)
    one.wait_for(THE_END, "exit 0")
    one.expect_alarms({})
    for name in (lost, locked):
        one.expect_restored(name)


def after_noon(one):
    """Last night's is asked for before tonight's is captured."""
    one.set_up()
    nights = ("2026-12-01", "2026-12-02")
    last, tonight = map(one.site.tonights, nights)
    one.site.at_site("nightly", "--only", "capture", env=clock_at("2026-12-02 01:00:00"))
    one.clock = clock_at("2026-12-02 13:00:00")
    one.begin()
    one.wait_for(f"{nights[0]} の夜", f"【 {last} 】", FETCH)
    if one.waiting(tonight):
        raise AssertionError("tonight's was captured first")
    one.write_and_put_away(last)
    one.wait_for(f"{nights[1]} の夜", f"【 {tonight} 】", FETCH)
    one.write_and_put_away(tonight)
    one.expect_all_done(tonight, last, nights[1])


def full_spool(one):
    """What waits for another medium is brought first: then there is room for tonight."""
    tonight, other = one.set_up()
    (one.site.tree / "large").write_bytes(azekura_case.random.Random(2).randbytes(LARGE))
    one.site.at_site("backup", "--for", other)
    with open(one.site.path / "site.toml", "a", encoding="utf-8") as file:
        file.write("[spool]\nlimit_gib = 0.01\n")
    one.begin()
    one.page(other, FETCH)
    if one.waiting(tonight):
        raise AssertionError("tonight's was captured into a full spool")
    for name in (other, tonight):
        one.bring(name)
    one.expect_all_done(tonight, other, one.night())


def yanked(one):
    tonight, line = one.begin_slowly()
    line.yank()
    one.page(tonight, TOO_EARLY)
    one.lines.close()
    one.write_and_put_away(tonight)
    one.wait_for(THE_END, "exit 0")
    one.expect_restored(tonight)


def stopped(one):
    tonight, line = one.begin_slowly()
    one.tmux("send-keys", "-t", "evening", "C-c")
    said = one.wait_for("exit 130")
    if "差し込まれています" not in said or line.disk.in_use:
        raise AssertionError(f"the medium is still attached, or nobody says where it is:\n{said}")
    one.begin_again()
    one.page(tonight, LEFT_IN)
    line.disk.pull()
    one.put_away(tonight)
    one.lines.close()
    one.bring(tonight)
    one.wait_for(THE_END, "exit 0")
    one.expect_restored(tonight)


def refused(one):
    """The set is not asked for again, the others are; the end and the exit code say so."""
    tonight, other = one.set_up()
    image = one.site.disks[tonight].image
    older, right = image.with_suffix(".older"), image.with_suffix(".right")
    shutil.copyfile(image, older)
    one.site.disks[tonight].insert()
    one.site.at_site("backup", "--to", tonight)
    one.site.disks[tonight].pull()
    for name in (tonight, other):
        one.site.at_site("backup", "--for", name)
    image.rename(right)
    older.rename(image)
    one.begin()
    one.page(tonight, FETCH)
    one.disks[tonight].insert()
    one.wait_for(f"【 {tonight} 】", "AZK-M05", PULL_NOW)
    one.disks[tonight].pull()
    one.put_away(tonight)
    one.bring(other)
    said = one.wait_for(NOT_ALL, f"{tonight} には書き込めませんでした: AZK-M05",
                        f"{other} はオフラインになり", "exit 6")
    if f"{tonight} はオフラインになり" in said:
        raise AssertionError(f"what was refused is called written:\n{said}")
    one.expect_restored(other)
    right.rename(image)
    one.begin_again()
    one.bring(tonight)
    one.wait_for(THE_END, "exit 0")
    one.expect_restored(tonight)


def too_small(one):
    """It is refused before it is attached, and keeps nobody."""
    tonight, other = one.set_up()
    (one.site.tree / "large").write_bytes(
        azekura_case.random.Random(2).randbytes(one.site.disk_bytes))
    one.site.at_site("nightly", "--only", "capture")
    (one.site.tree / "large").unlink()
    one.site.at_site("backup", "--for", other)
    one.begin()
    one.page(tonight, FETCH)
    one.disks[tonight].insert()
    one.wait_for(f"【 {tonight} 】", "AZK-M09", PULL_NOW)
    one.disks[tonight].pull()
    one.put_away(tonight)
    one.bring(other)
    one.wait_for(NOT_ALL, f"{tonight} には書き込めませんでした: AZK-M09", "exit 8")
    one.expect_restored(other)


def forked(one):
    """A copy of this host wrote to a copy of the medium."""
    tonight, _other = one.set_up()
    one.backup(tonight)
    twin, copy = one.site.home / "twin", disk_case.Disk(one.site.home / "copy.image")
    shutil.copytree(one.site.path, twin)
    shutil.copyfile(one.disks[tonight].image, copy.image)
    copy.insert()
    one.site.run("-s", twin, "backup", "--to", tonight)
    copy.pull()
    one.backup(tonight)
    one.site.at_site("backup", "--for", tonight)
    one.begin()
    one.page(tonight, FETCH)
    one.expect_refused(tonight, copy.insert(), "AZK-M06")
    one.rotate_again(tonight)


def failing(one):
    tonight, _other = one.set_up()
    one.site.at_site("nightly", "--only", "capture")
    one.begin()
    one.page(tonight, FETCH)
    line = one.insert_on_line(tonight, {"error": ["error-pwrite=EIO", "error-pwrite-rate=100%"]})
    one.expect_refused(tonight, line.disk, "AZK-M10")
    one.rotate_again(tonight)


def too_slow(one):
    """The clock goes twenty times as fast: the minute that it may be connected is three seconds."""
    tonight, _other = one.set_up()
    with open(one.site.path / "site.toml", "a", encoding="utf-8") as file:
        file.write("[media]\nconnected_minutes = 1\n")
    one.capture_much()
    one.clock = clock("+0 x20")
    one.begin()
    one.page(tonight, FETCH)
    line = one.insert_on_line(tonight, {"rate": [f"rate={SLOW // 2 * 8}"]})
    one.expect_refused(tonight, line.disk, "AZK-M14")
    one.clock = {}
    one.rotate_again(tonight)


def kept_waiting(one):
    tonight, _other = one.set_up()
    with one.other_run(tonight):
        one.begin()
        one.wait_for(PREPARING)
        time.sleep(3)
        if "exit" in (said := one.wait_for(PREPARING)):
            raise AssertionError(f"it did not wait:\n{said}")
    one.page(tonight, FETCH)
    with one.other_run(tonight):
        one.disks[tonight].insert()
        one.wait_for(BUSY)
    one.page(tonight, DONE)
    one.disks[tonight].pull()
    one.put_away(tonight)
    one.wait_for(THE_END, "exit 0")
    one.expect_restored(tonight)


def careless(one):
    """Nobody, nowhere and arrow keys are no words of the register; the end of the input is none."""
    azekura_case.make_tree(one.site.tree, azekura_case.random.Random(1))
    one.site.set_up()
    tonight = one.site.tonights()
    one.begin()
    one.page(tonight, FETCH)
    one.disks[tonight].insert()
    one.page(tonight, DONE)
    one.disks[tonight].pull()
    one.page(tonight, "お名前:")
    one.type("")
    one.wait_for("何か入力してください")
    one.tmux("send-keys", "-t", "evening", "sato", "Left", "Enter")
    one.wait_for("文字でないキー")
    one.type("　佐藤 ")
    one.page(tonight, "保管場所 [")
    one.tmux("send-keys", "-t", "evening", "C-d")
    one.wait_for(THE_END, f"{tonight} を誰がどこに片付けたか", "exit 0")
    if '"move"' in (moved := one.site.at_site("medium", "show", tonight, "--json")):
        raise AssertionError(f"nobody's custody was noted:\n{moved}")


EVENINGS = {"missed": missed, "given_up": given_up, "after_noon": after_noon,
            "full_spool": full_spool, "yanked": yanked, "stopped": stopped, "refused": refused,
            "too_small": too_small, "forked": forked, "failing": failing, "too_slow": too_slow,
            "kept_waiting": kept_waiting, "careless": careless}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("azekura")
    parser.add_argument("evenings", nargs="*", default=list(EVENINGS))
    arguments = parser.parse_args()
    need = evening.missing() or disk_line.missing() or disk_site.missing_clock()
    if need is not None:
        print(f"skipped: there is no {need}")
        sys.exit(azekura_case.SKIPPED)
    for name in arguments.evenings:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="azekura-evening-") as home:
            one = Unplanned(arguments.azekura, home)
            try:
                EVENINGS[name](one)
            finally:
                one.close()
        print(f"{name}: as it should, {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main()
