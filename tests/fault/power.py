#!/usr/bin/python3
"""Cuts the power under backups on ext4 and XFS images; whatever was acknowledged must restore.

`xfs_io -x -c shutdown` stops a file system as a power cut does: nothing reaches its device any
more, what was not made durable is gone. Three ways a cut can meet a hospital: one file system holds
site and medium; each has its own and both are cut; or only the medium is pulled, and the run must
say so (exit code 9) and end by itself.
"""
import contextlib

import harness

TREE_BYTES = 6 << 20
IMAGE_BYTES = 420 << 20  # XFS wants 300 MiB
CUTS_A_ROUND = 5
CUT_BOTH = "site and medium apart"
CUT_TOGETHER = "site and medium on one"
PULL_MEDIUM = "medium pulled"
WAYS = [CUT_BOTH, CUT_TOGETHER, PULL_MEDIUM]
DONE, MEDIUM = 0, 9


def cut_once(campaign, hospital, images, way):
    """One run cut at a random moment, or right after it ended; returns the promises broken."""
    hospital.change()
    now = harness.fingerprint(hospital.tree)
    moment = campaign.random.uniform(0, hospital.seconds)
    process = hospital.engine.start(hospital.backup_arguments())
    with contextlib.suppress(harness.subprocess.TimeoutExpired):
        process.wait(moment)
    for image in images if way != PULL_MEDIUM else images[-1:]:
        image.cut()
    if way != PULL_MEDIUM:
        harness.kill_group(process)
    ended = harness.Ended(process)
    broken = []
    if ended.code == DONE:
        hospital.acknowledge(ended, now)
        campaign.counts["cuts right after the acknowledgement"] += 1
    else:
        hospital.attempted.append(now)
        campaign.counts["cuts during a run"] += 1
        if way == PULL_MEDIUM and ended.code != MEDIUM:
            broken.append(f"exit code {ended.code}, {MEDIUM} is right: {ended.why()}")
    for image in images:
        image.remount()
    broken += hospital.check_medium() + hospital.check_next_run()
    campaign.counts["acknowledged snapshots restored"] += len(hospital.acknowledged)
    return [f"{way}, cut after {moment:.3f} s: {text}" for text in broken]


def cut_round(campaign, engine, kind, way, cuts):
    """Some cuts on one fresh pair of images; returns whether nothing was lost."""
    home = campaign.work / f"{kind}-{campaign.counts['rounds']}"
    campaign.counts["rounds"] += 1
    home.mkdir()
    with contextlib.ExitStack() as stack:
        images = [stack.enter_context(harness.LoopImage(home / f"{name}.img", kind, IMAGE_BYTES))
                  for name in (["all"] if way == CUT_TOGETHER else ["host", "disk"])]
        hospital = harness.Hospital(engine, home, campaign.random, TREE_BYTES,
                                    images[0].mount_point / "site",
                                    images[-1].mount_point / "medium").open()
        hospital.change()
        hospital.must_back_up()
        for _ in range(cuts):
            broken = cut_once(campaign, hospital, images, way)
            campaign.counts[f"cuts: {kind}, {way}"] += 1
            for text in broken:
                campaign.loss(home.name, text)
            if broken:
                return  # these images stay as they are, to be looked at
    harness.shutil.rmtree(home)


def run(campaign, engine, count):
    harness.require_loop_devices(campaign.work)
    for kind in harness.LoopImage.MAKE:
        done = 0
        while done < count:
            way = WAYS[done // CUTS_A_ROUND % len(WAYS)]
            cuts = min(CUTS_A_ROUND, count - done)
            cut_round(campaign, engine, kind, way, cuts)
            done += cuts


if __name__ == "__main__":
    harness.main_of_part("power", run, 20)
