#!/usr/bin/python3
"""Damages media on ext4 and XFS; all is found, healed within the budget, and beyond it named.

A medium of three sessions is written once a file system; each case damages its files or, where the
machine can, makes sectors of its device unreadable, and undoes that. What must come of it is worked
out in budget.py from what was damaged. Within the budget of parity and copies: verify and repair
end with 4, everything restores, and does so again from the healed copies alone, which are what was
written to the last bit. Beyond it: 5, what is intact or can be made restores, what is lost is
named with its bytes. Never a wrong byte, and nothing but healed copies is written.

One kind of damage is the writer's: a wrong byte under the id of a chunk, with every hash and
signature in order. The medium for it is made by tests/golden/make_vault.py.
"""
import concurrent.futures
import contextlib
import os
import pathlib
import random
import shutil
import sys
import threading

import budget
import damage
import harness
import sectors

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
import make_vault  # noqa: E402

TREE_BYTES = 6_350_000   # 59 leaves stored, give or take one: three stripes of 20
NIGHT_BYTES = [100_000, 1_500_000]  # a session of so few leaves that a lost pack is made again
IMAGE_BYTES = 420 << 20  # XFS wants 300 MiB
WRITER = "a wrong byte of the writer"
DONE, REPAIRED, DAMAGE, AUTHENTICITY = 0, 4, 5, 6
STRIPE_MEMBERS = 20


class Disk(harness.LoopImage):
    """With blocks of a page also on ext4, which takes smaller ones for a disk so small."""

    MAKE = {**harness.LoopImage.MAKE, "ext4": [*harness.LoopImage.MAKE["ext4"], "-b", "4096"]}


class Bench:
    """One file system with a medium, and an image of it as it was written."""

    def __init__(self, campaign, engine, kind, stack):
        home = campaign.work / kind
        home.mkdir()
        self.engine = engine
        self.kind = kind
        self.home = home
        self.image = stack.enter_context(Disk(home / "disk.img", kind, IMAGE_BYTES))
        self.hospital = harness.Hospital(
            engine, home, random.Random(f"media {campaign.seed} {kind}"), TREE_BYTES,
            medium=self.image.mount_point / "medium").open()
        self.bytes = {self.newest(): bytes_of(self.hospital.tree)}
        for size in NIGHT_BYTES:
            self.hospital.size = size
            self.hospital.change()
            self.hospital.must_back_up()
            self.bytes[self.newest()] = bytes_of(self.hospital.tree)
        self.root = self.hospital.medium
        self.key = self.hospital.kit / "recovery.key"
        self.medium = budget.Medium(self.root, self.key)
        if max(len(row.places[::row.stripes]) for layout in self.medium.sessions.values()
               for row in layout.rows) < STRIPE_MEMBERS:
            raise RuntimeError("no stripe has its full length: change TREE_BYTES")
        self.image.unmount()
        harness.command("cp", "--sparse=always", self.image.file, home / "written.img")
        self.image.mount()
        self.extents = {name: sectors.extents_of(self.root / name)
                        for name in self.medium.contents.written}

    def newest(self):
        return list(self.hospital.acknowledged)[-1]

    def unreadable_places(self):
        """(begin, end) on the device of all pages that cannot be read."""
        for name, pages in self.medium.contents.unreadable.items():
            for page in pages:
                at = page * budget.PAGE
                for start, place, length in self.extents[name]:
                    if start <= at < start + length:
                        yield place + at - start, place + at - start + budget.PAGE

    @contextlib.contextmanager
    def damaged(self):
        """The folder of the medium, damaged as the contents are."""
        contents = self.medium.contents
        if any(contents.unreadable.values()):
            with sectors.BadDevice(self.home / "written.img", self.kind,
                                   list(self.unreadable_places()), self.home / "bad") as device:
                root = device.mount_point / self.root.name
                contents.write(root)
                check_unreadable(root, contents)
                yield root
            contents.reset()
            return
        contents.write(self.root)
        try:
            yield self.root
        finally:
            shutil.rmtree(self.root / "healed", ignore_errors=True)
            contents.undo(self.root)


def check_unreadable(root, contents):
    """The device does what the case says, or the case proves nothing."""
    for name, pages in contents.unreadable.items():
        for page, data in budget.read_pages(root / name, pages) if pages else ():
            if data is not None:
                raise RuntimeError(f"page {page} of {name} can be read: {sorted(pages)}")


