#!/usr/bin/python3
"""The same damage to a medium of azekura and to repositories of restic and borg, side by side.

Each holds the same three nights of one tree. A case damages the files of one, whichever they are,
looks with the tool's thorough check, restores the last night, and undoes the damage. Nobody's
repair is run first: this is what whoever restores gets.
"""
import collections
import os
import random
import shutil
import subprocess

import harness

TREE_BYTES = 6_350_000
NIGHT_BYTES = [100_000, 1_500_000]
HOLE_BYTES = 64 << 10
SECONDS_MAX = 300
HUNG = -1


class Tool:
    """A tool's store of the nights: found() is whether its check finds anything wrong, restore()
    gives the folder where the tree of the last night should be."""

    def __init__(self, hospital, home):
        self.hospital = hospital
        self.home = home

    def run(self, *words, folder=None):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.home),
                       "RESTIC_PASSWORD": "peers", "BORG_PASSPHRASE": "peers",
                       "BORG_BASE_DIR": str(self.home / "state"),
                       "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"}
        try:
            return subprocess.run([str(word) for word in words], env=environment, cwd=folder,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=SECONDS_MAX,
                                  check=False).returncode
        except subprocess.TimeoutExpired:
            return HUNG

    def must(self, *words):
        if code := self.run(*words):
            raise RuntimeError(f"{words[0]} {words[1]}: exit code {code}")

    def files(self):
        return sorted(path for path in self.root.rglob("*") if path.is_file())


class Azekura(Tool):
    @property
    def root(self):
        return self.hospital.medium

    def files(self):
        return [path for path in super().files() if path.name not in (
            "README.txt", "はじめに.txt", "format.md", "azekura-restore")]

    def begin(self):
        """The hospital has made its medium, and writes its nights."""

    def night(self):
        """As begin()."""

    def found(self):
        return self.run(self.hospital.engine.path, "verify", "--from", self.root) != 0

    def restore(self, target):
        self.run(self.hospital.engine.path, "restore", "latest/tree", "--from", self.root, "--key",
                 self.hospital.kit / "recovery.key", "--target", target)
        return target


class Restic(Tool):
    @property
    def root(self):
        return self.home / "restic"

    def restic(self, *words):
        return ["restic", "--no-cache", "--no-lock", "--repo", self.root, *words]

    def begin(self):
        self.must("restic", "--no-cache", "--repo", self.root, "init")

    def night(self):
        self.must("restic", "--no-cache", "--repo", self.root, "backup", self.hospital.tree)

    def found(self):
        return self.run(*self.restic("check", "--read-data")) != 0

    def restore(self, target):
        self.run(*self.restic("restore", "latest", "--target", target))
        return target / self.hospital.tree.relative_to("/")


class Borg(Tool):
    nights = 0

    @property
    def root(self):
        return self.home / "borg"

    def begin(self):
        self.must("borg", "init", "--encryption", "repokey", self.root)

    def night(self):
        self.nights += 1
        self.must("borg", "create", f"{self.root}::{self.nights}", self.hospital.tree)

    def found(self):
        return self.run("borg", "check", "--verify-data", self.root) != 0

    def restore(self, target):
        target.mkdir()
        self.run("borg", "extract", f"{self.root}::{self.nights}", folder=target)
        return target / self.hospital.tree.relative_to("/")


def flip_bit(rng, contents, path):
    at = rng.randrange(len(contents[path]))
    bit = 1 << rng.randrange(8)
    contents[path] = overwritten(contents[path], at, bytes([contents[path][at] ^ bit]))


def punch_hole(rng, contents, path):
    at = rng.randrange(max(1, len(contents[path]) - HOLE_BYTES // 2))
    contents[path] = overwritten(contents[path], at, rng.randbytes(HOLE_BYTES))


def overwritten(old, at, data):
    return old[:at] + data[:len(old) - at] + old[at + len(data):]


def lose(_rng, contents, path):
    contents[path] = None


def cut(rng, contents, path):
    length = len(contents[path])
    contents[path] = contents[path][:length - int(length ** rng.random())]


def swap(rng, contents, path):
    other = rng.choice([one for one in contents if one != path])
    contents[path], contents[other] = contents[other], contents[path]


KINDS = {"one bit": flip_bit, "a 64 KiB hole": punch_hole, "a file lost": lose,
         "a tail cut": cut, "two files swapped": swap}


def put(contents, before):
    for path, data in contents.items():
        if data is None:
            path.unlink(missing_ok=True)
        elif data is not before.get(path):
            path.write_bytes(data)


def damaged_once(campaign, tool, kind, rng):
    """(whether it was found, how many files the restore of the last night lacks or has wrong)."""
    written = {path: path.read_bytes() for path in tool.files()}
    contents = dict(written)
    sized = [path for path, data in written.items() if data]
    KINDS[kind](rng, contents, rng.choices(sized, [len(written[path]) for path in sized])[0])
    target = campaign.work / "restored"
    put(contents, written)
    try:
        found = tool.found()
        restored = tool.restore(target)
        there = harness.fingerprint(restored) if restored.exists() else {}
    finally:
        shutil.rmtree(target, ignore_errors=True)
        shutil.rmtree(tool.home / "state" / ".cache", ignore_errors=True)
        for path in tool.files():
            if path not in written:
                path.unlink()
        put(written, {})
    wanted = list(tool.hospital.acknowledged.values())[-1]
    lost = sum(harness.stat.S_ISREG(entry[0]) and (there.get(name) or [None])[-1] != entry[-1]
               for name, entry in wanted.items())
    return found, lost


def run(campaign, engine, count):
    harness.require_tools("restic", "borg")
    hospital = harness.Hospital(engine, campaign.work / "site", campaign.random, TREE_BYTES)
    tools = [one(hospital, campaign.work) for one in (Azekura, Restic, Borg)]
    hospital.open()
    for tool in tools:
        tool.begin()
        tool.night()
    for size in NIGHT_BYTES:
        hospital.size = size
        hospital.change()
        hospital.must_back_up()
        for tool in tools:
            tool.night()
    files = sum(harness.stat.S_ISREG(entry[0])
                for entry in list(hospital.acknowledged.values())[-1].values())
    print(f"{'damage':20} {'tool':8} {'cases':>5} {'found':>5} {'whole':>5} "
          f"{'files lost of ' + str(files) + ', mean':>26} {'most':>4}")
    for kind in KINDS:
        for tool in tools:
            rows = collections.defaultdict(list)
            for number in range(count):
                rng = random.Random(f"peers {campaign.seed} {kind} {number}")
                found, lost = damaged_once(campaign, tool, kind, rng)
                rows["found"].append(found)
                rows["lost"].append(lost)
                if isinstance(tool, Azekura) and not found:
                    campaign.loss(f"{kind} {number}", "not found")
            lost = rows["lost"]
            print(f"{kind:20} {type(tool).__name__.lower():8} {count:5} {sum(rows['found']):5} "
                  f"{lost.count(0):5} {sum(lost) / len(lost):26.1f} {max(lost):4}", flush=True)


if __name__ == "__main__":
    harness.main_of_part("peers", run, 20)
