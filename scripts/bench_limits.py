#!/usr/bin/env python3
"""Prints, as JSON, what no backup of a tree can be faster than: seconds to copy its bytes in
memory, to hash them, to compress them. Makes a tar of them in the work folder, and removes it."""
import argparse
import json
import pathlib
import subprocess
import time

PIECE_BYTES = 64 << 20  # larger than caches


def seconds_of(command, **options):
    begun = time.monotonic()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, **options)
    return time.monotonic() - begun


def seconds_to_copy(path):
    piece, target = memoryview(bytearray(PIECE_BYTES)), memoryview(bytearray(PIECE_BYTES))
    seconds = 0
    with path.open("rb", buffering=0) as file:
        while got := file.readinto(piece):
            begun = time.monotonic()
            target[:got] = piece[:got]
            seconds += time.monotonic() - begun
    return seconds


def main():
    parser = argparse.ArgumentParser(description="limits of a tree")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    options = parser.parse_args()
    tar, compressed = options.work / "all.tar", options.work / "all.tar.zst"
    subprocess.run(["tar", "-C", options.source, "--sparse", "-cf", tar, "."], check=True)
    found = {
        "bytes": tar.stat().st_size,
        "memcpy": seconds_to_copy(tar),
        "sha256": seconds_of(["openssl", "dgst", "-sha256", tar], stdout=subprocess.DEVNULL),
        "zstd": seconds_of(["zstd", "-q", "-3", "-T2", tar, "-o", compressed]),
        "compressed": compressed.stat().st_size,
    }
    tar.unlink()
    compressed.unlink()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