def bytes_of(tree):
    """Path to content of each file."""
    return {os.fsencode(path.relative_to(tree)): path.read_bytes()
            for path in tree.rglob("*") if path.is_file() and not path.is_symlink()}


# --- one case -----------------------------------------------------------------------------------


class Case:
    """The checks of one damaged medium; what breaks a promise goes to `broken`."""

    def __init__(self, bench, root, rng):
        self.bench = bench
        self.engine = bench.engine
        self.root = root
        self.rng = rng
        self.contents = bench.medium.contents
        self.budget = budget.Budget(bench.medium)
        self.damaged = self.contents.damaged()
        self.is_within = self.budget.is_within()
        self.healable = [name for name in self.damaged if self.budget.can_have_file(name)]
        self.files_lost = 0
        self.broken = []

    def check(self):
        self.check_verdict("verify", self.verdicts())
        self.check_restores()
        ended = self.check_verdict("repair", self.verdicts())
        self.check_repaired(ended)
        if self.is_within:
            self.take_damaged_away()
            self.check_verdict("verify", (REPAIRED,) if self.damaged else (DONE,))
            self.check_restores(self.bench.hospital.kit / "azekura-restore")

    def take_damaged_away(self):
        for name in self.damaged:
            (self.root / name).unlink(missing_ok=True)
        # That a newest seal is missing may be a write that ended there, and is no finding.
        newest = f"{max(self.bench.medium.sessions):06}/seal"
        self.damaged = [name for name in self.damaged if not name.endswith(newest)]

    def verdicts(self):
        """The exit codes that are right. A seal or label of which no good one is left may be
        damaged or forged, nobody can tell."""
        if self.is_within:
            return (REPAIRED,)
        unsigned = "label" in self.damaged or self.budget.lost_sessions()
        return (DAMAGE, AUTHENTICITY) if unsigned else (DAMAGE,)

    def check_verdict(self, verb, codes):
        ended = self.engine.run(verb, "--json", "--from", self.root)
        if ended.code not in codes:
            self.broken.append(f"{verb}: exit code {ended.code}, right is {codes}: {ended.why()}")
        facts = " ".join(one["fact"] for one in ended.events("finding"))
        for name in self.damaged:
            if not any(word in facts for word in self.names_of(name)):
                self.broken.append(f"{verb} does not name {name}: {facts[:300]}")
        return ended

    def names_of(self, name):
        """How a finding may name a damaged file."""
        folder, *below = name.split("/")
        yield name
        if folder == "packs":
            pack = int(below[-1], 16)
            yield f"pack {pack:08x}"
            if not self.budget.is_vouched_for(pack):
                yield from self.name_of_lost(self.bench.medium.owners[pack].number)
        elif folder == "parity":
            yield f"parity {below[1]} of session {int(below[0])}"
            yield from self.name_of_lost(int(below[0]))
        elif folder in budget.COPIES:
            yield from self.name_of_lost(int(below[0]))

    def name_of_lost(self, session):
        if not self.budget.counts(session):
            yield f"session {session} does not count"

    def check_restores(self, program=None):
        for snapshot, wanted in self.bench.hospital.acknowledged.items():
            lost = self.budget.lost_of(snapshot) if not self.is_within else {}
            target = self.bench.home / "restored"
            is_best_effort = bool(lost) and self.rng.random() < 0.5
            best_effort = ["--best-effort"] if is_best_effort else []
            ended = self.engine.run(
                "restore", snapshot, "--json", "--from", self.root, "--key", self.bench.key,
                "--target", target, *best_effort, program=program)
            try:
                broken = check_restored(
                    ended, target, wanted, lost, self.bench.bytes[snapshot], is_best_effort,
                    is_best_effort and self.budget.can_read_all_tables())
            finally:
                shutil.rmtree(target, ignore_errors=True)
            self.broken += [f"{snapshot}: {text}" for text in broken]
            self.files_lost += len(self.bench.bytes[snapshot]) if lost is None else sum(
                path in self.bench.bytes[snapshot] for path in lost)

    def check_repaired(self, ended):
        if changed := self.contents.changed_since(self.root):
            self.broken.append(f"repair changed {changed[:3]}")
        for name in self.damaged:
            path = self.root / "healed" / name
            if name in self.healable:
                if not path.exists() or path.read_bytes() != self.contents.written[name]:
                    self.broken.append(f"repair: {path} is not what was written: {ended.why()}")
            elif path.exists():
                self.broken.append(f"repair: {path} cannot be right")


