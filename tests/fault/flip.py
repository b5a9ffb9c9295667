#!/usr/bin/python3
"""Flips single bits of a medium; each is found without a key, and no wrong byte is ever restored.

The flips are uniform over every byte the vault format covers, then one more in each of its files,
so that small ones are not left to luck. Not covered, by docs/format.md section 6, and left out by
name: what is there for people to read or run, UNCOVERED.
"""
import shutil
import stat

import harness

TREE_BYTES = 400_000
SESSIONS = 3
UNCOVERED = {"README.txt", "はじめに.txt", "format.md", "azekura-restore"}
DAMAGE, AUTHENTICITY = 5, 6


def covered_files(medium):
    return sorted(path for path in medium.rglob("*")
                  if path.is_file() and str(path.relative_to(medium)) not in UNCOVERED)


def sessions_of_packs(hospital, owners):
    """Notes which session brought each pack, by what is new on the medium after its run."""
    for path in (hospital.medium / "packs").rglob("*"):
        if path.is_file():
            owners.setdefault(path, len(hospital.acknowledged))


def restored_wrong(hospital, snapshot):
    """Restores one snapshot; returns (whether it is whole, the promises broken).

    What is there must be right or be reported as lost; what is lost must be reported.
    """
    target = hospital.home / "restored"
    ended = hospital.engine.run("restore", snapshot, "--json", "--from", hospital.medium, "--key",
                                hospital.kit / "recovery.key", "--target", target)
    found = harness.fingerprint(target) if target.exists() else {}
    shutil.rmtree(target, ignore_errors=True)
    wanted = hospital.acknowledged[snapshot]
    lost = [harness.name_of(one, "path") for one in ended.events("lost")]
    differing = [name for name in sorted(wanted.keys() | found.keys())
                 if wanted.get(name) != found.get(name)]
    if ended.code == 0:
        return True, [f"{snapshot}: exit code 0, and {len(differing)} entries differ, "
                      f"first {differing[0]!r}"] if differing else []
    if ended.code not in (DAMAGE, AUTHENTICITY):
        return False, [f"{snapshot}: exit code {ended.code}: {ended.why()}"]
    return False, [f"{snapshot}: {name!r} is wrong and not reported as lost"
                   for name in differing
                   if not is_reported(name, lost, found)
                   and without_link(wanted.get(name)) != without_link(found.get(name))]


def without_link(entry):
    """An entry but for the other name it may have, which may be lost without it."""
    return entry and entry[:4] + entry[5:]


def is_reported(name, lost, found):
    """Whether a difference was said: the entry is named, or a directory above it. A directory whose
    own entries could not all be made may have another time."""
    if name in found and stat.S_ISDIR(found[name][0]):
        return True
    return any(one in (name, b".") or name.startswith(one + b"/") for one in lost)


def check_flip(campaign, hospital, owners, path, rng):
    position = rng.randrange(path.stat().st_size)
    bit = 1 << rng.randrange(8)
    flip_bit(path, position, bit)
    case = f"{path.relative_to(hospital.medium)}, byte {position}, bit {bit:#04x}"
    try:
        verified = hospital.engine.run("verify", "--from", hospital.medium)
        campaign.counts[f"found: exit code {verified.code}"] += 1
        if verified.code not in (DAMAGE, AUTHENTICITY):
            campaign.loss(case, f"not found: verify: exit code {verified.code}")
        for number, snapshot in enumerate(hospital.acknowledged, 1):
            whole, broken = restored_wrong(hospital, snapshot)
            campaign.counts["snapshots restored " + ("whole" if whole else "in part, as said")] += 1
            for text in broken:
                campaign.loss(case, text)
            if not whole and number < owners.get(path, len(owners)):
                campaign.loss(case, f"{snapshot} is not in that pack and does not restore whole")
    finally:
        flip_bit(path, position, bit)


def flip_bit(path, position, bit):
    with open(path, "r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ bit]))


def run(campaign, engine, count):
    hospital = harness.Hospital(engine, campaign.work / "site", campaign.random, TREE_BYTES).open()
    owners = {}
    sessions_of_packs(hospital, owners)
    for _ in range(SESSIONS - 1):
        hospital.change()
        hospital.must_back_up()
        sessions_of_packs(hospital, owners)
    files = covered_files(hospital.medium)
    sizes = [path.stat().st_size for path in files]
    campaign.counts["bytes covered by the format"] = sum(sizes)
    campaign.counts["bytes not covered, left out"] = sum(
        (hospital.medium / name).stat().st_size for name in UNCOVERED)
    for path in campaign.random.choices(files, sizes, k=count):
        check_flip(campaign, hospital, owners, path, campaign.random)
        campaign.counts["flips over all bytes"] += 1
    for path in files if count else []:
        check_flip(campaign, hospital, owners, path, campaign.random)
        campaign.counts["flips, one in each file"] += 1
    if problems := hospital.check_medium():
        raise RuntimeError(f"the flips were not undone: {problems}")


if __name__ == "__main__":
    harness.main_of_part("flip", run, 200)
