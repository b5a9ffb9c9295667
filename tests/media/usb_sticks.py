"""The sticks of a site in a guest (usb_guest.py): one at a time is plugged and pulled."""


class Sticks:
    def __init__(self, guest, folder, sizes):
        """`sizes`: bytes by name."""
        self.guest = guest
        self.images = {}
        for name, size in sizes.items():
            self.images[name] = folder / name
            with self.images[name].open("wb") as file:
                file.truncate(size)

    def plug(self, name):
        self.guest.plug(name, self.images[name])
        self.guest.wait_for("[ -b /dev/sda2 ] || [ -b /dev/sda ] && sleep 1")

    def unplug(self, name):
        self.guest.unplug(name)
        self.guest.wait_for("[ ! -e /dev/sda ]")

    def expect_off(self, seconds=30):
        """The kernel gave no leave any more: there is no disk, though the stick is in its port."""
        self.guest.wait_for("[ ! -e /dev/sda ]", seconds)
        self.guest.check("grep -q 0 $(ls -d /sys/bus/usb/devices/*/idVendor | while read one; do "
                         "echo $(dirname $one)/authorized; done)")

    def enrol(self, name, azekura, *options):
        self.plug(name)
        self.guest.check(f"echo {name} | {azekura} medium enrol /dev/sda --set {name} "
                         + " ".join(options))
        self.expect_off()
        self.unplug(name)

    def restores(self, name, kit, tree):
        """The stick alone, with the kit, gives back the tree as it is."""
        self.plug(name)
        self.guest.check("mkdir -p /m && mount -o ro /dev/sda2 /m && rm -rf /root/restored")
        self.guest.check(f"azekura-restore restore latest --from /m --key {kit}/recovery.key "
                         f"--target /root/restored && diff -r {tree} /root/restored")
        self.guest.check("umount /m")
        self.unplug(name)
