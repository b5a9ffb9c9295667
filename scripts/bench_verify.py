"""Reads, hashes and verifies one medium, in turn, past the page cache."""
import argparse
import concurrent.futures
import hashlib
import mmap
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

SLICE = 4 << 20
LEAF = 64 << 10


def files_of(medium):
    """The files that `verify` reads, as they lie on the medium."""
    return [path for folder in ("packs", "parity")
            for path in sorted((medium / folder).rglob("*")) if path.is_file()]


def read(files):
    """One stream past the page cache, as long reads as are worth while."""
    memory = mmap.mmap(-1, SLICE)
    for path in files:
        try:
            file = os.open(path, os.O_RDONLY | os.O_DIRECT)
        except OSError:  # a file system that has no direct reads
            file = os.open(path, os.O_RDONLY)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        at = 0
        while count := os.preadv(file, [memory], at):
            at += count
            if count % mmap.PAGESIZE:
                break
        os.close(file)


def hash_all(data):
    """SHA-256 of each leaf, on all cores, of bytes in memory."""
    def hash_part(part):
        view = memoryview(data)[part]
        for begin in range(0, len(view), LEAF):
            hashlib.sha256(view[begin:begin + LEAF]).digest()
    cores = os.cpu_count()
    share = -(-len(data) // cores // LEAF) * LEAF
    with concurrent.futures.ThreadPoolExecutor(cores) as threads:
        list(threads.map(hash_part, [slice(i * share, (i + 1) * share) for i in range(cores)]))


def timed(step):
    begun = time.monotonic()
    step()
    return time.monotonic() - begun


def make_medium(engine, folder, mib):
    """A medium of incompressible bytes, as long packs are."""
    source = folder / "source"
    source.mkdir()
    with open(source / "images", "wb") as file:
        for _ in range(mib):
            file.write(os.urandom(1 << 20))
    medium = folder / "medium"
    site = folder / "site"
    for arguments in (["init", site, "--kit", folder / "kit"],
                      ["-s", site, "source", "add", "images", source],
                      ["-s", site, "set", "add", "daily", "--folder", medium],
                      ["-s", site, "backup", "--to", "daily"]):
        subprocess.run([engine, *arguments], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    return medium


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench_verify", description=__doc__)
    parser.add_argument("--engine", required=True, type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="/var/tmp", metavar="DIR",
                        help="where the medium is made: on the device to be measured (/var/tmp)")
    parser.add_argument("--mib", type=int, default=2048, help="how much is backed up (2048)")
    parser.add_argument("--rounds", type=int, default=5, help="the median counts (5)")
    options = parser.parse_args()
    engine = options.engine.resolve()
    with tempfile.TemporaryDirectory(prefix="azekura-bench-", dir=options.folder) as home:
        home = pathlib.Path(home)
        medium = make_medium(engine, home, options.mib)
        os.sync()
        files = files_of(medium)
        total = sum(path.stat().st_size for path in files)
        data = os.urandom(64 << 20) * (total >> 26)
        verify = [engine, "verify", "--from", medium, "--history", home / "history"]
        steps = {"read": lambda: read(files),
                 "SHA-256": lambda: hash_all(data),
                 "verify": lambda: subprocess.run(verify, check=True, stdout=subprocess.DEVNULL)}
        sizes = {"read": total, "SHA-256": len(data), "verify": total}
        speeds = {name: [] for name in steps}
        for _ in range(options.rounds):
            for name, step in steps.items():
                speeds[name].append(sizes[name] / timed(step) / 1e6)
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    for name, values in speeds.items():
        print(f"{name:<8} {medians[name]:8.0f} MB/s   ({', '.join(f'{one:.0f}' for one in values)})")
    slower = min(medians["read"], medians["SHA-256"])
    print(f"verify is {medians['verify'] / slower:.0%} of the slower of the two; the bar is 90 %")


main()
