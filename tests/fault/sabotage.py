#!/usr/bin/python3
"""Runs the campaign on an engine that makes one mistake at a time; each must be found.

A campaign that cannot fail proves nothing. The engine is a build with -Dsabotage=true; what it does
wrong is named in AZEKURA_SABOTAGE. First the same build makes no mistake and must pass, so that
what is found later is the mistake and nothing else.
"""
import argparse
import pathlib
import sys

import crash
import flip
import harness
import media
import power

# mistake, part, its body, how many tries a build that makes it may survive at most
MISTAKES = [
    ("no-fsync", "power", power.run, 20),
    ("no-directory-fsync", "power", power.run, 20),
    ("seal-before-packs", "crash", crash.run, 150),
    ("roots-unchecked", "flip", flip.run, 20),
    ("roots-unchecked", "media", media.run, 20),
    ("parity-unapplied", "media", media.run, 20),
    ("chunk-ids-unchecked", "media", media.run, 26),
]
CLEAN_TRIES = {"power": 3, "crash": 5, "flip": 10, "media": 26}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", required=True, type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=0)
    options = parser.parse_args()
    harness.exit_on_signals()
    rows = []
    flaws = 0
    bodies = {part: body for _, part, body, _ in MISTAKES}
    try:
        for part, tries in CLEAN_TRIES.items():
            clean = harness.run_part(part, bodies[part], harness.Engine(options.engine),
                                     options.seed, tries)
            flaws += bool(clean.losses)
            rows.append(("none", part, tries, "LOSSES" if clean.losses else "no loss, as it must"))
        for mistake, part, body, tries in MISTAKES:
            found = harness.run_part(part, body, harness.Engine(options.engine, mistake),
                                     options.seed, options.count or tries, losses_max=1)
            flaws += not found.losses
            rows.append((mistake, part, options.count or tries,
                         "found: " + found.losses[0][:120] if found.losses else "NOT FOUND"))
            harness.shutil.rmtree(found.work, ignore_errors=True)
    except harness.Skip as missing:
        print(f"sabotage: SKIPPED: {missing}", flush=True)
        sys.exit(harness.SKIPPED)
    print(f"\n{'mistake':20} {'part':6} {'tries':>5}  result")
    for mistake, part, tries, result in rows:
        print(f"{mistake:20} {part:6} {tries:5}  {result}")
    sys.exit(bool(flaws))


if __name__ == "__main__":
    main()
