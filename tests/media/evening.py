#!/usr/bin/python3
"""An evening of `azekura rotate` in Japanese, on a terminal (tmux), as staff see it: a wrong medium,
the right one, pulled and put away.

    evening.py AZEKURA [--docs FILE]

Every screen must come, in order. --docs writes them as text, for docs/rotate.md.
"""
import argparse
import pathlib
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import disk_site
from disk_site import azekura_case, disk_case

SETS = ("daily-1", "daily-2")
DISK_BYTES = 96 << 20
SECONDS_MAX = 120
HEADING = """# An evening with `azekura rotate`

What the person who carries media sees, one screen after the other; Japanese, whatever the host's locale is (`--lang en` for English). `tests/media/evening.py --docs docs/rotate.md` writes this page, from a real run in a terminal of 80 columns, with two disks.

"""


def missing():
    """What it takes and is not here; None if all is."""
    return disk_case.missing() or (None if shutil.which("tmux") else "tmux")


class Evening:
    def __init__(self, azekura, home):
        self.site = disk_site.DiskSite(azekura, home, SETS, DISK_BYTES)
        self.disks = self.site.disks
        self.socket = self.site.home / "tmux"
        self.screens = []
        self.clock = {}  # what gives `rotate` another one

    def set_up(self):
        azekura_case.make_tree(self.site.tree, random.Random(1))
        self.site.set_up()
        for name in SETS:
            self.site.at_site("medium", "move", name, "--to", "地下金庫", "--by", "山田")

    def tmux(self, *arguments):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, *arguments], capture_output=True,
                              check=True, env=self.site.environment | {"TERM": "screen"})
        return done.stdout.decode()

    @property
    def command(self):
        clock = "".join(f"{name}={shlex.quote(value)} " for name, value in self.clock.items())
        return f"{clock}{self.site.azekura} -s {self.site.path} rotate; echo exit $?; sleep 600"

    def begin(self):
        self.tmux("new-session", "-d", "-x", "80", "-y", "24", "-s", "evening", self.command)

    def begin_again(self):
        self.tmux("respawn-pane", "-k", "-t", "evening", self.command)

    def see(self, words, what):
        """Waits for a screen with these words, and keeps it."""
        self.screens.append((what, self.wait_for(words)))

    def wait_for(self, *words):
        """Waits for a screen with all these words."""
        until = time.monotonic() + SECONDS_MAX
        while True:
            screen = self.tmux("capture-pane", "-p", "-t", "evening").rstrip()
            if all(one in screen for one in words):
                return screen
            if time.monotonic() > until:
                raise AssertionError(f"{words} never came; this is there:\n{screen}")
            time.sleep(0.05)

    def type(self, words):
        self.tmux("send-keys", "-t", "evening", words, "Enter")

    def go(self):
        self.set_up()
        name = self.site.tonights()
        other = next(one for one in SETS if one != name)
        self.begin()
        self.see("差し込んでください", "Which medium to fetch")
        self.type("")
        self.see("先に進みますか", "It cannot be found: Enter, then a name (only Enter: back)")
        self.type("")
        self.wait_for("差し込んでください")
        self.disks[other].insert()
        self.see("AZK-M01", "The wrong medium is in the slot")
        self.disks[other].pull()
        self.see("差し込んでください", "It is pulled again")
        self.disks[name].insert()
        self.see("この媒体を抜いてください", "Written, read back, detached")
        self.disks[name].pull()
        self.see("お名前", "Put away: who")
        self.type("佐藤")
        self.see("保管場所 [", "Put away: where; Enter takes what stands there")
        self.type("")
        self.see("封印の番号", "Put away: the seal of its container")
        self.type("S-0017")
        self.see("すべて終わりました", "The end")
        self.see("exit 0", "The end")
        self.screens.pop()
        moved = self.site.at_site("medium", "show", name, "--json")
        for words in ("佐藤", "地下金庫", "S-0017"):
            if words not in moved:
                raise AssertionError(f"{words} was not noted:\n{moved}")

    def page(self):
        return HEADING + "".join(f"## {what}\n\n```\n{screen}\n```\n\n"
                                 for what, screen in self.screens).rstrip() + "\n"

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, check=False)
        self.site.pull_all()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("azekura")
    parser.add_argument("--docs", type=pathlib.Path)
    arguments = parser.parse_args()
    if (need := missing()) is not None:
        print(f"skipped: there is no {need}")
        sys.exit(azekura_case.SKIPPED)
    with tempfile.TemporaryDirectory(prefix="azekura-evening-") as home:
        evening = Evening(arguments.azekura, home)
        try:
            evening.go()
        finally:
            evening.close()
        if arguments.docs is not None:
            arguments.docs.write_text(evening.page(), encoding="utf-8")
        print(f"{len(evening.screens)} screens in order")


if __name__ == "__main__":
    main()
