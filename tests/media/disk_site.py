"""A site with one source, a tree, and sets whose media are disks that are inserted and pulled."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))
import azekura_case  # noqa: E402, F401  for the tests beside this
import disk_case  # noqa: E402

SECONDS_MAX = 600


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

    def run(self, *arguments, **options):
        """What the program says; it must end with 0."""
        done = subprocess.run([self.azekura, *map(str, arguments)], capture_output=True,
                              env=self.environment, timeout=SECONDS_MAX, check=False, **options)
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

    def pull_all(self):
        for disk in self.disks.values():
            if disk.inserted:
                disk.pull()
