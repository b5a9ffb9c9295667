#!/usr/bin/python3
"""Evenings of `azekura rotate` that do not go as planned, on a terminal (tmux), as staff see them.

    evenings.py AZEKURA [EVENING...]

Each on a site of its own: two media that were missed; one that is yanked while it is written; Ctrl-C
while one is written, which is left in until the next time.
"""
import argparse
import contextlib
import pathlib
import sys
import tempfile
import time

import disk_line
import evening
from disk_site import azekura_case

SLOW = 8_000_000  # bytes a second: so slow that something can happen meanwhile
LARGE = 24 << 20

FETCH, WRITING, DONE = "差し込んでください", "書き込み中", "終わりました。この媒体を抜いてください"
LEFT_IN, TOO_EARLY, THE_END = "差し込まれたままです", "途中で抜かれました", "すべて終わりました"


class Unplanned(evening.Evening):
    def __init__(self, azekura, home):
        super().__init__(azekura, home)
        self.lines = contextlib.ExitStack()

    def set_up(self):
        """Returns tonight's set, and the other one."""
        super().set_up()
        tonight = self.site.tonights()
        return tonight, next(one for one in evening.SETS if one != tonight)

    def capture_much(self):
        (self.site.tree / "large").write_bytes(azekura_case.random.Random(2).randbytes(LARGE))
        self.site.at_site("nightly", "--only", "capture")

    def page(self, name, words):
        return self.wait_for(f"【 {name} 】", words)

    def write_slowly(self, name):
        """Inserts the medium, at the end of a slow line; returns once part of it is written."""
        work = pathlib.Path(tempfile.mkdtemp(dir=self.site.home))
        line = disk_line.Line(self.disks[name].image, work, {"rate": [f"rate={SLOW * 8}"]})
        self.lines.enter_context(line.undo)
        self.page(name, WRITING)
        disk_line.wait_for(lambda: line.disk.written_bytes > LARGE / 4)
        return line

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

    def expect_restored(self, name):
        with self.site.mounted(name) as medium:
            if self.site.restored(medium) != azekura_case.state_of(self.site.tree):
                raise AssertionError(f"what '{name}' has is not what was captured")

    def close(self):
        super().close()
        self.lines.close()


def missed(one):
    tonight, other = one.set_up()
    one.site.at_site("backup", "--for", other)
    one.site.at_site("nightly", "--only", "capture")
    one.begin()
    for name in (tonight, other):
        one.page(name, FETCH)
        one.write_and_put_away(name)
    one.wait_for(THE_END, f"{tonight} はオフラインになり、今夜のバックアップが入っています",
                 f"{other} はオフラインになり、足りなかった分がすべて入っています", "exit 0")
    for name in (tonight, other):
        one.expect_restored(name)


def yanked(one):
    tonight, _other = one.set_up()
    one.capture_much()
    one.begin()
    one.page(tonight, FETCH)
    line = one.write_slowly(tonight)
    line.yank()
    one.page(tonight, TOO_EARLY)
    one.lines.close()
    one.write_and_put_away(tonight)
    one.wait_for(THE_END, "exit 0")
    one.expect_restored(tonight)


def stopped(one):
    tonight, _other = one.set_up()
    one.capture_much()
    one.begin()
    one.page(tonight, FETCH)
    line = one.write_slowly(tonight)
    one.tmux("send-keys", "-t", "evening", "C-c")
    said = one.wait_for("exit 130")
    if "差し込まれています" not in said or line.disk.in_use:
        raise AssertionError(f"the medium is still attached, or nobody says where it is:\n{said}")
    one.begin_again()
    one.page(tonight, LEFT_IN)
    line.disk.pull()
    one.put_away(tonight)
    one.lines.close()
    one.page(tonight, FETCH)
    one.write_and_put_away(tonight)
    one.wait_for(THE_END, "exit 0")
    one.expect_restored(tonight)


EVENINGS = {"missed": missed, "yanked": yanked, "stopped": stopped}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("azekura")
    parser.add_argument("evenings", nargs="*", default=list(EVENINGS))
    arguments = parser.parse_args()
    if (need := evening.missing() or disk_line.missing()) is not None:
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
