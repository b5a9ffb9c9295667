#!/usr/bin/python3
"""A machine of its own with a USB port: usb_guest.py KERNEL AZEKURA

QEMU without KVM boots Debian's kernel with the programs of this machine, runs commands in it, and
sticks are plugged and pulled while it runs. KERNEL is the folder into which a kernel package was
extracted (docs/testing.md). Run by itself it proves that plugging and pulling work."""
import base64
import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

DRIVERS = ["virtio_pci", "virtio_console", "virtio_blk", "xhci_pci", "usb_storage", "uas", "sd_mod",
           "crc32c_generic", "ext4", "xfs"]
NEEDED = ["qemu-system-x86_64", "busybox", "cpio", "ldd", "mkfs.ext4", "sfdisk"]
BOOT_SECONDS = 120
COMMAND_SECONDS = 120
PORT = "azekura.commands"

# How every guest begins: with its drivers, and the kernel's own file systems.
BEGIN = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for driver in /drivers/*; do insmod $driver || echo "cannot load $driver"; done
"""
# Each line from the port is a command in base64; its exit code and output, in base64, go back.
SERVE = f"""
for name in /sys/class/virtio-ports/*/name; do
  if [ "$(cat $name)" = {PORT} ]; then port=/dev/$(basename $(dirname $name)); fi
done
exec 3<>$port
echo ready >&3
while read -r line <&3; do
  echo $line | base64 -d > /run/command
  sh /run/command > /run/output 2>&1 < /dev/null
  echo "$? $(base64 -w 0 /run/output)" >&3
done
"""
INIT = BEGIN + """
mkdir -p /dev/shm /run /tmp /root; mount -t tmpfs tmpfs /tmp; mount -t tmpfs run /run
echo 'echo "$ACTION@$DEVPATH" >> /run/uevents' > /run/note
uevent sh /run/note &
""" + SERVE + "poweroff -f\n"


class Failed(Exception):
    """A command of the guest, or the guest itself."""


def drivers_in_order(kernel):
    """Paths of the drivers and of what they depend on, each after what it needs."""
    paths = {path.stem.replace("-", "_"): path for path in pathlib.Path(kernel).rglob("*.ko")}
    ordered = []

    def add(name):
        path = paths.get(name.replace("-", "_"))
        if path is None or path in ordered:  # None: built into the kernel
            return
        depends = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
        for other in filter(None, depends.group(1).decode().split(",")) if depends else ():
            add(other)
        ordered.append(path)

    for driver in DRIVERS:
        add(driver)
    return ordered


def libraries_of(program):
    """What the dynamic linker loads for it, itself included."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True)
    return re.findall(r"(/\S+) \(0x", listed.stdout)  # none if it is static


