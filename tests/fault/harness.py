"""What every part of the fault campaign shares: a site, a seeded tree, an oracle, and checks.

The oracle stands outside the engine: what a tree was when a run was acknowledged (exit code 0
seen), as plain hashes taken by this program. A loss is anything that breaks a promise of the
engine; losses are printed at once, counted, and decide the exit code.
"""
import argparse
import collections
import contextlib
import hashlib
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
LOSSES_MAX = 10  # a campaign that finds more has proved its point
ENGINE_SECONDS_MAX = 60
WORK_BYTES_MIN = 3 << 30
SET = "daily"


class Skip(Exception):
    """This machine cannot run the part; the text says what is missing."""


class TooManyLosses(Exception):
    pass


class Campaign:
    """Counts of one part, its seed, its directory, and what was lost."""

    def __init__(self, part, seed, losses_max=LOSSES_MAX):
        self.part = part
        self.seed = seed
        self.random = random.Random(f"{part} {seed}")
        self.counts = collections.Counter()
        self.losses = []
        self.losses_max = losses_max
        self.work = pathlib.Path(tempfile.mkdtemp(prefix=f"azekura-{part}-", dir=work_base()))
        self.begun = time.monotonic()
        print(f"{part}: seed {seed}, in {self.work}", flush=True)

    def loss(self, case, text):
        self.losses.append(f"{case}: {text}")
        print(f"{self.part}: LOSS: {case}: {text}", flush=True)
        if len(self.losses) >= self.losses_max:
            raise TooManyLosses

    def close(self):
        """Prints the counts; keeps the directory if there were losses."""
        seconds = time.monotonic() - self.begun
        for name, count in sorted(self.counts.items()):
            print(f"{self.part:10} {name:44} {count:7}")
        print(f"{self.part:10} {'losses':44} {len(self.losses):7}")
        print(f"{self.part:10} {'seconds':44} {seconds:7.0f}", flush=True)
        if self.losses:
            print(f"{self.part}: what was lost is kept in {self.work}; run it again with "
                  f"--seed {self.seed}", flush=True)
        else:
            shutil.rmtree(self.work)


def run_part(part, body, engine, seed, count, losses_max=LOSSES_MAX):
    """Runs a part's body(campaign, engine, count) and returns the closed campaign."""
    campaign = Campaign(part, seed, losses_max)
    try:
        body(campaign, engine, count)
    except TooManyLosses:
        print(f"{part}: stopped after {len(campaign.losses)} losses", flush=True)
    except Skip:
        shutil.rmtree(campaign.work)
        raise
    except BaseException:
        print(f"{part}: broken off; its directory {campaign.work} is kept", flush=True)
        raise
    campaign.close()
    return campaign


def main_of_part(part, body, count):
    """The command line of one part: exit code 1 on any loss, 77 where it cannot run."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--engine", required=True, type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=count)
    options = parser.parse_args()
    exit_on_signals()
    try:
        campaign = run_part(part, body, Engine(options.engine), options.seed, options.count)
    except Skip as missing:
        print(f"{part}: SKIPPED: {missing}", flush=True)
        sys.exit(SKIPPED)
    sys.exit(bool(campaign.losses))


def exit_on_signals():
    """A runner's time limit must still unmount what is mounted."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))


def work_base():
    """Memory if there is enough of it: the campaign's own directories need no durability."""
    shared = "/dev/shm"
    with contextlib.suppress(OSError):
        info = os.statvfs(shared)
        if info.f_bavail * info.f_frsize >= WORK_BYTES_MIN and os.access(shared, os.W_OK):
            return shared
    return tempfile.gettempdir()


def require_strace():
    require_tools("strace")
    if subprocess.run(["strace", "-o", "/dev/null", "true"], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("strace may not trace here")


def require_tools(*names):
    for name in names:
        if shutil.which(name) is None:
            raise Skip(f"there is no {name}")


# --- the engine ---------------------------------------------------------------------------------


class Engine:
    """The program under test; `sabotage` names the mistake a sabotage build makes."""

    def __init__(self, path, sabotage=None):
        self.path = path.resolve()
        # Cases are copies of one medium: each run keeps its history apart from all others.
        self.state = tempfile.TemporaryDirectory(prefix="azekura-state-")
        self.runs = itertools.count()
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                            **{name: value for name, value in os.environ.items()
                               if name.endswith("SAN_OPTIONS")}}
        if sabotage:
            self.environment["AZEKURA_SABOTAGE"] = sabotage

    def start(self, arguments, before=(), program=None):
        return subprocess.Popen(
            [*before, str(program or self.path), *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**self.environment, "XDG_STATE_HOME": f"{self.state.name}/{next(self.runs)}"},
            start_new_session=True)

    def run(self, *arguments, before=(), program=None):
        return Ended(self.start(arguments, before, program))