def check_restored(ended, target, wanted, lost, contents, is_best_effort, is_exact):
    """The promises broken by one restore, of which `lost` cannot be had. `is_exact`: no byte more
    is to be named than is lost."""
    found = harness.fingerprint(target) if target.exists() else {}
    if lost is None:
        if ended.code not in (DAMAGE, AUTHENTICITY) or "does not count" not in ended.text:
            return [f"its session is lost, and exit code {ended.code}: {ended.why()}"]
        return [f"its session is lost, and there is {sorted(found)}"] if len(found) > 1 else []
    if not lost:
        problem = harness.difference(wanted, found)
        if problem or ended.code not in (DONE, REPAIRED):
            return [f"exit code {ended.code}: {problem or ended.why()}"]
        return []
    broken = []
    if ended.code != DAMAGE:
        broken.append(f"{len(lost)} entries are lost, and exit code {ended.code}: {ended.why()}")
    named = {harness.name_of(one, "path"): one for one in ended.events("lost")}
    saved = {harness.name_of(one, "saved_as"): (path, one["ranges"])
             for path, one in named.items()
             if "saved_as" in one or "saved_as_hex" in one}
    for path in sorted(wanted.keys() | found.keys()):
        if path in saved:
            broken += check_saved(target, path, *saved[path], contents, is_best_effort)
        elif path not in wanted:
            broken.append(f"{path!r} was not backed up")
        elif path in lost:
            broken += check_lost(path, lost[path], named, found, contents, is_exact)
        elif not is_same(wanted[path], found.get(path)):
            broken.append(f"{path!r} is not lost: {wanted[path]} became {found.get(path)}, "
                          f"reported: {named.get(path)}")
    return broken


def is_same(wanted, found):
    """A directory above something lost may have another time; a file another first name."""
    if found is None:
        return False
    is_directory = harness.stat.S_ISDIR(wanted[0])
    return wanted[:3] == found[:3] if is_directory else \
        (wanted[:4], wanted[5]) == (found[:4], found[5])


def check_lost(path, ranges, named, found, contents, is_exact):
    """A lost entry is named, or a directory above it is; of a file, every byte that is lost."""
    if path in found and path in contents:
        return [f"{path!r} is lost, and there is something under its name"]
    if path not in named:
        above = [path[:at] for at, byte in enumerate(path) if byte == ord("/")] + [b"."]
        return [] if any(one in named for one in above) else [f"{path!r} is lost, and not named"]
    covered = [(begin, begin + length) for begin, length in named[path]["ranges"]]
    is_covered = all(any(low <= begin and end <= high for low, high in covered)
                     for begin, end in ranges)
    is_more = sum(high - low for low, high in covered) > sum(end - begin for begin, end in ranges)
    if not is_covered or (is_exact and ranges and is_more):
        return [f"{path!r} has lost {ranges}, named are {covered}"]
    return []


def check_saved(target, name, path, ranges, contents, is_best_effort):
    """What is left of a damaged file: zeros where bytes are named as lost, all others right."""
    if not is_best_effort:
        return [f"{name!r}: nobody asked for it"]
    wanted = bytearray(contents[path])
    for begin, length in ranges:
        wanted[begin:begin + length] = bytes(length)
    found = pathlib.Path(os.fsdecode(os.fsencode(target) + b"/" + name)).read_bytes()
    return [] if found == wanted else [f"{name!r} holds other bytes than {path!r} had"]


# --- a wrong byte of the writer -----------------------------------------------------------------


def check_writer(bench, rng, work):
    """Only the ids of chunks tell: what a keyless verify sees is in order."""
    at, bit = rng.random(), 1 << rng.randrange(8)

    def spoil(chunk):
        byte = int(at * len(chunk))
        return chunk[:byte] + bytes([chunk[byte] ^ bit]) + chunk[byte + 1:]

    lost = rng.choice([b"docs/new.bin", b"docs/report.bin"])
    point = f"chunk 3/ehr:{lost.decode()}"
    variant = make_vault.Variant("written wrong", "corruption", "success", "corruption", {},
                                 {point: spoil}, None)
    vault = bench.image.mount_point / "wrong"
    try:
        snapshots = make_vault.build(vault, variant)
        make_vault.write_expected(snapshots["3/ehr"], os.fsencode(work))
        wanted, contents = harness.fingerprint(work), bytes_of(work)
        medium = ["--from", vault / "vault", "--key", vault / "recovery.key"]
        broken = []
        ended = bench.engine.run("verify", "--json", "--deep", *medium)
        if ended.code != DAMAGE:
            broken.append(f"verify --deep: exit code {ended.code}: {ended.why()}")
        target = bench.home / "restored"
        ended = bench.engine.run("restore", "3/ehr", "--json", "--system", "--best-effort", *medium,
                                 "--target", target)
        broken += check_restored(ended, target, wanted, {lost: []}, contents, True, False)
    finally:
        for folder in (vault, work, bench.home / "restored"):
            shutil.rmtree(folder, ignore_errors=True)
    return broken


