"""What the whole-program tests share: a test case with its own directory, and runs of the programs.

    FILE_test.py AZEKURA AZEKURA_RESTORE [unittest's options and test names]

Each file ends with azekura_case.main(), which prints unittest's summary, names what was skipped,
and ends with 1 on a failure and with 77 if everything was skipped.
"""
import errno
import hashlib
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
import unittest

SKIPPED = 77
SECONDS_MAX = 120  # for one run of a program; a sanitizer's build on a busy machine is slow
SOURCE_ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = {}

NAME_TAKEN = ("choose another name; a set that was taken out of site.toml comes back if it is "
              "written there again")
DONE, INCOMPLETE, USAGE, SYSTEM = 0, 1, 2, 3
REPAIRED, DAMAGE, AUTHENTICITY, BUSY, SPACE, MEDIUM, INTERRUPTED = 4, 5, 6, 7, 8, 9, 130


class Ended:
    """A run that is over."""

    def __init__(self, arguments, code, out, err):
        self.arguments = [os.fsdecode(one) for one in arguments]
        self.code = code
        self.out = out
        self.err = err

    @property
    def text(self):
        return self.out.decode()

    @property
    def errors(self):
        return self.err.decode()

    def objects(self):
        """Every line of stdout as JSON; a line that is none fails the test."""
        return [json.loads(line) for line in self.out.split(b"\n")[:-1]]

    def events(self, name):
        return [one for one in self.objects() if one["event"] == name]

    def __str__(self):
        return (f"{' '.join(self.arguments)}\nexit code {self.code}\n"
                f"--- stdout\n{self.out.decode(errors='replace')[-3000:]}"
                f"--- stderr\n{self.err.decode(errors='replace')[-3000:]}")


class Started:
    """A run under way, with its output in files, so that no pipe can fill."""

    def __init__(self, case, arguments):
        self.arguments = [os.fspath(one) for one in arguments]
        self.out = tempfile.TemporaryFile(dir=case.home)
        self.err = tempfile.TemporaryFile(dir=case.home)
        self.process = subprocess.Popen(
            self.arguments, stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err,
            env=case.environment, cwd=case.home)
        case.addCleanup(self.stop)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.out.close()
        self.err.close()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        code = self.process.wait(SECONDS_MAX)
        self.out.seek(0)
        self.err.seek(0)
        return Ended(self.arguments, code, self.out.read(), self.err.read())


