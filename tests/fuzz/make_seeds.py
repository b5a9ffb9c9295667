#!/usr/bin/python3
"""Writes first inputs for every fuzz target, taken from the golden vaults as they are made.

    make_seeds.py OUT                       OUT/TARGET/HASH

Merge them into the kept corpora with libFuzzer's -merge=1 (docs/testing.md, "Fuzzing").
"""
import hashlib
import os
import sys
import tempfile

import zstandard

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "golden"))
import make_vault  # noqa: E402
from make_vault import long, short, time, u8, u16, u32, u64  # noqa: E402

BYTES_MAX = 16384                                                           # larger ones find nothing more
SIGNATURE = 64


class Seeds:
    """Inputs by target."""

    def __init__(self, out):
        self.out = out

    def add(self, target, data):
        if len(data) > BYTES_MAX:
            return
        folder = os.path.join(self.out, target)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, hashlib.sha1(data).hexdigest()), "wb") as file:
            file.write(data)


class RecordingWriter(make_vault.Writer):
    """Keeps what passes the points of a vault."""
    seeds = None

    def tweak(self, point, value):
        value = super().tweak(point, value)
        name = point.split()
        if name[0] in make_vault.OBJECTS and name[-1] == "raw":
            self.seeds.add(name[0], value[:-SIGNATURE] if name[0] == "label" else value)
        elif point.startswith("generation plain"):
            self.seeds.add("generation", value)
        elif point.endswith(("block table", "chunk table")):
            self.seeds.add("pack_tables", value)
        elif name[0] == "list":
            self.seeds.add("content", value)
        elif name[0] == "children":
            self.seeds.add("directory", b"".join(long(encoded) for _, encoded in value[:20]))
        elif name[0] == "pack" and name[2] == "block" and name[3].isdigit():
            self.add_block(*value)
        return value

    def add_block(self, codec, payload):
        try:
            length = len(zstandard.decompress(payload)) if codec == 1 else 0
        except zstandard.ZstdError:
            length = 1000
        self.seeds.add("block", u32(length) + payload)

    def content(self, *arguments):
        encoded = super().content(*arguments)
        self.seeds.add("content", encoded)
        return encoded

    def entry(self, node, name, *rest):
        name, encoded = super().entry(node, name, *rest)
        self.seeds.add("directory", encoded)
        if node.kind == make_vault.FILE:
            content, state = bytes(range(16)), u64(1) * 3 + time(5) * 3
            self.seeds.add("scan_record", u32(2) + u8(0) + short(name) + u8(3) + content + state + long(encoded)
                           + short(name + b"1") + u8(3) + content + state + long(encoded))
            self.seeds.add("scan_record", u32(2) + u8(1) + short(name) + u8(0) + short(name + b"1") + u8(1)
                           + short(name + b"2") + u8(2) + content)
        return name, encoded


def add_packs(seeds):
    """Inputs of pack_fuzz.cpp, whose form is told there."""
    chunk = b"a chunk that compresses, compresses and compresses"
    table = u32(2) + bytes(32) + u32(len(chunk)) + bytes(32) + u32(len(chunk))
    blocks = (u8(0) + u32(len(chunk)) + u8(1) + u32(len(chunk)) + short(chunk)
              + u8(1) + u32(len(chunk)) + u8(1) + u32(len(chunk)) + short(zstandard.compress(chunk)))
    locator = u64(96) + u64(40)
    head = b"AZKPACK1" + u16(1) + u16(0) + u32(1) + bytes(32) + u32(1) + bytes(12)
    seeds.add("pack", u8(0) + short(b""))
    seeds.add("pack", u8(0) + short(table) + blocks)
    seeds.add("pack", u8(3) + short(table) + locator + locator + blocks)
    seeds.add("pack", u8(4) + short(table) + head + blocks)
    seeds.add("pack", u8(8) + short(table) + u16(100) + u8(1) + blocks)


def add_key_material(seeds):
    good = make_vault.key_file(make_vault.SITE, make_vault.RECOVERY, make_vault.AUTHORITY)
    shares = list(make_vault.share_files(make_vault.RECOVERY + make_vault.AUTHORITY, 3, 5))
    seeds.add("recovery_kit", good.encode())
    seeds.add("recovery_kit", good.lower().replace("-", " ").replace("\n", "\r\n").encode())
    for some in (shares[:1], shares[:3], shares[1:], shares[:2] + shares[:1]):
        seeds.add("recovery_kit", "\f".join(some).encode())
    seeds.add("recovery_kit", bytes([1, 3, 5]) + make_vault.seeded("point", 64))
    for sealed in range(4):
        seeds.add("key_slot", u8(sealed) + short(make_vault.seeded("key", 80 if not sealed & 1 else 32)) + bytes(64))


def add_texts(seeds):
    seeds.add("site_file", b'[[source]]\nname = "ehr"\ncommand = "pg_dump \\"ehr\\" | cat"\n\n'
                           b'[[source]]\nname = "docs"\npath = "/srv/docs"\n\n[[set]]\nname = "daily"\nfolder = "/mnt/daily"\n')
    seeds.add("site_file", "source = [ { name = 'a.b', path = '''/\n\\x''' } ] # 校倉\n".encode())
    seeds.add("site_file", b'set = [ { name = "d", folder = "/\\u00e4\\t\\U0001F600" } ]\n')
    for name in (b"plain", "校倉\\\u202e\n\x1b[31m".encode(), b"\xff\xfe\xed\xa0\x80\xf4\x90\x80\x80", "\u00ad\ufeff\U000e0001".encode()):
        seeds.add("text", name)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    seeds = RecordingWriter.seeds = Seeds(sys.argv[1])
    make_vault.Writer = RecordingWriter
    for variant in make_vault.VARIANTS.values():
        with tempfile.TemporaryDirectory(prefix="seeds-") as folder:
            make_vault.build(folder, variant)
    add_packs(seeds)
    add_key_material(seeds)
    add_texts(seeds)


if __name__ == "__main__":
    main()