# --- the campaign -------------------------------------------------------------------------------


class Cases:
    """Which damage each case does, and the counts of all. Threads: any."""

    def __init__(self, campaign, without):
        self.campaign = campaign
        self.kinds = [*damage.KINDS, WRITER, damage.TWO, damage.TWO]
        self.without = without
        self.lock = threading.Lock()
        self.stopped = threading.Event()

    def run(self, bench, numbers):
        for number in numbers:
            if self.stopped.is_set():
                return
            try:
                self.run_one(bench, number)
            except BaseException as error:
                self.stopped.set()
                if not isinstance(error, harness.TooManyLosses):
                    print(f"media: case {number}, {bench.kind}: {error}", flush=True)
                raise

    def run_one(self, bench, number):
        kind = self.kinds[number // 2 % len(self.kinds)]
        name = f"case {number}, {bench.kind}, {kind}"
        if kind in self.without:
            self.count(f"{kind}: SKIPPED")
            return
        rng = random.Random(f"media {self.campaign.seed} {number}")
        if kind == WRITER:
            broken = check_writer(bench, rng, bench.home / "expected")
            became = "found, beyond the budget"
        else:
            parts = self.do_damage(rng, kind, bench.medium)
            with bench.damaged() as root:
                case = Case(bench, root, rng)
                case.check()
                broken = case.broken
                what = ", ".join(describe(bench.medium.contents, one) for one in case.damaged)
                name += f" ({' and '.join(parts)}): {what}"
            became = "found, healed" if case.is_within else "found, beyond the budget"
            self.count("files lost beyond it, all named", 0 if broken else case.files_lost)
        self.count(f"{kind}: " + ("NOT AS PROMISED" if broken else became))
        with self.lock:
            for text in broken:
                self.campaign.loss(name, text)

    def do_damage(self, rng, kind, medium):
        """Draws until something is damaged; returns the kinds."""
        possible = [one for one in damage.KINDS if one not in self.without]
        while not medium.contents.damaged():
            parts = rng.sample(possible, 2) if kind == damage.TWO else [kind]
            for part in parts:
                damage.KINDS[part](rng, medium)
            medium.contents.settle()
        return parts

    def count(self, name, number=1):
        with self.lock:
            self.campaign.counts[name] += number


def describe(contents, name):
    now, written = contents.now[name], contents.written[name]
    if now is None:
        return f"{name} removed"
    if len(now) != len(written):
        return f"{name} of {len(written)} bytes has {len(now)}"
    if contents.unreadable[name]:
        return f"{name} pages {sorted(contents.unreadable[name])} unreadable"
    differing = [at for at in range(0, len(now), budget.PAGE)
                 if now[at:at + budget.PAGE] != written[at:at + budget.PAGE]]
    return f"{name} differs in {len(differing)} pages from byte {differing[0]} on"


def run(campaign, engine, count):
    harness.require_loop_devices(campaign.work)
    missing = None
    try:
        sectors.require()
    except harness.Skip as error:
        missing = error
        print(f"media: SKIPPED: {damage.SECTORS}: {error}", flush=True)
    cases = Cases(campaign, {damage.SECTORS} if missing else set())
    kinds = list(harness.LoopImage.MAKE)
    with contextlib.ExitStack() as stack, \
            concurrent.futures.ThreadPoolExecutor(len(kinds)) as pool:
        benches = [Bench(campaign, engine, kind, stack) for kind in kinds]
        running = [pool.submit(cases.run, bench, range(first, count, len(kinds)))
                   for first, bench in enumerate(benches)]
        for one in running:
            one.result()
        for bench in benches:
            if problems := bench.hospital.check_medium():
                raise RuntimeError(f"the damage was not undone: {problems}")
    if missing and not campaign.losses:
        raise harness.Skip(f"{damage.SECTORS}: {missing}; all other kinds ran without loss")


if __name__ == "__main__":
    harness.main_of_part("media", run, 500)