class Ended:
    """A run that is over: its exit code and the objects and lines it printed."""

    def __init__(self, process, seconds_max=ENGINE_SECONDS_MAX):
        try:
            output, errors = process.communicate(timeout=seconds_max)
            self.code = process.returncode
        except subprocess.TimeoutExpired:
            kill_group(process)
            output, errors = process.communicate()
            self.code = "none: it hung"
        self.text = (output + errors).decode("utf-8", "replace")
        self.objects = []
        for line in output.splitlines():
            with contextlib.suppress(ValueError):
                self.objects.append(json.loads(line))
        self.objects = [one for one in self.objects if isinstance(one, dict)]

    def events(self, name):
        return [one for one in self.objects if one.get("event") == name]

    def why(self):
        """The last thing it said, for a loss's text."""
        lines = [line for line in self.text.splitlines() if "recovery kit still lies" not in line]
        return " / ".join(lines[-4:])[:600]


def kill_group(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def name_of(found, key):
    """The raw bytes of a name in machine output."""
    return bytes.fromhex(found[key + "_hex"]) if key + "_hex" in found else found[key].encode()


# --- trees and their oracle ---------------------------------------------------------------------


def make_tree(root, rng, size):
    """A seeded tree of about `size` bytes: texts, noise, small files, links, an odd name."""
    root.mkdir()
    for number in range(4):
        folder = root / f"ward-{number}"
        folder.mkdir()
        (folder / "図").mkdir()
        for each in range(6):
            write_file(folder / f"note {each}.txt", text_bytes(rng, rng.randrange(1, 20_000)))
        write_file(folder / "図" / "image.raw", rng.randbytes(size // 8))
        write_file(folder / "table.sql", text_bytes(rng, size // 8))
    os.symlink("../nowhere", root / "ward-0" / "dangling")
    os.link(root / "ward-1" / "note 1.txt", root / "ward-2" / "same note")
    write_file(pathlib.Path(os.fsdecode(os.fsencode(root) + b"/\x93\xfa\x96{.dat")), b"Shift_JIS")
    write_file(root / "empty", b"")


def change_tree(root, rng, size):
    """A night: about `size` bytes rewritten or new, one file gone, one grown, one renamed."""
    ward = root / f"ward-{rng.randrange(4)}"
    write_file(ward / "図" / "image.raw", rng.randbytes(size // 2))
    write_file(root / f"ward-{rng.randrange(4)}" / "table.sql", text_bytes(rng, size // 2))
    write_file(root / f"new-{rng.getrandbits(32):08x}", rng.randbytes(rng.randrange(1, 50_000)))
    news = sorted(root.glob("new-*"))
    if len(news) > 3:
        news[rng.randrange(len(news))].unlink()
    with open(ward / "note 0.txt", "ab") as note:
        note.write(text_bytes(rng, 3000))
    os.rename(ward / "note 5.txt", ward / "note 6.txt")
    os.rename(ward / "note 6.txt", ward / "note 5.txt")


def write_file(path, content):
    path.write_bytes(content)


def text_bytes(rng, size):
    """Compressible bytes that no other call repeats."""
    words = [f"{rng.getrandbits(48):x}" for _ in range(400)]
    text = bytearray()
    while len(text) < size:
        text += " ".join(rng.choices(words, k=200)).encode() + b"\n"
    return bytes(text[:size])


def fingerprint(root):
    """Path to everything a restore must give back: kind, mode, owner, times, links, content."""
    found = {}
    first_names = {}

    def visit(path, relative):
        info = os.lstat(path)
        same_file = b""
        if stat.S_ISREG(info.st_mode) and info.st_nlink > 1:
            same_file = first_names.setdefault(info.st_ino, relative)
        content = None
        if stat.S_ISREG(info.st_mode):
            with open(path, "rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        elif stat.S_ISLNK(info.st_mode):
            content = os.readlink(path)
        found[relative] = (info.st_mode, info.st_uid, info.st_gid, info.st_mtime_ns,
                           same_file, content)
        if stat.S_ISDIR(info.st_mode):
            for name in sorted(os.listdir(path)):
                visit(os.path.join(path, name), os.path.join(relative, name))

    visit(os.fsencode(root), b"")
    return found


def difference(wanted, found):
    """Why two fingerprints differ, in words; None if they do not."""
    names = [name for name in sorted(wanted.keys() | found.keys())
             if wanted.get(name) != found.get(name)]
    if not names:
        return None
    return (f"{len(names)} entries differ, first {names[0]!r}: "
            f"{wanted.get(names[0])} became {found.get(names[0])}")


# --- a site, its medium, and what it acknowledged ------------------------------------------------


class Hospital:
    """A site with one tree as its source and one folder as its medium."""

    def __init__(self, engine, home, rng, size, site=None, medium=None):
        self.engine = engine
        self.home = home
        self.random = rng
        self.size = size
        self.tree = home / "tree"
        self.kit = home / "kit"
        self.site = site or home / "site"
        self.medium = medium or home / "medium"
        self.acknowledged = {}  # snapshot to fingerprint
        self.attempted = []     # fingerprints of runs that were not acknowledged
        self.seconds = 0.0      # of the last run that was left alone

    def open(self):
        """Makes the tree, the site and the medium, and one acknowledged snapshot."""
        self.home.mkdir(exist_ok=True)
        make_tree(self.tree, self.random, self.size)
        for arguments in (["init", self.site, "--kit", self.kit],
                          ["-s", self.site, "source", "add", "tree", self.tree],
                          ["-s", self.site, "set", "add", SET, "--folder", self.medium]):
            ended = self.engine.run(*arguments)
            if ended.code != 0:
                raise RuntimeError(f"cannot begin: {arguments}: {ended.code}: {ended.why()}")
        # The restore program that lies on the medium, copied from it as README.txt says.
        program = shutil.copyfile(self.medium / "azekura-restore", self.kit / "azekura-restore")
        program.chmod(0o755)
        self.must_back_up()
        return self

    def backup_arguments(self):
        return ["-s", self.site, "backup", "--json", "--to", SET]

    def must_back_up(self):
        begun = time.monotonic()
        ended = self.engine.run(*self.backup_arguments())
        self.seconds = time.monotonic() - begun
        if ended.code != 0:
            raise RuntimeError(f"a run left alone failed: {ended.code}: {ended.why()}")
        self.acknowledge(ended)

    def acknowledge(self, ended, wanted=None):
        names = [one["name"] for one in ended.events("snapshot")]
        if len(names) == 0:
            raise RuntimeError(f"exit code 0 and no snapshot named: {ended.why()}")
        self.acknowledged[names[-1]] = wanted or fingerprint(self.tree)

    def change(self):
        change_tree(self.tree, self.random, self.size)

    def copy(self, home):
        """A copy to spoil: the medium's files by hard link, for nobody may rewrite them."""
        twin = Hospital(self.engine, home, self.random, self.size)
        home.mkdir()
        shutil.copytree(self.site, twin.site, symlinks=True)
        shutil.copytree(self.medium, twin.medium, copy_function=os.link)
        twin.tree = self.tree
        twin.kit = self.kit
        twin.acknowledged = dict(self.acknowledged)
        twin.engine = self.engine
        return twin.with_moved_medium()

    def with_moved_medium(self):
        """Its site file names the medium's folder; let it name this one."""
        config = self.site / "site.toml"
        lines = [f'folder = "{self.medium}"' if line.startswith("folder") else line
                 for line in config.read_text().splitlines()]
        config.write_text("\n".join(lines) + "\n")
        return self

    # Checks: each returns the promises broken, as texts.

    def restore(self, snapshot):
        """Restores with the medium's program; returns the run and the tree."""
        target = pathlib.Path(tempfile.mkdtemp(prefix="restored-", dir=self.home))
        ended = self.engine.run(
            "restore", snapshot, "--json", "--from", self.medium, "--key",
            self.kit / "recovery.key", "--target", target,
            program=self.kit / "azekura-restore")
        found = fingerprint(target)
        shutil.rmtree(target)
        return ended, found

    def check_snapshot(self, snapshot, wanted):
        ended, found = self.restore(snapshot)
        if ended.code != 0:
            return [f"{snapshot} does not restore: exit code {ended.code}: {ended.why()}"]
        problem = min((difference(one, found) or "" for one in wanted), key=len)
        return [f"{snapshot} restores wrong: {problem}"] if problem else []

    def check_medium(self):
        """Verify, every acknowledged snapshot, and every other one that is listed as good."""
        broken = []
        verified = self.engine.run("verify", "--json", "--from", self.medium)
        if verified.code != 0:
            facts = [one["fact"] for one in verified.events("finding")]
            broken.append(f"verify: exit code {verified.code}: {facts or verified.why()}")
        listed = self.engine.run("list", "--json", "--from", self.medium,
                                 "--key", self.kit / "recovery.key")
        names = [one["name"] for one in listed.events("snapshot") if one["complete"]]
        for snapshot, wanted in self.acknowledged.items():
            broken += self.check_copies(snapshot)
            if snapshot not in names:
                broken.append(f"{snapshot} was acknowledged and is not listed: "
                              f"exit code {listed.code}: {listed.why()}")
            else:
                broken += self.check_snapshot(snapshot, [wanted])
        for snapshot in names:
            if snapshot not in self.acknowledged:
                broken += self.check_snapshot(
                    snapshot, [*self.attempted, *self.acknowledged.values()])
        return broken

    def check_copies(self, snapshot):
        """An acknowledged session has all three copies of what makes it count."""
        number = int(snapshot.split("/")[0])
        broken = []
        for name in ("header", "manifest", "seal"):
            copies = [self.medium / folder / f"{number:06}" / name
                      for folder in ("sessions", "sessions-2", "sessions-3")]
            contents = {path.read_bytes() if path.exists() else None for path in copies}
            if len(contents) != 1 or None in contents:
                broken.append(f"{snapshot}: the three copies of its {name} are not there and alike")
        return broken

    def check_next_run(self):
        """The next run needs no repair, leaves nothing behind, and restores."""
        ended = self.engine.run(*self.backup_arguments())
        if ended.code != 0:
            return [f"the next run: exit code {ended.code}: {ended.why()}"]
        self.acknowledge(ended)
        snapshot = list(self.acknowledged)[-1]
        broken = self.check_snapshot(snapshot, [self.acknowledged[snapshot]])
        verified = self.engine.run("verify", "--json", "--from", self.medium)
        if verified.code != 0:
            facts = [one["fact"] for one in verified.events("finding")]
            broken.append(f"verify after the next run: exit code {verified.code}: {facts}")
        return broken + self.leftovers()

    def leftovers(self):
        """Unfinished files a completed run should have cleared; RocksDB keeps house itself."""
        unfinished = [path for path in self.medium.glob("tmp/*")]
        unfinished += [path for path in (self.site / "spool").glob("*/*")]
        unfinished += [path for path in self.site.rglob("*")
                       if path.suffix in (".new", ".part")]
        return [f"left over after the next run: {path}" for path in unfinished]


# --- file systems in a file ---------------------------------------------------------------------


def require_loop_devices(work):
    """Tries what the part needs before it begins: a skip must not hide half a campaign."""
    require_tools("losetup", "mount", "umount", "xfs_io", "mkfs.ext4", "mkfs.xfs")
    if os.geteuid() != 0:
        raise Skip("mounting needs root")
    for kind in LoopImage.MAKE:
        try:
            with LoopImage(work / f"try-{kind}.img", kind, 420 << 20):
                pass
        except RuntimeError as error:
            raise Skip(f"no {kind} image can be mounted: {error}") from error


def command(*words):
    ended = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"{words}: {ended.stdout.decode('utf-8', 'replace').strip()}")
    return ended.stdout.decode().strip()


class LoopImage:
    """A file system in a file, on a loop device of its own; a context manager."""

    MAKE = {"ext4": ["mkfs.ext4", "-q", "-F", "-m", "0"], "xfs": ["mkfs.xfs", "-q", "-f"]}

    def __init__(self, file, kind, size):
        self.file = file
        self.kind = kind
        self.size = size
        self.mount_point = file.with_suffix(".mnt")
        self.device = None
        self.mounted = False

    def __enter__(self):
        with open(self.file, "wb") as image:
            image.truncate(self.size)
        self.mount_point.mkdir()
        self.device = command("losetup", "--find", "--show", self.file)
        try:
            command(*self.MAKE[self.kind], self.device)
            self.mount()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error):
        try:
            self.unmount()
        finally:
            command("losetup", "--detach", self.device)

    def mount(self):
        command("mount", "-t", self.kind, self.device, self.mount_point)
        self.mounted = True

    def unmount(self):
        for left in reversed(range(100)):
            if not self.mounted:
                return
            try:
                command("umount", self.mount_point)
                self.mounted = False
            except RuntimeError:  # a killed process may still be going
                if left == 0:
                    raise
                time.sleep(0.05)

    def cut(self):
        """The power is gone: what was not made durable is lost from here on."""
        command("xfs_io", "-x", "-c", "shutdown", self.mount_point)

    def remount(self):
        self.unmount()
        self.mount()
