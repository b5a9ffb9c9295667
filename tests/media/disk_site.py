"""A site with one source, a tree, and sets whose media are disks that are inserted and pulled."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))
import azekura_case  # noqa: E402, F401  for the tests beside this
import disk_case  # noqa: E402

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
SECONDS_MAX = 600
FILES_AT = 2 << 20  # of a disk's file system


def missing_clock():
    """What fakes the clock, if it is not here."""
    return None if os.path.exists(FAKETIME) else FAKETIME


class DiskSite:
    def __init__(self, azekura, home, sets, disk_bytes):
        self.azekura = os.path.abspath(azekura)
        self.home = pathlib.Path(home).resolve()
        self.path, self.tree = self.home / "site", self.home / "tree"
        self.kit = self.home / "safe" / "kit"
        self.disk_bytes = disk_bytes
        self.disks = {name: disk_case.Disk(self.home / f"{name}.image") for name in sets}
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC",
                            "TMPDIR": str(self.home), "XDG_STATE_HOME": str(self.home / "state")}

    def run(self, *arguments, env=None, **options):
        """What the program says; it must end with 0. `env`: on top of the site's."""
        done = subprocess.run([self.azekura, *map(str, arguments)], capture_output=True,
                              env=self.environment | (env or {}), timeout=SECONDS_MAX, check=False,
                              **options)
        if done.returncode != 0:
            raise AssertionError(f"{arguments} ended with {done.returncode}:\n"
                                 f"{done.stdout.decode()}{done.stderr.decode()}")
        return done.stdout.decode()

    def at_site(self, *arguments, **options):
        return self.run("-s", self.path, *arguments, **options)

    def set_up(self):
        """The kit is carried away, the disks are enrolled and pulled."""
        self.run("init", self.path, "--kit", self.home / "new-kit")
        self.kit.parent.mkdir()
        (self.home / "new-kit").rename(self.kit)
        self.tree.mkdir(exist_ok=True)
        self.at_site("source", "add", "tree", self.tree)
        for name, disk in self.disks.items():
            with open(disk.image, "wb") as file:
                file.truncate(self.disk_bytes)
            self.at_site("set", "add", name, "--pool", "daily")
            disk.insert()
            self.at_site("medium", "enrol", disk.path, "--set", name, input=name.encode() + b"\n")
            disk.pull()

    def tonights(self, night=None):
        """The set whose medium is brought on this night; else on the one that is now."""
        date = [] if night is None else ["--from-date", night]
        planned = self.at_site("schedule", "--days", "1", "--json", *date).splitlines()[0]
        return json.loads(planned)["medium_of_set"]

    def connections(self, name):
        shown = self.at_site("medium", "show", name, "--json").splitlines()
        return [one for one in map(json.loads, shown) if one["event"] == "connection"]

    @contextlib.contextmanager
    def mounted(self, name):
        """The files of a pulled disk, read-only, as a folder."""
        folder = self.home / "mnt"
        folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "ext4", "-o", f"loop,ro,noload,offset={FILES_AT}",
                        self.disks[name].image, folder], check=True)
        try:
            yield folder
        finally:
            subprocess.run(["umount", folder], check=True)

    def restored(self, medium, snapshot="latest/tree"):
        """The state of the tree that a mounted medium alone gives back."""
        target = pathlib.Path(tempfile.mkdtemp(dir=self.home))
        self.run("restore", snapshot, "--from", medium, "--key", self.kit / "recovery.key",
                 "--target", target)
        state = azekura_case.state_of(target)
        shutil.rmtree(target)
        return state

    def pull_all(self):
        for disk in self.disks.values():
            if disk.inserted:
                disk.pull()