class AzekuraCase(unittest.TestCase):
    maxDiff = None
    azekura_program = property(lambda self: PROGRAMS["azekura"])
    restore_program = property(lambda self: PROGRAMS["azekura_restore"])

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="azekura-cli-")).resolve()
        self.addCleanup(self.remove_home)
        self.temporary = self.home / "temporary"
        self.temporary.mkdir()
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC",
                            "TMPDIR": str(self.temporary),
                            "XDG_STATE_HOME": str(self.home / "state"),
                            **{name: value for name, value in os.environ.items()
                               if name.endswith("SAN_OPTIONS")}}
        self.site = self.home / "site"
        self.kit = self.home / "safe" / "kit"
        self.key = self.kit / "recovery.key"
        self.random = random.Random(self.id())

    def remove_home(self):
        for folder, folders, _files in os.walk(self.home):
            for name in folders:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(self.home)

    # --- runs

    def run_program(self, command, code=DONE, **options):
        """Runs a whole command line; fails unless it ends with `code`."""
        command = [os.fspath(one) for one in command]
        options = {"stdin": subprocess.DEVNULL, "cwd": self.home, "env": self.environment,
                   **options}
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=SECONDS_MAX, check=False, **options)
        ended = Ended(command, done.returncode, done.stdout, done.stderr)
        if code is not None and ended.code != code:
            self.fail(f"exit code {code} was expected of {ended}")
        return ended

    def azekura(self, *arguments, code=DONE, **options):
        return self.run_program([self.azekura_program, *arguments], code, **options)

    def at_site(self, *arguments, code=DONE, **options):
        return self.azekura("-s", self.site, *arguments, code=code, **options)

    def start_at_site(self, *arguments):
        return Started(self, [self.azekura_program, "-s", self.site, *arguments])

    def assert_fails(self, code, fact, *arguments, hint=None, attempts=(), warnings=(), out=None):
        """Runs azekura; its exit code and all of its stderr must be these. `out`: its stdout."""
        ended = self.azekura(*arguments, code=code)
        lines = [*warnings, f"azekura: error: {fact}",
                 *(f"azekura:   while {attempt}" for attempt in attempts)]
        if hint is not None:
            lines.append(f"azekura: hint: {hint}")
        self.assertEqual(ended.errors, "".join(line + "\n" for line in lines), ended)
        if out is not None:
            self.assertEqual(ended.text, out)
        return ended

    def assert_site_fails(self, code, fact, *arguments, **expected):
        return self.assert_fails(code, fact, "-s", self.site, *arguments, **expected)

    # --- a site; its kit lies in the safe, so that nothing warns of it

    def make_site(self, *init_options):
        """A site without sources and sets; its kit is carried to self.kit."""
        made = self.home / "new-kit"
        self.azekura("init", self.site, "--kit", made, *init_options)
        self.kit.parent.mkdir(exist_ok=True)
        made.rename(self.kit)

    def add_set(self, name="daily"):
        folder = self.home / f"medium-{name}"
        self.at_site("set", "add", name, "--folder", folder)
        return folder

    def add_tree(self, name="tree"):
        """A small seeded tree as a source; returns its folder."""
        folder = self.home / name
        make_tree(folder, self.random)
        self.at_site("source", "add", name, folder)
        return folder

    def add_command(self, name, command):
        self.at_site("source", "add", name, "--command", command)

    def make_hospital(self):
        """A site with one tree, self.tree, and one set, daily, on self.medium."""
        self.make_site()
        self.medium = self.add_set()
        self.tree = self.add_tree()

    def backup(self, *arguments, code=DONE):
        """`backup --to daily`, unless the arguments name a set."""
        if "--to" not in arguments and "--for" not in arguments:
            arguments = (*arguments, "--to", "daily")
        return self.at_site("backup", *arguments, code=code)

    def age(self, seconds):
        """Lets all that is recorded be older."""
        for path in (self.site / "generations").iterdir():
            data = bytearray(path.read_bytes())
            at = 12
            for _ in range(int.from_bytes(data[8:12], "little")):
                at += 2 + int.from_bytes(data[at:at + 2], "little")
                started = int.from_bytes(data[at:at + 8], "little") - seconds
                data[at:at + 8] = started.to_bytes(8, "little")
                at += 8 + 4 + 4 + 16 + 1
            path.write_bytes(data)

    # --- what a medium gives back

    def keyed(self, medium=None, key=None):
        return ["--from", medium or self.medium, "--key", key or self.key]

    def verify(self, *arguments, medium=None, code=DONE):
        return self.azekura("verify", "--from", medium or self.medium, *arguments, code=code)

    def snapshots(self, medium=None, key=None):
        """Name to object, of all snapshots listed."""
        listed = self.azekura("list", "--json", *self.keyed(medium, key)).events("snapshot")
        return {one["name"]: one for one in listed}

    def restore(self, snapshot, *arguments, code=DONE, medium=None, key=None):
        """Restores into a new folder, and returns it."""
        target = pathlib.Path(tempfile.mkdtemp(prefix="restored-", dir=self.home))
        self.azekura("restore", snapshot, *self.keyed(medium, key), "--target", target, *arguments,
                     code=code)
        return target

    def assert_restores(self, snapshot, wanted, *arguments, **options):
        """`wanted` is a state_of() the tree. Options as of restore()."""
        self.assert_same(state_of(self.restore(snapshot, *arguments, **options)), wanted)

    def assert_same(self, found, wanted):
        names = [name for name in sorted(found.keys() | wanted.keys())
                 if found.get(name) != wanted.get(name)]
        if names:
            self.fail(f"{len(names)} entries differ, first {names[0]!r}: wanted "
                      f"{wanted.get(names[0])}, found {found.get(names[0])}")

    def assert_all_restore(self, wanted, medium=None):
        """Verifies deeply, and restores every snapshot of a name to state_of() map."""
        self.verify("--deep", "--key", self.key, medium=medium)
        for snapshot, state in wanted.items():
            self.assert_restores(snapshot, state, medium=medium)

    # --- a source that waits for the test

    def add_gate(self, name="gate"):
        """A source whose command prints until the test lets go of it: see open_gate."""
        path = self.home / f"{name}.fifo"
        os.mkfifo(path)
        self.add_command(name, f"cat '{path}'")
        return path

    def open_gate(self, path, run):
        """Waits until a run's command reads the gate; returns the file to write to and close."""
        until = time.monotonic() + SECONDS_MAX
        while True:
            try:
                return os.fdopen(os.open(path, os.O_WRONLY | os.O_NONBLOCK), "wb", buffering=0)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
            if run.process.poll() is not None or time.monotonic() > until:
                self.fail(f"it never read its source: {run.wait()}")
            time.sleep(0.005)


