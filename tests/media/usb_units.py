#!/usr/bin/python3
"""The installed services, under systemd, with sticks: usb_units.py KERNEL BUILD

In a guest (usb_guest.py) whose first process is systemd, the units of `meson install` run whole
nights: started by hand, then by their timers; a medium that was not brought, a morning after. In
the end each stick alone gives back what was captured for it. KERNEL: as for usb_guest.py, with
the package udev extracted there too. BUILD is a whole build."""
import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import systemd_root
import usb_guest
import usb_sticks

# By set: the size of its stick, and the file system. mkfs.xfs wants 300 MiB.
STICKS = {"daily-1": (160 << 20, "ext4"), "daily-2": (400 << 20, "xfs")}
USED_STICK = "label: dos\nstart=2048, size=65536\nstart=67584\n"
UNIT_SECONDS = 120
CAPTURE, WRITE, WATCH = (f"azekura-{name}.service" for name in ("capture", "write", "watch"))
LAMP = {"/etc/azekura/alarm": ("#!/bin/sh\necho \"lamp: $1\"\n", 0o755)}
DONE = "Deactivated successfully."
FAILED = "Failed with result"


class House(usb_sticks.Sticks):
    """A site where the units expect it, and its sticks."""

    def __init__(self, guest, folder):
        super().__init__(guest, folder, {name: size for name, (size, _) in STICKS.items()})
        subprocess.run(["sfdisk", "--quiet", self.images["daily-1"]], check=True, text=True,
                       input=USED_STICK)
        self.since = 0  # in the journal
        self.trees = {}  # what each stick has, by name

    # --- systemd

    def mark(self):
        """What the journal says before is not of interest any more."""
        self.since = self.guest.check("sleep 1; date +%s").strip()

    def journal(self, *which):
        words = " ".join(f"'{word}'" for word in which)
        return self.guest.check(f"journalctl --no-pager -q -o cat {words} --since=@{self.since}")

    def wait_until_said(self, unit, pattern):
        """All it said, and systemd of it; at once if it ends without."""
        self.guest.wait_for(f"journalctl --no-pager -q -o cat -u '{unit}' --since=@{self.since} | "
                            f"grep -q '{pattern}\\|{DONE}\\|{FAILED}'", UNIT_SECONDS, pause=1)
        said = self.journal("-u", unit)
        assert pattern in said, said
        return said

    def ended(self, unit, how):
        return self.wait_until_said(unit, how)

    def expect_alarm(self, unit):
        said = self.ended(f"azekura-alarm@{unit}.service", DONE)
        assert f"{unit} failed: see" in said and f"lamp: {unit}" in said, said
        crit = self.journal("-p", "crit", "-t", "azekura-alarm")
        assert f"{unit} failed: see" in crit, crit

    def set_clock(self, when):
        self.guest.check(f"date -s '{when}'")

    # --- azekura

    def status(self, event, **wanted):
        for line in self.guest.check("azekura status --json").splitlines():
            one = json.loads(line)
            if one["event"] == event and wanted.items() <= one.items():
                return one
        raise usb_guest.Failed(f"status says no {event} with {wanted}")

    def last_session(self, name):
        return self.status("set", name=name)["last_session"]

    def tonights(self):
        planned = self.guest.check("azekura schedule --days 1 --json").splitlines()[0]
        return json.loads(planned)["medium_of_set"]

    # --- what happens

    def enrolled(self):
        self.set_clock("2026-12-01 18:00:00")
        self.guest.check("mkdir -p /srv/tree/ward /safe && cp /bin/busybox /srv/tree/program && "
                         "head -c 3000000 /dev/urandom > /srv/tree/ward/image")
        self.guest.check("azekura init /var/lib/azekura --kit /root/kit && mv /root/kit /safe/kit")
        self.guest.check("azekura source add tree /srv/tree")
        for name, (_, file_system) in STICKS.items():
            self.guest.check(f"azekura set add {name} --pool daily")
            self.enrol(name, "azekura", "--file-system", file_system)

    def medium_was_not_brought(self):
        """What the capture read waits, its end starts the write, and somebody is called."""
        self.mark()
        self.guest.check(f"systemctl start {CAPTURE}")
        self.ended(CAPTURE, DONE)
        assert self.status("set", name=self.tonights())["waiting_sessions"] == 1
        said = self.ended(WRITE, FAILED)
        assert "error: AZK-M12: " in said and "status=9" in said, said
        self.expect_alarm(WRITE)

    def medium_is_brought(self):
        """Started again by hand: written, switched off, pulled."""
        name = self.tonights()
        self.plug(name)
        for partition in ("sda1", "sda2"):  # our rule keeps automounters off
            self.guest.check(f"udevadm settle; udevadm info /dev/{partition} | "
                             "grep -q UDISKS_IGNORE=1")
        self.mark()
        self.guest.check(f"systemctl start --no-block {WRITE}")
        self.expect_written_and_pulled(name)
        assert self.status("set", name=name)["waiting_sessions"] == 0
        self.trees[name] = "/srv/tree-before"

    def expect_written_and_pulled(self, name):
        before = self.last_session(name)
        self.wait_until_said(WRITE, "powered off: pull it")
        self.expect_off()
        waits = self.guest.check(f"systemctl show -P ActiveState {WRITE}")
        assert waits == "activating\n", waits
        self.unplug(name)
        said = self.ended(WRITE, DONE)
        assert "is pulled: it is offline" in said, said
        assert self.last_session(name) == before + 1
        connection = json.loads(self.guest.check(
            f"azekura medium show {name} --json").splitlines()[-1])
        assert (connection["event"], connection["end"]) == ("connection", "off"), connection
        assert connection["overhang_seconds"] is not None, connection

    def morning_after(self):
        """Nothing is amiss: nobody is called."""
        self.mark()
        self.guest.check(f"systemctl start {WATCH}")
        said = self.ended(WATCH, DONE)
        assert "0 alarms" in said, said

    def night_by_the_clock(self):
        """The timers alone, with the next stick in since the evening."""
        self.set_clock("2026-12-02 22:00:00")
        self.guest.check("systemctl enable --now azekura-nightly.timer azekura-watch.timer")
        self.guest.check("cp -a /srv/tree /srv/tree-before && date > /srv/tree/later")
        name = self.tonights()
        self.trees[name] = "/srv/tree"
        self.plug(name)
        self.mark()
        self.set_clock("2026-12-03 01:02:30")
        self.expect_written_and_pulled(name)
        self.mark()
        self.set_clock("2026-12-03 09:01:30")
        self.ended(WATCH, DONE)

    def night_without_a_medium(self):
        """The morning after, somebody is called by the watch."""
        self.mark()
        self.set_clock("2026-12-04 01:02:30")
        assert "AZK-M12" in self.ended(WRITE, FAILED)
        self.expect_alarm(WRITE)
        self.mark()
        self.set_clock("2026-12-04 09:01:30")
        said = self.ended(WATCH, FAILED)
        assert "ALARM the newest generation of the source 'tree' on a medium is" in said, said
        self.expect_alarm(WATCH)


def main(kernel, build):
    missing = [name for name in usb_guest.NEEDED + systemd_root.NEEDED
               if shutil.which(name) is None]
    kernel = pathlib.Path(kernel)
    if not list(kernel.glob("boot/vmlinuz-*")) or not (kernel / systemd_root.UDEVD).exists():
        missing.append("kernel with udev (scripts/test media-usb fetches both)")
    if missing:
        print(f"skipped: no {', '.join(missing)}")
        return 77
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        image = systemd_root.make_image(folder, kernel, build, LAMP)
        guest = stack.enter_context(usb_guest.UsbGuest(kernel, [], init=systemd_root.INIT,
                                                       disk=image))
        print(f"systemd is up after {guest.boot_seconds:.1f} s", flush=True)
        house = House(guest, folder)
        for step in (house.enrolled, house.medium_was_not_brought, house.medium_is_brought,
                     house.morning_after, house.night_by_the_clock, house.night_without_a_medium):
            step()
            print(f"{step.__name__}: as it must be", flush=True)
        assert house.trees.keys() == STICKS.keys(), house.trees
        for name, tree in house.trees.items():
            house.restores(name, "/safe/kit", tree)
        print("each stick alone gives back its tree")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
