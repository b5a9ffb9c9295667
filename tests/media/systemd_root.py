"""A root file system in which systemd is the first process, made of this machine's files.

In it are systemd, its journal, udev with Debian's rules, busybox, and a build as `meson install`
puts it; as a service of its own, the loop that takes a test's commands (usb_guest.py)."""
import os
import pathlib
import shutil
import subprocess
import uuid

import usb_guest

SYSTEMD = pathlib.Path("/usr/lib/systemd")
NEEDED = [str(SYSTEMD / "systemd"), str(SYSTEMD / "systemd-journald"), "systemctl", "journalctl",
          "meson"]
UDEVD = "lib/systemd/system/systemd-udevd.service"  # of the package udev, beside the kernel
PROGRAMS = ["systemctl", "journalctl", "mkfs.ext4", "mkfs.xfs"]
TARGETS = ["sysinit", "basic", "multi-user", "sockets", "timers", "paths", "slices", "local-fs",
           "local-fs-pre", "swap", "shutdown", "umount", "time-set", "time-sync"]
JOURNAL = ["systemd-journald.socket", "systemd-journald-dev-log.socket", "systemd-journald.service"]
UDEV = ["systemd-udevd-control.socket", "systemd-udevd-kernel.socket", "systemd-udevd.service",
        "systemd-udev-trigger.service"]
COMMANDS = "guest-commands.service"
IMAGE_MIB = 768

# /dev/vda becomes the root, and systemd what runs first.
INIT = usb_guest.BEGIN + """
mkdir /new && mount -t ext4 /dev/vda /new
for folder in proc sys dev; do mount --move /$folder /new/$folder; done
exec switch_root /new /usr/lib/systemd/systemd
"""


def wanted_by(units, target, names):
    folder = units / f"{target}.wants"
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).symlink_to(f"../{name}")


def add_systemd(root, kernel):
    units = root / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    for program in ("systemd", "systemd-journald"):
        usb_guest.copy_program(SYSTEMD / program, root / "usr/lib/systemd" / program, root)
    for name in [f"{target}.target" for target in TARGETS] + JOURNAL:
        shutil.copy(SYSTEMD / "system" / name, units)
    usb_guest.copy_program(kernel / "bin/udevadm", root / "usr/bin/udevadm", root)
    (root / "usr/lib/systemd/systemd-udevd").symlink_to("/usr/bin/udevadm")
    shutil.copytree(kernel / "lib/udev", root / "usr/lib/udev", dirs_exist_ok=True)
    for name in UDEV:
        shutil.copy(kernel / UDEVD.replace("systemd-udevd.service", name), units)
    (units / COMMANDS).write_text("[Service]\nExecStart=/bin/sh /commands\nKillMode=process\n"
                                  "StandardOutput=null\n")
    (root / "commands").write_text("export PATH=/usr/local/bin:/bin HOME=/root\n" + usb_guest.SERVE)
    wanted_by(units, "sockets.target", [name for name in JOURNAL + UDEV if "socket" in name])
    wanted_by(units, "sysinit.target", [name for name in JOURNAL + UDEV if "service" in name])
    wanted_by(units, "basic.target", [f"{target}.target" for target in
                                      ("sockets", "timers", "paths", "slices")])
    wanted_by(units, "multi-user.target", [COMMANDS])
    (units / "default.target").symlink_to("multi-user.target")


def add_programs(root):
    for program in PROGRAMS:
        usb_guest.copy_program(shutil.which(program), root / "usr/bin" / program, root)
    busybox = shutil.which("busybox")
    shutil.copy(busybox, root / "usr/bin/busybox")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for applet in applets.stdout.split():
        if not os.path.lexists(root / "usr/bin" / applet):
            (root / "usr/bin" / applet).symlink_to("busybox")


def install(root, build):
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", root],
                   check=True, stdout=subprocess.DEVNULL)
    for name in ("azekura", "azekura-restore"):
        for program in root.glob(f"usr/**/bin/{name}"):
            for library in usb_guest.libraries_of(program):
                copy = root / library.lstrip("/")
                if not copy.exists():
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(library, copy)


def make_image(folder, kernel, build, files):
    """`files`: more of them, (text, mode) by path. KERNEL also has the package udev."""
    root = folder / "systemd-root"
    for name in ("etc", "home", "dev", "proc", "run", "sys", "usr/bin", "usr/lib", "usr/lib64",
                 "var/lib", "var/log"):
        (root / name).mkdir(parents=True)
    for name, mode in (("root", 0o700), ("tmp", 0o1777), ("var/tmp", 0o1777)):
        (root / name).mkdir()
        (root / name).chmod(mode)
    for link, folder_of_usr in (("bin", "bin"), ("sbin", "bin"), ("lib", "lib"),
                                ("lib64", "lib64"), ("usr/sbin", "bin")):
        (root / link).symlink_to(folder_of_usr if "/" in link else f"usr/{folder_of_usr}")
    (root / "etc/machine-id").write_text(uuid.uuid4().hex + "\n")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (root / "etc/group").write_text("".join(
        f"{name}:x:{number}:\n" for number, name in
        enumerate(["root", "disk", "tty", "dialout", "input", "kmem", "lp", "cdrom", "tape",
                   "audio", "video", "render", "kvm", "sgx"])))
    add_programs(root)
    add_systemd(root, pathlib.Path(kernel))
    install(root, build)
    for name, (text, mode) in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
    image = folder / "root-image"
    with image.open("wb") as file:
        file.truncate(IMAGE_MIB << 20)
    subprocess.run(["mkfs.ext4", "-q", "-d", root, image], check=True)
    shutil.rmtree(root)
    return image