# --- trees --------------------------------------------------------------------------------------


def make_tree(root, rng, size=200_000):
    root.mkdir()
    (root / "ward").mkdir()
    (root / "ward" / "図").mkdir()
    (root / "ward" / "図" / "image.raw").write_bytes(rng.randbytes(size))
    (root / "table.sql").write_bytes(text_bytes(rng, size))
    (root / "note.txt").write_bytes(b"a note\n")
    (root / "empty").write_bytes(b"")
    (root / "link").symlink_to("../nowhere")
    os.link(root / "note.txt", root / "ward" / "same note")
    (root / "note.txt").chmod(0o640)


def change_in_place(path, distance):
    """A byte is another one every so often; the file is as long and as old as it was."""
    before = path.stat()
    changed = bytearray(path.read_bytes())
    for at in range(distance - 1, len(changed), distance):
        changed[at] ^= 1
    path.write_bytes(changed)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def change_tree(root, rng):
    (root / "ward" / f"new-{rng.getrandbits(32):08x}").write_bytes(rng.randbytes(50_000))
    with open(root / "note.txt", "ab") as note:
        note.write(text_bytes(rng, 3000))


def text_bytes(rng, size):
    """Compressible bytes that no other call repeats."""
    words = [f"{rng.getrandbits(48):x}" for _ in range(400)]
    text = bytearray()
    while len(text) < size:
        text += " ".join(rng.choices(words, k=200)).encode() + b"\n"
    return bytes(text[:size])


def state_of(root):
    """Relative path, as bytes, to kind, mode, owner, time, links, content of all below `root`."""
    found = {}
    first_names = {}
    root = os.fsencode(root)
    paths = [root]
    while paths:
        path = paths.pop()
        relative = os.path.relpath(path, root)
        info = os.lstat(path)
        content = None
        same_file = None
        if stat.S_ISREG(info.st_mode):
            if info.st_nlink > 1:
                same_file = first_names.setdefault(info.st_ino, relative)
            with open(path, "rb") as file:
                content = hashlib.sha256(file.read()).hexdigest()
        elif stat.S_ISLNK(info.st_mode):
            content = os.readlink(path)
        elif stat.S_ISDIR(info.st_mode):
            paths += [os.path.join(path, name) for name in sorted(os.listdir(path), reverse=True)]
        found[relative] = (info.st_mode, info.st_uid, info.st_gid, info.st_mtime_ns, same_file,
                           content)
    return found


def without_privileges():
    """A command prefix under which file modes count, also for root."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise unittest.SkipTest("root, and there is no setpriv to make file modes count")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def in_own_mounts(*script):
    """A command prefix that runs `script` lines in a private mount namespace first."""
    if shutil.which("unshare") is None:
        raise unittest.SkipTest("there is no unshare")
    prefix, back = ["unshare", "-m"], ""
    if os.geteuid() != 0:  # mount wants root; what follows is the user again
        prefix = ["unshare", "-rm"]
        back = f"unshare --user --map-user={os.getuid()} --map-group={os.getgid()}"
    prefix += ["sh", "-ec", "\n".join([*script, f'exec {back} "$@"']), "sh"]
    probe = subprocess.run([*prefix, "true"], stderr=subprocess.PIPE, check=False)
    if probe.returncode != 0:
        raise unittest.SkipTest(f"no mounts of one's own here: {probe.stderr.decode().strip()}")
    return prefix


def is_sanitized():
    """Programs built with a sanitizer are linked otherwise."""
    program = pathlib.Path(PROGRAMS["azekura_restore"]).read_bytes()
    return any(mark in program for mark in (b"__asan_init", b"__tsan_init", b"__ubsan_handle"))


def main():
    PROGRAMS["azekura"], PROGRAMS["azekura_restore"] = map(os.path.abspath, sys.argv[1:3])
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    program = unittest.main(argv=[sys.argv[0], *sys.argv[3:]], exit=False, verbosity=2)
    result = program.result
    if result.wasSuccessful() and 0 < result.testsRun == len(result.skipped):
        sys.exit(SKIPPED)
    sys.exit(not result.wasSuccessful())
