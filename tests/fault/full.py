#!/usr/bin/python3
"""Backs up onto full disks: the medium's, then the site's, each at evenly spread fill levels.

Every level leaves less than the run needs, so exit code 8 is the only right one. What was there
before must restore from the full disk, and once there is space again the next run must succeed.
"""
import os

import harness

TREE_BYTES = 8 << 20
IMAGE_BYTES = 400 << 20
LEVELS_A_ROUND = 5
NO_SPACE = 8


def free_bytes(path):
    info = os.statvfs(path)
    return info.f_bavail * info.f_frsize


def fill(folder, left):
    """A file that leaves `left` bytes, as nearly as the file system can."""
    filler = folder / "filler"
    taken = free_bytes(folder) - left
    with open(filler, "wb") as file:
        while taken > 0:
            try:
                os.posix_fallocate(file.fileno(), 0, taken)
                break
            except OSError:  # its own block map needs room
                taken -= 64 << 10
    return filler


def fill_once(campaign, hospital, image, left):
    """One run with `left` bytes free; returns the promises broken."""
    hospital.change()
    filler = fill(image.mount_point, left)
    ended = hospital.engine.run(*hospital.backup_arguments())
    campaign.counts[f"ended with {ended.code}"] += 1
    broken = []
    if ended.code == 0:
        hospital.acknowledge(ended)
    else:
        hospital.attempted.append(harness.fingerprint(hospital.tree))
    if ended.code != NO_SPACE:
        broken.append(f"exit code {ended.code}, {NO_SPACE} is right: {ended.why()}")
    broken += hospital.check_medium()
    filler.unlink()
    broken += hospital.check_next_run()
    campaign.counts["acknowledged snapshots restored"] += len(hospital.acknowledged)
    return [f"{left} bytes free: {text}" for text in broken]


def fill_round(campaign, engine, which, levels):
    home = campaign.work / f"{which}-{campaign.counts['rounds']}"
    campaign.counts["rounds"] += 1
    home.mkdir()
    with harness.LoopImage(home / "full.img", "ext4", IMAGE_BYTES) as image:
        places = {which: image.mount_point / which}
        hospital = harness.Hospital(engine, home, campaign.random, TREE_BYTES, **places).open()
        hospital.change()
        medium_before = free_bytes(hospital.medium)
        hospital.must_back_up()
        needed = stored_bytes(hospital)
        if which == "medium":
            needed = max(needed, medium_before - free_bytes(hospital.medium))
        for level in levels:
            broken = fill_once(campaign, hospital, image, int(needed * level))
            campaign.counts[f"levels: {which}"] += 1
            for text in broken:
                campaign.loss(home.name, text)
            if broken:
                return  # this image stays as it is, to be looked at
    harness.shutil.rmtree(home)


def stored_bytes(hospital):
    """What the newest run added, without what any run adds: the size of its largest pack."""
    packs = [path for path in (hospital.medium / "packs").rglob("*") if path.is_file()]
    newest = sorted(packs)[len(packs) // 2:]
    return max(path.stat().st_size for path in newest)


def run(campaign, engine, count):
    harness.require_loop_devices(campaign.work)
    for which in ("medium", "site"):
        levels = [level / count for level in range(count)]
        for first in range(0, count, LEVELS_A_ROUND):
            fill_round(campaign, engine, which, levels[first:first + LEVELS_A_ROUND])


if __name__ == "__main__":
    harness.main_of_part("full", run, 20)