def copy_program(program, target, root):
    """To `target`, and its libraries to where the dynamic linker looks for them beneath `root`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(program, target)  # of a link, what it leads to
    for library in libraries_of(program):
        copy = root / library.lstrip("/")
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, copy)


def make_initramfs(folder, kernel, programs, init):
    """An archive with busybox, the drivers, and `programs` with their libraries."""
    root = folder / "root"
    for name in ("bin", "drivers", "proc", "sys", "dev"):
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    for number, driver in enumerate(drivers_in_order(kernel)):
        shutil.copy(driver, root / f"drivers/{number:03}-{driver.name}")
    for program in programs:
        program = pathlib.Path(shutil.which(program) or program)
        copy_program(program, root / "bin" / program.name, root)
    (root / "init").write_text(init)
    (root / "init").chmod(0o755)
    archive = folder / "initramfs"
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with archive.open("wb") as out:  # not compressed: expanding it is what an emulator is slow at
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names.encode(),
                       stdout=out, check=True)
    shutil.rmtree(root)
    return archive


class Connection:
    """Lines to and from a socket of QEMU."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")

    def send(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def receive(self, seconds):
        self.socket.settimeout(seconds)
        try:
            line = self.lines.readline()
        except TimeoutError as error:
            raise Failed(f"no answer within {seconds} s") from error
        if not line:
            raise Failed("the guest is gone")
        return line.decode()


class UsbGuest:
    """A booted guest. `with UsbGuest(kernel, programs) as guest: guest.run("…")`.

    It runs the script `init`; `disk` is an image that it has as /dev/vda."""

    def __init__(self, kernel, programs, memory_mib=1024, init=INIT, disk=None):
        self.stack = contextlib.ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.folder = pathlib.Path(folder)
        self.console = self.folder / "console"
        image = next(pathlib.Path(kernel).glob("boot/vmlinuz-*"))
        began = time.monotonic()
        archive = make_initramfs(self.folder, kernel, programs, init)
        drive = [] if disk is None else ["-drive",
                                         f"file={disk},format=raw,if=virtio,cache=unsafe"]
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "Nehalem", "-m", str(memory_mib),
             "-smp", "2", "-display", "none", "-nodefaults", "-no-reboot",
             "-kernel", str(image), "-initrd", str(archive),
             "-append", "console=ttyS0 quiet panic=-1 mitigations=off nokaslr",
             "-serial", f"file:{self.console}",
             "-device", "qemu-xhci,id=usb", "-device", "virtio-serial-pci",
             "-chardev", f"socket,id=commands,path={self.folder}/commands,server=on,wait=off",
             "-device", f"virtserialport,chardev=commands,name={PORT}",
             "-qmp", f"unix:{self.folder}/monitor,server=on,wait=off", *drive],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.stack.callback(self.end)
        try:
            self.monitor = self.connect("monitor")
            self.port = self.connect("commands")
            self.monitor.receive(COMMAND_SECONDS)  # its greeting
            self.ask_monitor("qmp_capabilities")
            while self.port.receive(BOOT_SECONDS).strip() != "ready":
                pass
        except Failed as error:
            said = self.console.read_text(errors="replace")[-2000:]
            self.stack.close()
            raise Failed(f"the guest does not boot: {error}\n{said}") from error
        self.boot_seconds = time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def end(self):
        self.process.kill()
        self.process.wait()

    def connect(self, name):
        for _ in range(100):
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return Connection(self.folder / name)
            time.sleep(0.1)
        raise Failed(f"qemu-system-x86_64 shows no {name}")

    def ask_monitor(self, command, **arguments):
        self.monitor.send(json.dumps({"execute": command, "arguments": arguments}))
        while True:
            answer = json.loads(self.monitor.receive(COMMAND_SECONDS))
            if "error" in answer:
                raise Failed(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def run(self, command, seconds=COMMAND_SECONDS):
        """(exit code, output) of a command of the guest's shell; its errors are in the output."""
        self.port.send(base64.b64encode(command.encode()).decode())
        code, _, output = self.port.receive(seconds).partition(" ")
        return int(code), base64.b64decode(output).decode(errors="replace")

    def check(self, command):
        code, output = self.run(command)
        if code != 0:
            raise Failed(f"{command}: exit code {code}\n{output}")
        return output

    def wait_for(self, condition, seconds=30, pause=0.1):
        """Until a shell condition of the guest holds; returns the seconds it took."""
        began = time.monotonic()
        steps = (f"for i in $(seq {int(seconds / pause)}); do {condition} && exit 0; "
                 f"sleep {pause}; done; exit 1")
        code, output = self.run(steps, seconds + COMMAND_SECONDS)
        if code != 0:
            raise Failed(f"not within {seconds} s: {condition}\n{output}")
        return time.monotonic() - began

    def plug(self, stick, image):
        """Inserts the raw image as a USB stick with the serial number `stick`."""
        self.ask_monitor("blockdev-add", **{"driver": "raw", "node-name": stick,
                                            "file": {"driver": "file", "filename": str(image)}})
        self.ask_monitor("device_add", driver="usb-storage", bus="usb.0", id=f"usb-{stick}",
                         drive=stick, serial=stick)

    def unplug(self, stick):
        """Pulls it, whatever the guest does with it. The image is whole files of this machine then."""
        self.ask_monitor("device_del", id=f"usb-{stick}")
        for _ in range(100):
            with contextlib.suppress(Failed):
                self.ask_monitor("blockdev-del", **{"node-name": stick})
                return
            time.sleep(0.1)
        raise Failed(f"\"{stick}\" cannot be pulled")


def make_stick(path, mib=64):
    """An image with a GPT and one partition with ext4."""
    with path.open("wb") as file:
        file.truncate(mib << 20)
    subprocess.run(["sfdisk", "--quiet", path], check=True, text=True,
                   input="label: gpt\nstart=2048, "
                         "type=9C6F5A0E-3F1B-4F0E-9D3A-617A656B7572, name=azekura\n")
    subprocess.run(["mkfs.ext4", "-q", "-E", f"offset={1 << 20}", path, f"{mib - 2}m"], check=True)


def prove_plugging(guest, folder):
    sticks = {name: folder / name for name in ("STICK1", "STICK2")}
    for path in sticks.values():
        make_stick(path)
    print(guest.check("azekura version").splitlines()[0])
    for round_number in (1, 2):  # the second finds what the first wrote
        guest.plug("STICK1", sticks["STICK1"])
        seen = guest.wait_for("[ -b /dev/sda1 ]")
        facts = guest.check("grep PARTNAME /sys/block/sda/sda1/uevent; "
                            "cat $(readlink -f /sys/block/sda | sed 's,/[^/]*/host.*,,')/serial")
        assert "STICK1" in facts and "PARTNAME=azekura" in facts, facts
        guest.check("mkdir -p /m && mount -t ext4 /dev/sda1 /m")
        if round_number == 1:
            guest.check("echo kept > /m/file && sync")
        assert guest.check("cat /m/file") == "kept\n"
        guest.plug("STICK2", sticks["STICK2"])
        guest.wait_for("[ -b /dev/sdb1 ]")
        guest.unplug("STICK2")
        guest.wait_for("[ ! -e /dev/sdb ]")
        guest.unplug("STICK1")  # mounted as it is
        gone = guest.wait_for("[ ! -e /dev/sda ] && grep -q ^remove@.*/block/sda$ /run/uevents")
        code, _ = guest.run("dd if=/m/file of=/dev/null bs=1 count=1 iflag=direct 2>/dev/null; "
                            "echo more > /m/more; sync /m/more")
        assert code != 0, "a pulled stick took what was written"
        guest.check("umount -l /m; : > /run/uevents")
        print(f"plugged and seen after {seen:.1f} s, pulled and gone after {gone:.1f} s")


def main(kernel, azekura):
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        print(f"skipped: no {', '.join(missing)}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        with UsbGuest(kernel, [azekura, "mkfs.ext4"]) as guest:
            print(f"booted after {guest.boot_seconds:.1f} s")
            prove_plugging(guest, pathlib.Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
