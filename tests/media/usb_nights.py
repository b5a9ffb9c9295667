#!/usr/bin/python3
"""Sticks in a machine with a USB port: usb_nights.py KERNEL AZEKURA AZEKURA_RESTORE

In a guest (usb_guest.py) two sticks are enrolled; then the right one, the wrong one and both are
inserted, one is pulled while it is written and one after its session was sealed. In the end both
sticks alone give back what was acknowledged. KERNEL: as for usb_guest.py."""
import contextlib
import json
import pathlib
import shutil
import sys
import tempfile
import time

import usb_guest
import usb_sticks

STICK_BYTES = 160 << 20
LARGE_MIB = 48
SEAL_SECONDS = 120
SITE = "azekura -s /root/site"


class Evening(usb_sticks.Sticks):
    """A site in the guest, and its two sticks."""

    def __init__(self, guest, folder):
        super().__init__(guest, folder, {"daily-1": STICK_BYTES, "daily-2": STICK_BYTES})
        self.tonights = None
        self.other = None

    def set_up(self):
        self.guest.check("mkdir -p /root/tree/ward && head -c 300000 /dev/urandom > "
                         "/root/tree/ward/image && cp /bin/busybox /root/tree/program")
        self.guest.check("azekura init /root/site --kit /root/kit && mkdir /safe && "
                         "mv /root/kit /safe/kit")
        self.guest.check(f"{SITE} source add tree /root/tree")
        for name in self.images:
            self.guest.check(f"{SITE} set add {name} --pool daily")
            self.enrol(name, SITE)
        planned = self.guest.check(f"{SITE} schedule --days 1 --json").splitlines()[0]
        self.tonights = json.loads(planned)["medium_of_set"]
        self.other = next(name for name in self.images if name != self.tonights)

    def refused(self, code, reason):
        ended, said = self.guest.run(f"{SITE} nightly --set {self.tonights}")
        assert ended == code and f"error: {reason}: " in said, f"{ended}: {said}"

    def start(self, command):
        self.guest.check(f"rm -f /run/code; ({SITE} {command} > /run/out 2>&1; echo $? > /run/code) "
                         "> /dev/null 2>&1 &")

    def ended(self):
        self.guest.wait_for("[ -s /run/code ]", 120)
        return int(self.guest.check("cat /run/code")), self.guest.check("cat /run/out")

    def well(self):
        self.plug(self.tonights)
        self.start(f"nightly --set {self.tonights}")
        self.guest.wait_for("grep -q 'powered off: pull it' /run/out", 120)
        self.expect_off()
        self.unplug(self.tonights)
        code, said = self.ended()
        assert code == 0 and "is pulled: it is offline" in said, f"{code}: {said}"

    def wrong(self):
        self.plug(self.other)
        self.refused(9, "AZK-M01")
        self.unplug(self.other)

    def two(self):
        self.plug(self.tonights)
        self.guest.plug(self.other, self.images[self.other])
        self.guest.wait_for("[ -b /dev/sdb2 ]")
        self.refused(10, "AZK-M07")
        self.unplug_both()

    def unplug_both(self):
        for name in (self.other, self.tonights):
            self.guest.unplug(name)
        self.guest.wait_for("[ ! -e /dev/sda ] && [ ! -e /dev/sdb ]")

    def pulled_while_written(self):
        self.guest.check(f"head -c {LARGE_MIB << 20} /dev/urandom > /root/tree/large")
        self.plug(self.tonights)
        self.start(f"nightly --set {self.tonights}")
        sectors = (LARGE_MIB << 20) // 512 // 4
        self.guest.wait_for(f"[ $(awk '{{print $7}}' /sys/block/sda/stat) -gt {sectors} ]", 120)
        self.unplug(self.tonights)
        code, said = self.ended()
        assert code == 9 and "error: AZK-M13: " in said, f"{code}: {said}"
        # The same again brings all of it.
        self.plug(self.tonights)
        self.start(f"write {self.tonights}")
        code, said = self.ended()
        assert code == 0, f"{code}: {said}"
        self.expect_off()
        self.unplug(self.tonights)

    def pulled_after_the_seal(self):
        self.guest.check("date > /root/tree/later")
        before = self.sessions()
        self.plug(self.tonights)
        self.start(f"nightly --set {self.tonights}")
        until = time.monotonic() + SEAL_SECONDS
        while self.sessions() == before:
            if time.monotonic() > until:
                raise usb_guest.Failed(f"no session was sealed: {self.ended()}")
        self.unplug(self.tonights)
        code, said = self.ended()
        assert code in (0, 9), f"{code}: {said}"

    def sessions(self):
        for line in self.guest.check(f"{SITE} status --json").splitlines():
            one = json.loads(line)
            if one["event"] == "set" and one["name"] == self.tonights:
                return one["last_session"]
        raise usb_guest.Failed("status does not know the set")


def main(kernel, azekura, restore_program):
    missing = [name for name in usb_guest.NEEDED if shutil.which(name) is None]
    if missing or not list(pathlib.Path(kernel).glob("boot/vmlinuz-*")):
        print(f"skipped: no {', '.join(missing) or 'kernel (scripts/test media-usb fetches it)'}")
        return 77
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        guest = stack.enter_context(
            usb_guest.UsbGuest(kernel, [azekura, restore_program, "mkfs.ext4"]))
        print(f"booted after {guest.boot_seconds:.1f} s", flush=True)
        evening = Evening(guest, pathlib.Path(folder))
        for step in (evening.set_up, evening.well, evening.wrong, evening.two,
                     evening.pulled_while_written, evening.pulled_after_the_seal):
            step()
            print(f"{step.__name__}: as it must be", flush=True)
        evening.restores(evening.tonights, "/safe/kit", "/root/tree")
        print("the stick alone gives back the tree")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
