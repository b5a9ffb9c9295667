#!/usr/bin/python3
"""Kills backups with SIGKILL at random moments; whatever was acknowledged must restore."""
import time

import harness

TREE_BYTES = 8 << 20  # a run takes about a tenth of a second
KILLS_A_ROUND = 5
ROUNDS_MAX = 2  # a kill: the engine may be done before its moment comes


def kill_once(campaign, hospital, case):
    """One run killed at a random moment; returns the promises broken, None if it ended first."""
    hospital.change()
    now = harness.fingerprint(hospital.tree)
    moment = campaign.random.uniform(0, hospital.seconds)
    process = hospital.engine.start(hospital.backup_arguments())
    time.sleep(moment)
    ended_first = process.poll() is not None
    harness.kill_group(process)
    ended = harness.Ended(process)
    if ended.code == 0:
        hospital.acknowledge(ended, now)
        campaign.counts["runs that ended before their kill"] += 1
    elif ended_first:
        return [f"exit code {ended.code} before the kill: {ended.why()}"]
    else:
        hospital.attempted.append(now)
        campaign.counts["kills"] += 1
    broken = hospital.check_medium() + hospital.check_next_run()
    campaign.counts["acknowledged snapshots restored"] += len(hospital.acknowledged)
    return [f"killed after {moment:.3f} s: {text}" for text in broken]


def run(campaign, engine, count):
    rounds = 0
    while campaign.counts["kills"] < count and rounds < ROUNDS_MAX * count:
        rounds += 1
        home = campaign.work / f"round-{rounds}"
        hospital = harness.Hospital(engine, home, campaign.random, TREE_BYTES).open()
        hospital.change()
        hospital.must_back_up()
        for kill in range(min(KILLS_A_ROUND, count - campaign.counts["kills"])):
            broken = kill_once(campaign, hospital, kill)
            for text in broken:
                campaign.loss(home.name, text)
            if broken:
                break  # this site stays as it is, to be looked at
        else:
            harness.shutil.rmtree(home)
    if campaign.counts["kills"] < count:
        raise RuntimeError(f"only {campaign.counts['kills']} runs lived long enough to be killed")


if __name__ == "__main__":
    harness.main_of_part("crash", run, 100)
