#!/usr/bin/python3
"""Flips single bits of a medium; each is found without a key, and every snapshot restores whole.

The flips are uniform over every byte the vault format covers, then one more in each of its files,
so that small ones are not left to luck. Not covered, by docs/format.md section 6, and left out by
name: what is there for people to read or run, UNCOVERED.
"""
import shutil

import harness

TREE_BYTES = 400_000
SESSIONS = 3
UNCOVERED = {"README.txt", "はじめに.txt", "format.md", "azekura-restore"}
DONE, REPAIRED, DAMAGE, AUTHENTICITY = 0, 4, 5, 6


def covered_files(medium):
    return sorted(path for path in medium.rglob("*")
                  if path.is_file() and str(path.relative_to(medium)) not in UNCOVERED)


def problem_of_restore(hospital, snapshot):
    """Restores one snapshot; what of it is not as it was backed up, or None."""
    target = hospital.home / "restored"
    ended = hospital.engine.run("restore", snapshot, "--from", hospital.medium, "--key",
                                hospital.kit / "recovery.key", "--target", target)
    found = harness.fingerprint(target) if target.exists() else {}
    shutil.rmtree(target, ignore_errors=True)
    wanted = hospital.acknowledged[snapshot]
    differing = [name for name in sorted(wanted.keys() | found.keys())
                 if wanted.get(name) != found.get(name)]
    if ended.code not in (DONE, REPAIRED):
        return f"exit code {ended.code}: {ended.why()}"
    return f"{len(differing)} entries differ, first {differing[0]!r}" if differing else None


def check_flip(campaign, hospital, path, rng):
    position = rng.randrange(path.stat().st_size)
    bit = 1 << rng.randrange(8)
    flip_bit(path, position, bit)
    case = f"{path.relative_to(hospital.medium)}, byte {position}, bit {bit:#04x}"
    try:
        verified = hospital.engine.run("verify", "--from", hospital.medium)
        campaign.counts[f"found: exit code {verified.code}"] += 1
        if verified.code not in (REPAIRED, DAMAGE, AUTHENTICITY):
            campaign.loss(case, f"not found: verify: exit code {verified.code}")
        for snapshot in hospital.acknowledged:
            if problem := problem_of_restore(hospital, snapshot):
                campaign.loss(case, f"{snapshot}: {problem}")
            campaign.counts["snapshots restored"] += 1
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
    for _ in range(SESSIONS - 1):
        hospital.change()
        hospital.must_back_up()
    files = covered_files(hospital.medium)
    sizes = [path.stat().st_size for path in files]
    campaign.counts["bytes covered by the format"] = sum(sizes)
    campaign.counts["bytes not covered, left out"] = sum(
        (hospital.medium / name).stat().st_size for name in UNCOVERED)
    for path in campaign.random.choices(files, sizes, k=count):
        check_flip(campaign, hospital, path, campaign.random)
        campaign.counts["flips over all bytes"] += 1
    for path in files if count else []:
        check_flip(campaign, hospital, path, campaign.random)
        campaign.counts["flips, one in each file"] += 1
    if problems := hospital.check_medium():
        raise RuntimeError(f"the flips were not undone: {problems}")


if __name__ == "__main__":
    harness.main_of_part("flip", run, 200)
