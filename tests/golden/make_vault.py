#!/usr/bin/python3
"""Makes small vaults by docs/format.md alone: a second writer, so that the engine reads what it did not write.

    make_vault.py OUT [--variant NAME] [--expected]      OUT/vault, OUT/*.key, OUT/share-N.txt, OUT/expected/SESSION-SOURCE
    make_vault.py --list                                 one line a variant: name class

Everything comes from fixed seeds, so one version of zstd makes the same bytes each time. A variant changes one thing
at a named point while the vault is made; whatever hashes and signs it follows, so only the intended check trips.
"""
import argparse
import functools
import hashlib
import hmac
import os
import shutil
import struct
import sys
from dataclasses import dataclass, field

import nacl.signing
import zstandard
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FILE, DIRECTORY, SYMLINK, BLOCK_DEVICE, CHARACTER_DEVICE, FIFO, SOCKET = range(1, 8)
DATA, HOLE, ZEROS = 1, 2, 3
TARGET = 16384                                                              # T of section 5
LEAF = 65536
COPIES = ("sessions", "sessions-2", "sessions-3")
sys.setrecursionlimit(40_000)                                               # for trees that are hostile by depth
u8, u16, u32, u64 = (struct.Struct("<" + letter).pack for letter in "BHIQ")


# ---- Bytes and cryptography -------------------------------------------------------------------------------------

def short(data):
    return u16(len(data)) + data


def long(data):
    return u32(len(data)) + data


def time(nanoseconds):
    return struct.pack("<qI", nanoseconds // 10**9, nanoseconds % 10**9)


def seeded(name, length):
    """Fixed bytes that look random, by name."""
    return hashlib.shake_256(b"azekura golden vaults v1/" + name.encode()).digest(length)


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.digest(key, data, "sha256")


def expand(key, info, length):
    blocks = [b""]
    for i in range(-(-length // 32)):
        blocks.append(mac(key, blocks[-1] + info + u8(i + 1)))
    return b"".join(blocks)[:length]


def derive(key, label, context, length=32):
    return expand(key, label.encode() + b"\0" + context, length)


def box(key, ad, plain):
    nonce = mac(derive(key, "azekura box nonce v1", b""), u64(len(ad)) + ad + plain)[:12]
    return nonce + AESGCM(derive(key, "azekura box key v1", b"")).encrypt(nonce, plain, ad)


def sign(seed, domain, data):
    return nacl.signing.SigningKey(seed).sign(domain.encode() + b"\0" + data).signature


def ed25519_public(seed):
    return bytes(nacl.signing.SigningKey(seed).verify_key)


def x25519_public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def hpke_seal(public, ephemeral, info, aad, plain):
    """(encapsulated key, sealed bytes) of RFC 9180 base mode, with a given ephemeral key."""
    kem, suite = b"KEM\0\x20", b"HPKE\0\x20\0\x01\0\x02"

    def extract(salt, who, label, data):
        return mac(salt, b"HPKE-v1" + who + label + data)

    def labeled_expand(key, who, label, data, length):
        return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + who + label + data, length)
    enc = x25519_public(ephemeral)
    dh = X25519PrivateKey.from_private_bytes(ephemeral).exchange(X25519PublicKey.from_public_bytes(public))
    shared = labeled_expand(extract(b"", kem, b"eae_prk", dh), kem, b"shared_secret", enc + public, 32)
    context = b"\0" + extract(b"", suite, b"psk_id_hash", b"") + extract(b"", suite, b"info_hash", info)
    secret = extract(shared, suite, b"secret", b"")
    key = labeled_expand(secret, suite, b"key", context, 32)
    return enc, AESGCM(key).encrypt(labeled_expand(secret, suite, b"base_nonce", context, 12), plain, aad)


def padme(n):
    e = n.bit_length() - 1
    low = e - e.bit_length()
    return n if low <= 0 else -(-n >> low) << low


def flip(data, at):
    """The data with one bit of the byte at `at` changed."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


# ---- The cutter (section 5) -------------------------------------------------------------------------------------

MASK = (1 << 64) - 1


def xxh3_64_of_64(data, secret):
    """XXH3-64 of exactly 64 bytes with a secret of its own."""
    def word(source, at):
        return int.from_bytes(source[at:at + 8], "little")

    def mix(at, secret_at):
        product = (word(data, at) ^ word(secret, secret_at)) * (word(data, at + 8) ^ word(secret, secret_at + 8))
        return (product & MASK) ^ (product >> 64)
    total = 64 * 0x9E3779B185EBCA87
    total += mix(16, 32) + mix(32, 48) + mix(0, 0) + mix(48, 16)
    total &= MASK
    total ^= total >> 37
    total = total * 0x165667919E3779F9 & MASK
    return total ^ total >> 32


@functools.lru_cache(None)
def cut(key, data):
    """Lengths of the chunks of one run of data."""
    tables = struct.unpack("<32H", key[:64])
    gear = [tables[b & 15] ^ tables[16 + (b >> 4)] for b in range(256)]
    minimum, maximum, mean = 3 * TARGET // 5, 4 * TARGET, 2 * TARGET // 5
    bits = 10 if TARGET >= 65536 else 8
    bound = MASK // mean << bits
    lengths, start = [], 0
    while start < len(data):
        end, value = min(start + maximum, len(data)), 0
        for at in range(start + minimum - 16, end):
            value = (value << 1) + gear[data[at]] & 0xFFFF
            if at + 1 - start >= minimum and value >> 16 - bits == 0 and xxh3_64_of_64(data[at - 63:at + 1], key[64:]) < bound:
                end = at + 1
                break
        lengths.append(end - start)
        start = end
    return tuple(lengths)


# ---- What is backed up ------------------------------------------------------------------------------------------

@dataclass
class Node:
    """One file system object, before it is encoded."""
    kind: int
    mode: int = 0o644
    mtime: int = 1_700_000_000 * 10**9 + 123_456_789
    uid: int = 1000
    gid: int = 1000
    parts: list = field(default_factory=list)                               # (DATA, bytes) | (HOLE, n) | (ZEROS, n)
    children: dict = field(default_factory=dict)
    target: bytes = b""
    link: int = 0
    xattrs: dict = field(default_factory=dict)
    device: tuple = None
    flaw: int = 0
    more: dict = field(default_factory=dict)                                # further fields, bit to bytes


def file_of(*parts, **rest):
    return Node(FILE, parts=[(DATA, part) if isinstance(part, bytes) else part for part in parts if part], **rest)


def folder(children, **rest):
    return Node(DIRECTORY, mode=rest.pop("mode", 0o755), children=children, **rest)


def text_of(name, length):
    """Text that compresses, without long repetitions."""
    words = [seeded(f"word/{name}/{i}", 4).hex() for i in range(257)]
    line, out, i = 0, [], 0
    while line < length:
        word = words[(i * i + 7 * i) % 257] + ("\n" if i % 9 == 0 else " ")
        out.append(word)
        line += len(word)
        i += 1
    return "".join(out).encode()[:length]


def ehr(later):
    """The tree of the source ehr, on the first night or a later one."""
    report = seeded("report", 150_000)
    if later:
        report = report[:40_000] + b"a line that was put in" + report[40_000:]
    pieces = []
    for i in range(40):
        pieces += [(DATA, seeded(f"piece/{i}", 300)), (HOLE, 65536)]
    many = {f"{i:04d}.dcm".encode(): file_of(f"image {i}\n".encode(), mtime=(1_600_000_000 + i) * 10**9) for i in range(700)}
    deep = folder({b"leaf": file_of(b"at the end\n")})
    for i in range(40):
        deep = folder({b"d%d" % i: deep})
    first = file_of(b"one file with three names\n", link=77)
    link_entry = Node(FILE, link=77)
    tree = {
        b"docs": folder({
            b"empty": file_of(mode=0o600),
            b"note.txt": file_of(b"hello\n", mtime=-5 * 10**9 + 250),
            b"report.bin": file_of(report, xattrs={b"user.azekura": b"value\0\xff", b"user.empty": b""}),
            b"table.csv": file_of(text_of("table", 200_000), mode=0o640, more={4: b"clerk", 5: b"ward", 7: time(10**18)}),
            "校倉".encode(): file_of("正倉院\n".encode()),
            b"\xff\xfe raw": file_of(b"a name that is not UTF-8\n"),
        }, mtime=1_650_000_000 * 10**9 + 1, xattrs={b"user.folder": b"x"}),
        b"images": folder(many, mode=0o2770),
        b"deep": deep,
        b"links": folder({
            b"absolute": Node(SYMLINK, mode=0o777, target=b"/nowhere/at all"),
            b"first": first, b"second": link_entry,
            b"to-note": Node(SYMLINK, mode=0o777, target=b"../docs/note.txt", mtime=1_500_000_000 * 10**9),
        }),
        b"pipe": Node(FIFO, mode=0o620),
        b"setuid": file_of(b"#!/bin/sh\n", mode=0o4755, uid=0, gid=0),
        b"sparse": folder({
            b"all-hole": file_of((HOLE, 10_000_000)),
            b"ends-in-hole": file_of(seeded("x", 5000), (HOLE, 123_456)),
            b"pieces": file_of(*pieces),
            b"starts-in-hole": file_of((HOLE, 65536), text_of("y", 70_000), (HOLE, 4096), (ZEROS, 8192), b"end"),
            b"zeros": file_of((ZEROS, 300_000)),
        }),
        b"zz-third": first,  # a further name that repeats the content
    }
    if later:
        tree[b"docs"].children[b"new.bin"] = file_of(seeded("new", 60_000) + seeded("spare", 90_000))
        del tree[b"docs"].children[b"empty"]
    return folder(tree, mtime=1_690_000_000 * 10**9 + (5 if later else 4))


def gate():
    """A tree that could not be read whole, with what needs no content."""
    return folder({
        b"block": Node(BLOCK_DEVICE, device=(8, 1)), b"null": Node(CHARACTER_DEVICE, device=(1, 3), mode=0o666),
        b"locked": Node(FILE, flaw=1), b"locked-folder": Node(DIRECTORY, mode=0o700, flaw=1),
        b"moving": file_of(b"changed while it was read", flaw=2), b"short": file_of(b"as far as it", flaw=1),
        b"socket": Node(SOCKET), b"flags": file_of(b"append only", more={8: u32(0x20)}),
    })


def database(later):
    return file_of(text_of("dump", 120_000) + (b"INSERT 1\n" if later else b"") + text_of("rest", 80_000), uid=0, gid=0, mode=0o600)


# ---- The writer -------------------------------------------------------------------------------------------------

SITE, MEDIUM = seeded("site", 16), seeded("medium", 16)
AUTHORITY, OTHER_AUTHORITY = seeded("authority", 32), seeded("other authority", 32)
RECOVERY, OTHER_RECOVERY, SECOND_RECIPIENT = seeded("recovery", 32), seeded("other recovery", 32), seeded("second", 32)
OBJECTS = {"label": b"AZKLABEL", "header": b"AZKHEADR", "manifest": b"AZKMANIF", "seal": b"AZKSEAL1"}


@dataclass
class MediaSet:
    """Ids and keys of a set, and where its chunks are."""
    name: str

    def __post_init__(self):
        self.id = seeded("set " + self.name, 16)
        self.dedup, self.catalogue = seeded("dedup " + self.name, 32), seeded("catalogue " + self.name, 32)
        self.id_key = derive(self.dedup, "azekura chunk id v1", self.id)
        self.cutter = derive(self.dedup, "azekura cutter v1", self.id, 256)
        self.chunks, self.packs = {}, []                                    # id -> (pack, byte); manifest records


class PackWriter:
    """Collects chunks into blocks of one pack."""

    def __init__(self, writer, session, number):
        self.writer, self.session, self.number = writer, session, number
        self.context = session.set.id + session.id + u32(number)
        self.blocks, self.open, self.size = [], [], 0

    def add(self, identity, data):
        """Appends a chunk and returns its plain byte."""
        if self.open and sum(len(chunk) for _, chunk in self.open) + len(data) > self.writer.tweak("block limit", 131072):
            self.blocks.append(self.open)
            self.open = []
        self.open.append((identity, data))
        self.size += len(data)
        return self.size - len(data)

    def finish(self):
        """Bytes of the pack file and its root."""
        tweak = functools.partial(self.writer.at, f"pack {self.number}")
        blocks = self.blocks + ([self.open] if self.open else [])
        key = derive(self.session.key, "azekura pack key v1", self.context)
        nonce_key = derive(self.session.key, "azekura block nonce v1", self.context)
        commitment = mac(key, b"azekura pack commitment v1\0" + self.context)
        header = (b"AZKPACK1" + u16(1) + u16(0) + u32(self.number) + self.session.set.id + self.session.id
                  + u32(self.session.number) + bytes(12) + commitment)
        region, table, chunk_table, at = tweak("header", header), u32(len(blocks)), [], 0
        for index, chunks in enumerate(blocks):
            plain = b"".join(data for _, data in chunks)
            packed = zstandard.ZstdCompressor(level=3).compress(plain)
            codec, payload = (1, packed) if len(packed) < len(plain) else (0, plain)
            codec, payload = tweak(f"block {index}", (codec, payload))
            stored = len(payload) + 16
            part = mac(nonce_key, u32(index) + u8(codec) + u32(stored) + b"".join(identity for identity, _ in chunks))[:8]
            part = tweak(f"nonce {index}", part)
            ad = b"azekura block v1\0" + self.context + u32(index) + u32(at) + u32(len(plain)) + u32(stored) + u8(codec)
            region += AESGCM(key).encrypt(u32(index) + part, payload, ad)
            table += u32(stored) + u32(len(plain)) + u8(codec) + part + u32(len(chunks))
            table += b"".join(u32(len(data)) for _, data in chunks)
            chunk_table += [identity + u32(len(data)) for identity, data in chunks]
            at += len(plain)
        ad = b"azekura table v1\0" + self.context
        table_key = derive(key, "azekura block table v1", self.context)
        chunk_key = derive(self.session.set.catalogue, "azekura chunk table v1", self.context)
        block_box = box(table_key, ad + u8(1), tweak("block table", table))
        chunk_box = box(chunk_key, ad + u8(2), tweak("chunk table", u32(len(chunk_table)) + b"".join(chunk_table)))
        block_at = len(region)
        region += block_box + chunk_box
        size = tweak("region size", max(16384, padme(len(region) + 88)))
        region += seeded(f"padding {self.number}", size - 88 - len(region))
        region += box(table_key, ad + u8(3), tweak("block locator", u64(block_at) + u64(len(block_box))))
        region += box(chunk_key, ad + u8(4), u64(block_at + len(block_box)) + u64(len(chunk_box)))
        region = tweak("region", region)
        hashes = b"".join(sha256(region[i:i + LEAF]) for i in range(0, len(region), LEAF))
        root = sha256(b"azekura pack root v1\0" + self.context + u64(len(region)) + hashes)
        tail = b"AZKTAIL1" + u32(self.number) + u32(len(hashes) // 32) + u64(len(region)) + root + bytes(8)
        return region + tweak("hashes", hashes) + tweak("tail", tail), root


@dataclass
class Session:
    number: int
    set: MediaSet
    epoch: int = 1

    def __post_init__(self):
        self.id, self.key = seeded(f"session {self.number}", 16), seeded(f"session key {self.number}", 32)
        self.host = seeded(f"host {self.epoch}", 32)
        self.identity = SITE + self.set.id + self.id + u32(self.number)


class Writer:
    """Writes a vault; `points` maps names of points to functions that change what passes there."""

    def __init__(self, out, points):
        self.out, self.points, self.used = out, points, set()
        self.next_pack, self.slots, self.previous = 1, [], (0, bytes(32))
        self.sets = {name: MediaSet(name) for name in "AB"}

    def tweak(self, point, value):
        if point in self.points:
            self.used.add(point)
            return self.points[point](value)
        return value

    def at(self, prefix, point, value):
        return self.tweak(f"{prefix} {point}", value)

    def write(self, path, data):
        path = os.path.join(self.out, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        os.utime(path, (0, 0))

    # -- contents and entries --

    def store(self, parts, pack, where):
        """The content record of some parts, as a dict, with new chunks put into the pack."""
        session, extents, items, run = pack.session, [], b"", None
        known = session.set.chunks
        for kind, value in parts:
            if kind != DATA:
                extents.append([kind, value])
                if run and run[0] == kind:
                    run[1] += value
                else:
                    items += u8(run[0]) + u64(run[1]) if run else b""
                    run = [kind, value]
                continue
            items += u8(run[0]) + u64(run[1]) if run else b""
            run, at, last = None, 0, None
            for length in self.tweak(f"cut {where}", cut(session.set.cutter, value)):
                data, at = value[at:at + length], at + length
                identity = mac(session.set.id_key, data)
                if identity not in known:
                    known[identity] = pack.number, pack.add(identity, self.tweak(f"chunk {where}", data))
                number, byte = known[identity]
                item = b"\1" + identity + u32(length)
                items += item
                if last and (last[2], last[3] + last[1]) == (number, byte):
                    last[1], last[4] = last[1] + length, last[4] + item
                else:
                    last = [DATA, length, number, byte, item]
                    extents.append(last)
        items += u8(run[0]) + u64(run[1]) if run else b""
        for extent in extents:
            if extent[0] == DATA:
                extent[4] = sha256(extent[4])
        return {"size": sum(e[1] for e in extents), "level": 0, "digest": sha256(items), "extents": extents}

    def content(self, parts, session, where, pack):
        """An encoded content record; more than 16 extents become an extent list."""
        record = self.store(parts, pack, where)
        if len(record["extents"]) > 16:
            listed = self.tweak(f"list {where}", b"".join(map(encode_extent, record["extents"])))
            record["level"] = 1
            record["extents"] = self.store([(DATA, listed)], session.meta, f"list of {where}")["extents"]
        record = self.tweak(f"content {where}", record)
        return (u64(record["size"]) + u8(record["level"]) + record["digest"] + u32(len(record["extents"]))
                + b"".join(map(encode_extent, record["extents"])))

    def entry(self, node, name, session, where, links, totals):
        """(name, encoded entry) of a node and all below it."""
        fields = dict(node.more)
        totals["entries"] += 1
        totals["flawed"] += bool(node.flaw)
        if node.kind == DIRECTORY and node.flaw != 1:
            children = []
            for child_name in sorted(node.children):
                below = where + ("" if where.endswith(":") else "/") + child_name.decode("utf-8", "backslashreplace")
                children.append(self.entry(node.children[child_name], child_name, session, below, links, totals))
            children = self.tweak(f"children {where}", sorted(children, key=lambda pair: pair[0]))
            listing = b"".join(long(encoded) for _, encoded in children)
            fields[0] = self.content([(DATA, listing)] if listing else [], session, where, session.meta)
        elif node.kind == FILE and (node.parts or not (node.flaw or node.link in links)):
            fields[0] = self.content(node.parts, session, where, session.data)
            if node.link not in links:
                totals["bytes"] += sum(len(part) if kind == DATA else part for kind, part in node.parts)
        if node.link:
            links.add(node.link)
            fields[3] = u64(node.link) + u32(3)
        if node.target:
            fields[1] = node.target
        if node.device:
            fields[2] = u32(node.device[0]) + u32(node.device[1])
        if node.xattrs:
            fields[6] = b"".join(short(key) + long(value) for key, value in sorted(node.xattrs.items()))
        if node.flaw:
            fields[9] = u8(node.flaw)
        e = self.tweak(f"entry {where}", {"kind": node.kind, "name": name, "mode": node.mode, "uid": node.uid, "gid": node.gid,
                                         "mtime": time(node.mtime), "fields": fields})
        bits = sum(1 << bit for bit in e["fields"])
        return e["name"], (u8(e["kind"]) + u32(bits) + short(e["name"]) + u32(e["mode"]) + u32(e["uid"]) + u32(e["gid"])
                           + e["mtime"] + b"".join(long(e["fields"][bit]) for bit in sorted(e["fields"])))

    # -- objects --

    def object(self, kind, sections, where, seed=None):
        """Bytes of a header, manifest, seal or label, signed if there is a seed."""
        parts = self.tweak(where, {"magic": OBJECTS[kind], "version": 1, "flags": 0, "end": b"",
                                   "sections": [(number, 1, content) for number, content in sections]})
        data = parts["magic"] + u16(parts["version"]) + u16(parts["flags"]) + encode_sections(parts["sections"]) + parts["end"]
        return self.tweak(f"{where} raw", data + sign(seed, f"azekura {kind} v1", data) if seed else data)

    def certificate(self, host, epoch, where):
        c = self.tweak(f"certificate {where}", {"site": SITE, "epoch": epoch, "key": ed25519_public(host), "by": AUTHORITY})
        body = c["site"] + seeded("host id", 16) + u32(c["epoch"]) + c["key"]
        return body + sign(c["by"], "azekura host certificate v1", body)

    def policy(self, where):
        p = self.tweak(f"policy {where}", {"site": SITE, "by": AUTHORITY, "recipients": sorted(map(x25519_public, self.recipients()))})
        body = p["site"] + u32(1) + u8(len(p["recipients"])) + b"".join(p["recipients"])
        return body + sign(p["by"], "azekura policy v1", body)

    def recipients(self):
        return [RECOVERY, SECOND_RECIPIENT]

    def slot(self, session):
        context = session.identity
        keys = box(derive(session.key, "azekura set keys v1", context), context, session.set.dedup + session.set.catalogue)
        out = u32(session.number) + session.set.id + session.id + keys
        recipients = self.tweak(f"slot {session.number}", sorted(map(x25519_public, self.recipients())))
        out += u8(len(recipients))
        for i, public in enumerate(recipients):
            tag = sha256(b"azekura recipient v1\0" + public)[:16]
            enc, sealed = hpke_seal(public, seeded(f"ephemeral {session.number} {i}", 32),
                                    b"azekura session key v1\0" + context, tag, session.key)
            out += tag + enc + sealed
        return out

    def label(self, set_id):
        seed = seeded("host 1", 32)
        identity = SITE + set_id + MEDIUM + u32(1) + u64(10**12)
        sections = [(1, identity), (2, ed25519_public(AUTHORITY)), (3, self.certificate(seed, 1, "label"))]
        self.write("label", self.object("label", sections, "label", seed))

    def session(self, session, sources, spare=b""):
        """One session: packs, then header, manifest and seal in three copies. Without sources a fragment."""
        number, first = session.number, self.next_pack
        session.data, session.meta = PackWriter(self, session, first), PackWriter(self, session, first + 1)
        if spare:
            self.store([(DATA, spare)], session.data, f"{number}/fragment")
        snapshots = [self.snapshot(session, *source) for source in sources]
        for pack in (session.data, session.meta):
            if pack.size:
                data, root = pack.finish()
                session.set.packs.append([pack.number, number, len(data), root])
                self.write(f"packs/{pack.number >> 8:02x}/{pack.number:08x}", data)
                self.next_pack = pack.number + 1
        self.slots.append(self.slot(session))
        slots = self.tweak(f"slots {number}", self.slots)
        header = self.object("header", [
            (1, session.identity + u32(first)), (2, ed25519_public(self.tweak(f"authority {number}", AUTHORITY))),
            (3, self.certificate(session.host, session.epoch, number)), (4, self.policy(number)),
            (5, u32(len(slots)) + b"".join(slots))], f"header {number}")
        packs = self.tweak(f"packs {number}", [list(pack) for pack in session.set.packs])
        sections = [(1, self.tweak(f"manifest identity {number}", session.identity)),
                    (2, u32(len(packs)) + b"".join(u32(p) + u32(s) + u64(length) + root for p, s, length, root in packs))]
        if sources:
            kinds = [1 if source[1].kind == DIRECTORY else 2 for source in sources]
            sections.append((3, self.generation(session, snapshots, kinds)))
        manifest = self.object("manifest", sections, f"manifest {number}")
        previous = self.tweak(f"previous {number}", self.previous)
        seal = self.object("seal", [
            (1, session.identity + self.tweak(f"medium {number}", MEDIUM)), (2, sha256(header) + sha256(manifest)),
            (3, u32(previous[0]) + previous[1])], f"seal {number}", self.tweak(f"sealer {number}", session.host))
        for copy in COPIES:
            for name, data in (("header", header), ("manifest", manifest), ("seal", seal)):
                self.write(f"{copy}/{number:06d}/{name}", data)
        self.previous = number, sha256(seal)

    def generation(self, session, snapshots, kinds):
        start = (1_771_000_000 + 86_400 * session.number) * 10**9
        about = short(b"backup.example") + short(b"daily") + short(b"make_vault 1") + time(start) + time(start + 60 * 10**9)
        sections = [(1, 1, about), (2, 1, u32(len(snapshots)) + b"".join(map(long, snapshots))), (3, 1, SITE_FILE)]
        if session.number > 1:                                              # an older writer knew none
            all_signals = [signals(self.tweak(f"signals {session.number}", SIGNALS)) if kind == 1 else signals(STREAM_SIGNALS) for kind in kinds]
            sections.append((17, 0, self.tweak(f"signals raw {session.number}", u32(len(all_signals)) + b"".join(map(long, all_signals)))))
        if session.number > 2:
            sections.append((18, 0, self.tweak(f"connections {session.number}", u32(2) + CONNECTION + CONNECTION)))
        body = long(encode_sections(self.tweak(f"generation {session.number}", sections)))
        plain = self.tweak(f"generation plain {session.number}", body + bytes(padme(len(body)) - len(body)))
        return box(derive(session.key, "azekura generation v1", session.identity), session.identity, plain)

    def snapshot(self, session, source, node, complete=True):
        where, totals = f"{session.number}/{source}:", {"entries": 0, "bytes": 0, "flawed": 0}
        _, root = self.entry(node, b"", session, where, set(), totals)
        stream = node.kind == FILE
        source = self.tweak(f"source {where}", source.encode())
        end = u8(1) + u32(0) + long(b"dump: done\n") if stream else u8(0)
        return (short(source) + u8(2 if stream else 1) + long(b"pg_dump ehr" if stream else b"/srv/" + source)
                + time(1_771_000_000 * 10**9) + time(1_771_000_030 * 10**9) + u8(complete) + long(root) + u64(totals["entries"])
                + u64(totals["bytes"]) + u64(totals["bytes"]) + u64(totals["flawed"]) + end)


CONNECTION = MEDIUM + time(1_771_000_000 * 10**9) + u8(2) + u64(1500) + u64((1 << 64) - 1) + u64(90_000) + u32(1) + u32(2)
STREAM_SIGNALS = {"flags": 0, "chunks": (3, 300, 0, 0, 0), "tree": None, "changes": None}
SIGNALS = {"flags": 7, "chunks": (9, 90_000, 4, 40_000, 39_000), "tree": (12, 100_000), "changes": (5, 50_000, 7, 2),
           "extensions": [(b"txt", 5), (b"", 2), (b"dcm", 2), (b"\xff\n", 1)], "changed extensions": [(b"locked", 4)]}


def signals(value):
    """One record of section 17 of a generation."""
    def listed(extensions):
        return u8(len(extensions)) + b"".join(short(extension) + u64(files) for extension, files in extensions)
    record = u8(value["flags"]) + b"".join(map(u64, value["chunks"]))
    if value["tree"]:
        record += b"".join(map(u64, value["tree"])) + listed(value["extensions"])
    if value["changes"]:
        record += b"".join(map(u64, value["changes"])) + listed(value["changed extensions"])
    return record


def encode_extent(extent):
    kind, length, *rest = extent
    return u8(kind) + u64(length) + (u32(rest[0]) + u32(rest[1]) + rest[2] if rest else b"")


def encode_sections(sections):
    return u32(len(sections)) + b"".join(u16(kind) + u16(flags) + long(content) for kind, flags, content in sections)


# ---- The recovery kit (section 12) ------------------------------------------------------------------------------

def key_text(data):
    data += sha256(b"azekura key text v1\0" + data)[:5]
    length = -(-len(data) * 8 // 5)
    value = int.from_bytes(data, "big") << length * 5 - len(data) * 8
    text = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[value >> 5 * i & 31] for i in reversed(range(length)))
    return "-".join(text[i:i + 5] for i in range(0, length, 5))


def key_file(site, private, authority):
    return (f"# keep this offline\nazekura recovery key, version 1\n\nsite      {site.hex()}\n"
            f"recovery  {key_text(private)}\nauthority {key_text(authority)}\n")


def share_files(secret, threshold, count):
    """Texts of Shamir shares over GF(2^8)."""
    logs, powers, value = {}, [], 1
    for i in range(255):                                                    # 3 generates the field's units
        powers.append(value)
        logs[value] = i
        value ^= value << 1 ^ (0x11B if value & 0x80 else 0)

    def multiply(a, b):
        return powers[(logs[a] + logs[b]) % 255] if a and b else 0
    coefficients = [secret] + [seeded(f"coefficient {i}", 64) for i in range(1, threshold)]
    for x in range(1, count + 1):
        y = bytes(64)
        for row in reversed(coefficients):
            y = bytes(multiply(a, x) ^ b for a, b in zip(y, row))
        yield (f"azekura recovery share, version 1\nsite {SITE.hex()}\nshare set {seeded('share set', 8).hex()}\n"
               f"share {x} of {count}, any {threshold} restore\n"
               f"commitment {sha256(b'azekura share commitment v1' + bytes(1) + secret)[:16].hex()}\n"
               f"data {key_text(bytes([x, threshold, count]) + y)}\n")


# ---- Variants ---------------------------------------------------------------------------------------------------

@dataclass
class Variant:
    """A vault and the class each command must end with; None where the page leaves it open."""
    name: str
    result: str
    verify: str                                                             # keyless
    deep: str                                                               # with the key
    restore: dict                                                           # snapshot -> class
    points: dict = field(default_factory=dict)
    after: object = None                                                    # function of the vault's folder
    key: str = "recovery.key"
    sets: str = "AAA"                                                       # set of each session
    epochs: tuple = (1, 1, 1)
    label_set: str = ""                                                     # that of the first session if empty
    endless: bool = False                                                   # to a reader that walks every path


VARIANTS = {}


def add(name, result, verify, deep, restore, points=None, after=None, **rest):
    restore = restore if isinstance(restore, dict) else {} if restore is None else {"3/ehr": restore}
    VARIANTS[name] = Variant(name, result, verify, deep, restore, points or {}, after, **rest)


def seen(name, result, points=None, after=None, restore="same", **rest):
    """A variant that a keyless verify finds already."""
    add(name, result, result, result, result if restore == "same" else restore, points, after, **rest)


def hidden(name, points, result="corruption", restore="same", **rest):
    """A variant that only the key shows: keyless verify is content."""
    add(name, result, "success", result, result if restore == "same" else restore, points, **rest)


def change(**fields):
    """A point that sets members of a dict."""
    return lambda value: {**value, **fields}


def with_field(bit, data):
    return lambda e: {**e, "fields": {**e["fields"], bit: data}}


def without_field(bit):
    return lambda e: {**e, "fields": {b: data for b, data in e["fields"].items() if b != bit}}


def first_extent(index, value):
    """A content point that changes one member of the first extent; `value` may be a function of it."""
    def apply(record):
        extent = list(record["extents"][0])
        extent[index] = value(extent[index]) if callable(value) else value
        return {**record, "extents": [extent] + record["extents"][1:]}
    return apply


def on_files(pattern, function):
    """An `after` that rewrites files, or removes them where the function gives None; {} stands for each copy."""
    def apply(vault):
        for path in sorted({pattern.format(copy) for copy in COPIES}):
            path = os.path.join(vault, path)
            if os.path.isdir(path):
                shutil.rmtree(path)
                continue
            with open(path, "rb") as file:
                data = function(file.read())
            if data is None:
                os.unlink(path)
            else:
                with open(path, "wb") as file:
                    file.write(data)
    return apply


def each(*functions):
    return lambda vault: [function(vault) for function in functions]


def lost(_):
    return None


def slot_of_another_session(number):
    """A slot that opens, of a session with this number that is on no medium."""
    session = Session(number, MediaSet("A"))
    session.id, session.key = seeded("another session", 16), seeded("another session key", 32)
    session.identity = SITE + session.set.id + session.id + u32(number)
    return Writer(None, {}).slot(session)


def define_variants():
    """Every variant; sessions are 1 (ehr, db, gate), 2 (a fragment) and 3 (ehr, db), packs 1 and 2, 3, 4 and 5."""
    all_good = {name: "success" for name in ("1/ehr", "1/db", "3/ehr", "3/db")}
    docs, report, pieces = "3/ehr:docs", "3/ehr:docs/report.bin", "3/ehr:sparse/pieces"
    good3 = {"3/ehr": "success"}

    # Good vaults, and damage that another copy makes good.
    add("plain", "success", "success", "success", all_good)
    extra = (lambda o: {**o, "sections": o["sections"] + [(60, 0, b"later"), (900, 0, b"")]})
    add("unknown-sections", "success", "success", "success", good3, {"header 3": extra, "manifest 3": extra, "seal 3": extra,
        "label": extra, "generation 3": lambda s: s + [(40, 0, b"later")]})
    add("unfinished-session", "success", "success", "success", good3, after=leave_unfinished)
    add("handover", "success", "success", "success", {"1/ehr": "success", "3/ehr": "success"}, sets="AAB", epochs=(1, 1, 2))
    add("handover-of-an-empty-medium", "success", "success", "success", good3, epochs=(2, 2, 2), label_set="B")
    add("zstd-checksum", "success", "success", "success", good3, {"pack 5 block 0": lambda b: (1, zstandard.ZstdCompressor(
        write_checksum=True).compress(zstandard.decompress(b[1]))) if b[0] else b})
    add("planes", "success", "success", "success", good3, {f"pack {pack} block 0": lambda b: (2, zstandard.compress(planes_of(b)))
        for pack in (4, 5)})
    add("shares", "success", "success", "success", good3, key="share-2.txt share-5.txt share-1.txt")
    seen("one-copy-damaged", "repairable", after=on_files("sessions/000003/manifest", lambda d: flip(d, 200)), restore=good3)
    seen("mixed-copies", "repairable", after=each(
        on_files("sessions/000003/header", lost), on_files("sessions-2/000003/manifest", lambda d: flip(d, 100)),
        on_files("sessions-3/000003/seal", lambda d: flip(d, 30))), restore=good3)
    seen("label-lost", "corruption", after=on_files("label", lost), restore=good3)
    seen("earlier-session-damaged", "corruption", after=on_files("{}/000001/manifest", lambda d: flip(d, 80)),
         restore={"1/ehr": "corruption", "3/ehr": "success"})

    # Corruption that needs no key.
    seen("block-flipped", "corruption", after=on_files("packs/00/00000004", lambda d: flip(d, 300)))
    seen("padding-flipped", "corruption", after=on_files("packs/00/00000003", flip_padding), restore=good3)
    seen("pack-truncated", "corruption", after=on_files("packs/00/00000004", lambda d: d[:5000]))
    seen("pack-missing", "corruption", after=on_files("packs/00/00000004", lost))
    seen("pack-longer", "repairable", after=on_files("packs/00/00000004", lambda d: d + b"\0"), restore=None)
    seen("packs-swapped", "corruption", after=swap_packs)
    seen("leaf-hash-wrong", "repairable", {"pack 4 hashes": lambda d: flip(d, 5)}, restore=None)
    seen("tail-magic-wrong", "repairable", {"pack 4 tail": lambda d: flip(d, 0)}, restore=None)
    seen("tail-reserved", "repairable", {"pack 4 tail": lambda d: flip(d, 60)}, restore=None)
    seen("pack-magic-wrong", "corruption", {"pack 4 header": lambda d: flip(d, 0)})
    seen("pack-reserved", "corruption", {"pack 4 header": lambda d: flip(d, 58)})
    seen("pack-of-another-set", "corruption", {"pack 4 header": lambda d: d[:16] + MediaSet("B").id + d[32:]})
    seen("pack-number-wrong", "corruption", {"pack 4 header": lambda d: d[:12] + u32(9) + d[16:]})
    seen("root-wrong", "corruption", {"packs 3": lambda packs: packs[:3] + [packs[3][:3] + [flip(packs[3][3], 0)]] + packs[4:]},
         restore=None)
    seen("packs-not-rising", "corruption", {"packs 3": lambda packs: packs[::-1]})
    seen("header-flipped", "corruption", after=on_files("{}/000003/header", lambda d: flip(d, 40)))
    seen("manifest-flipped", "corruption", after=on_files("{}/000003/manifest", lambda d: flip(d, 200)))
    seen("manifest-lost", "corruption", after=on_files("{}/000003/manifest", lost))
    seen("seal-truncated", "corruption", after=on_files("{}/000003/seal", lambda d: d[:100]))
    seen("seal-sections-unsorted", "corruption", {"seal 3": lambda o: {**o, "sections": o["sections"][::-1]}})
    seen("seal-section-twice", "corruption", {"seal 3": lambda o: {**o, "sections": o["sections"] + o["sections"][-1:]}})
    seen("seal-section-missing", "corruption", {"seal 3": lambda o: {**o, "sections": o["sections"][:2]}})
    seen("manifest-section-missing", "corruption", {"manifest 3": lambda o: {**o, "sections": o["sections"][:1] + o["sections"][2:]}})
    seen("header-trailing", "corruption", {"header 3": change(end=b"\0")})
    seen("manifest-trailing", "corruption", {"manifest 3": change(end=b"\0")})
    seen("seal-too-large", "corruption", {"seal 3": lambda o: {**o, "sections": o["sections"] + [(20, 0, bytes(65536))]}})
    seen("chain-gap", "corruption", after=on_files("{}/000002", lost), restore=good3)

    # Corruption that only the key shows: packs.
    hidden("commitment-wrong", {"pack 4 header": lambda d: flip(d, 64)})
    hidden("block-flipped-resigned", {"pack 4 region": lambda d: flip(d, 300)})
    hidden("block-table-flipped", {"pack 4 region": lambda d: flip(d, len(d) - 50)})
    hidden("block-table-count", {"pack 4 block table": lambda t: b"\xff\xff\xff\xff" + t[4:]})
    hidden("block-table-trailing", {"pack 4 block table": lambda t: t + b"\0"})
    hidden("block-locator-far", {"pack 4 block locator": lambda t: u64(1 << 63) + t[8:]})
    hidden("block-locator-long", {"pack 4 block locator": lambda t: t[:8] + u64(1 << 40)})
    hidden("chunk-id-wrong", {"pack 4 chunk table": lambda t: flip(t, 10)}, restore=None)
    hidden("chunk-table-length", {"pack 4 chunk table": lambda t: flip(t, 36)}, restore=None)
    hidden("chunk-bytes-wrong", {f"chunk {report}": lambda d: flip(d, 9)})
    hidden("codec-unknown", {"pack 4 block 0": lambda b: (3, b[1])})
    hidden("planes-longer", {"pack 5 block 0": lambda b: (2, zstandard.compress(planes_of(b) + b"x"))})
    hidden("planes-as-plain-bytes", {"pack 5 block 0": lambda b: (2, b[1])})
    hidden("zstd-two-frames", {"pack 5 block 0": lambda b: (1, b[1] + zstandard.compress(b""))})
    hidden("zstd-longer", {"pack 5 block 0": lambda b: (1, zstandard.compress(zstandard.decompress(b[1]) + b"x"))})
    hidden("zstd-bomb", {"pack 5 block 0": lambda b: (1, zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1 << 26)))})
    hidden("zstd-damaged", {"pack 5 block 0": lambda b: (1, flip(b[1], 0))})
    hidden("nonce-wrong", {"pack 4 nonce 0": lambda n: flip(n, 0)}, result="success")
    hidden("region-size-wrong", {"pack 4 region size": lambda n: n + 65536}, restore=None)
    hidden("chunk-too-large", {"tree 3/ehr": add_large, "cut 3/ehr:large": lambda lengths: (sum(lengths),),
                               "block limit": lambda _: 1 << 21})
    hidden("block-too-large", {"tree 3/ehr": add_large, "block limit": lambda _: 1 << 22})

    # Corruption that only the key shows: contents.
    hidden("extent-digest-wrong", {f"content {report}": first_extent(4, lambda d: flip(d, 0))})
    hidden("content-digest-wrong", {f"content {report}": lambda c: {**c, "digest": flip(c["digest"], 0)}})
    hidden("content-longer", {f"content {report}": lambda c: {**c, "size": c["size"] + 1}})
    hidden("content-shorter", {f"content {report}": lambda c: {**c, "size": c["size"] - 1}})
    hidden("content-too-large", {f"content {report}": lambda c: {**c, "size": 1 << 63, "extents": [[HOLE, 1 << 63]]}})
    hidden("content-level-2", {f"content {report}": change(level=2)})
    hidden("extent-mid-chunk", {f"content {report}": first_extent(3, lambda byte: byte + 1)})
    hidden("extent-end-mid-chunk", {f"content {report}": lambda c: {**first_extent(1, lambda n: n - 1)(c), "size": c["size"] - 1}})
    hidden("extent-past-pack", {f"content {report}": first_extent(3, 1 << 31)})
    hidden("extent-too-long", {f"content {report}": lambda c: {
        **c, "size": 1 << 40, "extents": [[DATA, 1 << 40, *c["extents"][0][2:]]]}})
    hidden("extent-unknown-pack", {f"content {report}": first_extent(2, 99)})
    hidden("extent-other-place", {f"content {report}": lambda c: {**c, "extents": [[DATA, c["size"], 1, 0, bytes(32)]]}})
    hidden("extent-kind-unknown", {f"content {report}": lambda c: {**c, "size": 5, "extents": [[4, 5]]}})
    hidden("extent-empty", {f"content {report}": lambda c: {**c, "extents": c["extents"] + [[HOLE, 0]]}})
    hidden("extent-count", {f"entry {report}": lambda e: with_field(0, e["fields"][0][:41] + b"\xff" * 4 + e["fields"][0][45:])(e)})
    hidden("content-trailing", {f"entry {report}": lambda e: with_field(0, e["fields"][0] + b"\0")(e)})
    hidden("list-trailing", {f"list {pieces}": lambda data: data + b"\2"})
    hidden("list-short", {f"list {pieces}": lambda data: data[:-9]})
    hidden("hole-as-zeros", {"content 3/ehr:sparse/all-hole": lambda c: {**c, "extents": [[ZEROS, c["size"]]]}})

    # Corruption that only the key shows: trees.
    hidden("directory-unsorted", {f"children {docs}": lambda c: c[1:] + c[:1]})
    hidden("directory-name-twice", {f"children {docs}": lambda c: c[:1] + c})
    hidden("directory-trailing", {f"children {docs}": lambda c: c[:-1] + [(c[-1][0], c[-1][1] + b"\0")]})
    note = "entry 3/ehr:docs/note.txt"
    for name, value in (("dotdot", b".."), ("dot", b"."), ("slash", b"a/b"), ("nul", b"a\0b"), ("empty", b""), ("long", b"n" * 256)):
        hidden(f"name-{name}", {note: change(name=value)})
    hidden("root-named", {"entry 3/ehr:": change(name=b"root")})
    hidden("kind-unknown", {note: change(kind=8)})
    hidden("field-unknown", {note: with_field(10, b"")})
    hidden("mode-high", {note: change(mode=0o100644)})
    hidden("nanoseconds-high", {note: change(mtime=u64(5) + u32(10**9))})
    hidden("file-without-content", {note: without_field(0)})
    hidden("content-on-symlink", {"entry 3/ehr:links/to-note": with_field(0, u64(0) + u8(0) + sha256(b"") + u32(0))})
    hidden("symlink-without-target", {"entry 3/ehr:links/to-note": without_field(1)})
    hidden("symlink-empty", {"entry 3/ehr:links/to-note": with_field(1, b"")})
    hidden("symlink-long", {"entry 3/ehr:links/to-note": with_field(1, b"t" * 4096)})
    hidden("device-on-file", {note: with_field(2, u32(8) + u32(0))})
    hidden("link-on-directory", {f"entry {docs}": with_field(3, u64(1) + u32(2))})
    hidden("link-first-without-content", {"entry 3/ehr:links/first": without_field(0), "entry 3/ehr:zz-third": without_field(0)})
    hidden("link-second-with-content", {"entry 3/ehr:links/second": with_field(0, u64(0) + u8(0) + sha256(b"") + u32(0))})
    hidden("xattrs-empty", {note: with_field(6, b"")})
    hidden("xattrs-unsorted", {note: with_field(6, short(b"user.b") + long(b"") + short(b"user.a") + long(b""))})
    hidden("xattr-long", {note: with_field(6, short(b"user.b") + long(bytes(65537)))})
    hidden("flags-zero", {note: with_field(8, u32(0))})
    hidden("flaw-unknown", {note: with_field(9, u8(3))})
    hidden("entry-trailing", {note: with_field(7, time(0) + b"\0")})

    # Corruption that only the key shows: generations.
    hidden("generation-padding", {"generation plain 3": lambda p: p[:-1] + b"\1"})
    hidden("generation-size", {"generation plain 3": lambda p: p + b"\0"})
    hidden("generation-length", {"generation plain 3": lambda p: u32(1 << 31) + p[4:]})
    hidden("generation-flipped", {"manifest 3": lambda o: {**o, "sections": o["sections"][:2] + [(3, 1, flip(o["sections"][2][2], 40))]}})
    hidden("signals-short", {"signals raw 3": lambda d: d[:-1]})
    hidden("signals-of-fewer", {"signals raw 3": lambda d: u32(1) + long(signals(SIGNALS))})
    hidden("signals-of-none", {"generation 1": lambda s: s + [(17, 0, u32(0))]}, restore={"1/ehr": "corruption", "3/ehr": "success"})
    for name, fields in {
            "flags-unknown": {"flags": 32 + 7}, "flags-without-changes": {"flags": 5, "changes": None},
            "chunks": {"chunks": (9, 90_000, 10, 40_000, 39_000)}, "changed": {"changes": (13, 50_000, 7, 2)},
            "renamed": {"changes": (5, 50_000, 1, 2)}, "extensions-order": {"extensions": [(b"txt", 2), (b"", 5)]},
            "extensions-twice": {"extensions": [(b"a", 3), (b"b", 2), (b"a", 2)]},
            "extensions-sum": {"extensions": [(b"a", (1 << 64) - 1), (b"b", 13)]},
            "extensions-65": {"tree": (65, 100_000), "extensions": [(b"%02d" % i, 1) for i in range(65)]},
            "extension-upper-case": {"extensions": [(b"A", 1)]}, "extension-long": {"extensions": [(b"a" * 17, 1)]}}.items():
        hidden("signals-" + name, {"signals 3": change(**fields)})
    hidden("signals-of-stream", {"signals raw 3": lambda d: u32(2) + long(signals(SIGNALS)) * 2})
    add("signals-largest", "success", "success", "success", good3, {"signals 3": change(
        flags=31, tree=((1 << 64) - 1,) * 2, changes=((1 << 64) - 1,) * 4, chunks=((1 << 64) - 1,) * 5,
        extensions=[(b"%016d" % i, (1 << 58) - 1) for i in range(64)])})
    hidden("connections-short", {"connections 3": lambda d: d[:-1]})
    hidden("connections-long", {"connections 3": lambda d: d + b"\0"})
    hidden("connections-of-none", {"connections 3": lambda d: u32(0)})
    hidden("connections-65", {"connections 3": lambda d: u32(65) + CONNECTION * 65})
    hidden("connections-end", {"connections 3": lambda d: u32(1) + CONNECTION[:28] + u8(4) + CONNECTION[29:]})
    hidden("connections-time", {"connections 3": lambda d: u32(1) + CONNECTION[:24] + u32(10**9) + CONNECTION[28:]})
    add("connections-largest", "success", "success", "success", good3, {"connections 3": lambda d: u32(64) + (
        CONNECTION[:28] + u8(0) + u64(1 << 48) * 2 + b"\xff" * 16) * 64})
    for name, milliseconds in (("work", u64((1 << 64) - 1) + u64(1)), ("overhang", u64(1) + u64((1 << 48) + 1))):
        hidden(f"connections-endless-{name}", {"connections 3": lambda d, m=milliseconds: u32(1) + CONNECTION[:29] + m + CONNECTION[45:]})
    hidden("generation-forged", {"manifest 3": lambda o: {**o, "sections": o["sections"][:2] + [(3, 1, bytes(128))]}})
    hidden("source-dotdot", {"source 3/ehr:": lambda _: b".."}, restore=None)
    hidden("source-twice", {"source 3/db:": lambda _: b"ehr"})

    # Keys.
    add("key-of-other-recipient", "key", "success", "key", "key", key="other.key")
    add("key-mistyped", "key", "success", "key", "key", key="mistyped.key")
    add("key-of-another-site", "authenticity", "success", "authenticity", "authenticity", key="foreign.key")
    add("shares-too-few", "key", "success", "key", "key", key="share-1.txt share-4.txt")
    seen("not-sealed-to-policy", "authenticity", {"slot 3": lambda keys: [x25519_public(OTHER_RECOVERY)] + keys[1:]})

    add("repeated-slot-of-another-session", "success", "success", "success", all_good,
        {"slots 3": lambda slots: [slot_of_another_session(1)] + slots[1:]})

    # Authenticity.
    seen("seal-signature-flipped", "authenticity", {"seal 3 raw": lambda d: flip(d, len(d) - 40)})
    seen("seal-by-another-host", "authenticity", {"sealer 3": lambda _: seeded("intruder", 32)})
    seen("seal-of-another-medium", "authenticity", {"medium 3": lambda _: seeded("other medium", 16)})
    seen("certificate-by-another-authority", "authenticity", {"certificate 3": change(by=OTHER_AUTHORITY)})
    seen("certificate-of-another-site", "authenticity", {"certificate 3": change(site=bytes(16))})
    seen("policy-by-another-authority", "authenticity", {"policy 3": change(by=OTHER_AUTHORITY)})
    seen("policy-of-another-site", "authenticity", {"policy 3": change(site=bytes(16))})
    seen("session-of-another-authority", "authenticity", {"authority 3": lambda _: OTHER_AUTHORITY,
         "certificate 3": change(by=OTHER_AUTHORITY), "policy 3": change(by=OTHER_AUTHORITY)})
    seen("manifest-of-another-session", "authenticity", {"manifest identity 3": lambda d: flip(d, 35)})
    seen("session-renumbered", "authenticity", after=lambda vault: [
         shutil.copytree(os.path.join(vault, c, "000003"), os.path.join(vault, c, "000004")) for c in COPIES], restore=good3)
    seen("chain-fork", "authenticity", {"previous 3": lambda p: (p[0], flip(p[1], 0))}, restore=good3)
    seen("chain-skips", "authenticity", {"previous 3": lambda p: (0, bytes(32))}, restore=good3)
    seen("label-of-another-set", "authenticity", label_set="B", restore=None)
    seen("set-changes-without-epoch", "authenticity", sets="AAB", restore=None)
    seen("label-forged", "authenticity", {"label raw": lambda d: flip(d, len(d) - 1)}, restore=None)
    seen("label-by-another-authority", "authenticity", {"certificate label": change(by=OTHER_AUTHORITY)}, restore=None)

    # Versions.
    for kind in ("header", "manifest", "seal"):
        seen(f"{kind}-version-2", "version", {f"{kind} 3": change(version=2)})
        seen(f"{kind}-flags", "version", {f"{kind} 3": change(flags=1)})
        seen(f"{kind}-critical-section", "version", {f"{kind} 3": lambda o: {**o, "sections": o["sections"] + [(21, 1, b"")]}})
    seen("manifest-section-9", "version", {"manifest 3": lambda o: {**o, "sections": o["sections"] + [(9, 1, b"")]}})
    seen("label-version-2", "version", {"label": change(version=2)}, restore=None)
    seen("pack-version-2", "version", {"pack 4 header": lambda d: d[:8] + u16(2) + d[10:]}, restore=None)
    seen("pack-flags", "version", {"pack 4 header": lambda d: d[:10] + u16(1) + d[12:]}, restore=None)
    hidden("generation-critical-section", {"generation 3": lambda s: s + [(30, 1, b"")]}, result="version")
    hidden("signals-critical", {"generation 3": lambda s: s[:3] + [(17, 1, s[3][2])]}, result="version")


    define_hostile_variants(docs, report)


def define_hostile_variants(docs, report):
    """What a thief of a medium, or of a host's key, may try on whoever reads it."""
    note, content = "entry 3/ehr:docs/note.txt", f"content {report}"
    good3, largest = {"3/ehr": "success"}, (1 << 64) - 1

    # Trees that would leave the target, or never end.
    hidden("name-absolute", {note: change(name=b"/etc/azekura-was-here")})
    hidden("name-climbs", {note: change(name=b"../../outside")})
    hidden("directory-over-symlink", {"children 3/ehr:": lambda c: sorted(c + [symlink(b"docs", b"../../outside")])})
    hidden("file-over-symlink", {f"children {docs}": lambda c: sorted(c + [symlink(b"note.txt", b"../../../outside")])})
    hidden("hard-link-of-symlink", {"entry 3/ehr:links/first": lambda e: {
        **e, "kind": SYMLINK, "fields": {1: b"../../../outside", 3: e["fields"][3]}}})
    hidden("depth-10000", {"tree 3/ehr": lambda tree: add_nested(tree, 10_000)})
    # 8 to the 20th paths of 21 folders: valid, and endless to whoever takes each path.
    def repeated(name, result, bottom, points=None):
        paths = {f"children 3/ehr:nested{'/d' * level}": repeat_eight_times for level in range(20)}
        add(name, result, "success", result, None,
            {"tree 3/ehr": lambda tree: add_nested(tree, 20, bottom), **paths, **(points or {})}, endless=True)
    deepest = "3/ehr:nested" + "/d" * 20
    repeated("folders-repeated", "success", folder({}))
    repeated("first-names-repeated", "success", folder({b"file": Node(FILE, parts=[(DATA, b"1")], link=9)}))
    repeated("loss-repeated", "corruption", folder({b"file": Node(FILE, parts=[(DATA, b"1")])}),
             {f"content {deepest}/file": first_extent(4, lambda d: flip(d, 0))})

    # Lengths and places that a sum or a cast would turn into others.
    hidden("extent-length-largest", {content: change(size=largest, extents=[[HOLE, largest]])})
    hidden("extents-sum-wraps", {content: change(size=0, extents=[[HOLE, 1 << 63], [HOLE, 1 << 63]])})
    hidden("extents-sum-wraps-signed", {content: change(size=0, extents=[[HOLE, (1 << 63) - 1]] * 2 + [[HOLE, 2]])})
    hidden("extent-byte-largest", {content: first_extent(3, (1 << 32) - 1)})
    hidden("extent-repeated", {content: lambda c: {**c, "size": 2 * c["size"], "extents": c["extents"] * 2}})
    hidden("extents-backwards", {content: lambda c: {**c, "extents": c["extents"][::-1]}})
    hidden("extent-into-trees", {content: first_extent(2, 5)})
    hidden("block-locator-wraps", {"pack 4 block locator": lambda t: u64(largest - 7) + u64(16)})
    hidden("block-locator-header", {"pack 4 block locator": lambda t: u64(0) + t[8:]})
    hidden("block-length-largest", {"pack 4 block table": lambda t: t[:4] + u32((1 << 32) - 1) + t[8:]})
    hidden("block-plain-largest", {"pack 4 block table": lambda t: t[:8] + u32((1 << 32) - 1) + t[12:]})
    hidden("block-chunks-largest", {"pack 4 block table": lambda t: t[:21] + u32((1 << 32) - 1) + t[25:]})
    hidden("snapshots-largest", {"generation 3": lambda s: [s[0], (2, 1, u32((1 << 32) - 1) + s[1][2][4:]), s[2]]})
    seen("packs-largest", "corruption", {"manifest 3": lambda o: with_section(o, 1, u32((1 << 32) - 1))})
    seen("slots-largest", "corruption", {"header 3": lambda o: with_section(o, 4, u32((1 << 32) - 1))})

    # Blocks that expand to more than they promise, and blocks in another's place.
    hidden("zstd-expands-further", {"pack 5 block 0": lambda b: (1, zstd_of_zeros(plain_length(b), 512))})
    hidden("zstd-window-huge", {"pack 5 block 0": lambda b: (1, zstd_of_zeros(plain_length(b), 1, window=0xFF))})
    first_block = []
    hidden("block-repeated", {"pack 4 block 0": lambda b: first_block.append(b) or b, "pack 4 block 1": lambda b: first_block[-1]},
           restore={"3/db": "corruption"})
    seen("tails-swapped", "repairable", after=swap_parts(lambda data: (len(data) - 64, len(data))), restore=None)
    seen("locators-swapped", "corruption", after=swap_parts(lambda data: (region_of(data) - 88, region_of(data))))
    seen("headers-swapped", "corruption", after=swap_parts(lambda data: (0, 96)))

    # Older versions.
    for kind in ("header", "manifest", "seal"):
        seen(f"{kind}-version-0", "version", {f"{kind} 3": change(version=0)})
    seen("label-version-0", "version", {"label": change(version=0)}, restore=None)
    seen("pack-version-0", "version", {"pack 4 header": lambda d: d[:8] + u16(0) + d[10:]}, restore=None)

    # Files that are not what their names say.
    files = {"label": "label", "pack": "packs/00/00000004", **{kind: f"{{}}/000003/{kind}" for kind in ("header", "manifest", "seal")}}
    for kind, pattern in files.items():
        for shape, function in SHAPES.items():
            if kind == "seal" and shape in NOT_PLAIN:                       # no seal: the session never counted
                add(f"{kind}-{shape}", "success", "success", "success", {"1/db": "success"}, after=reshape(pattern, function))
                continue
            restore = "success" if kind == "label" else "corruption"
            if (kind, shape) == ("pack", "huge"):                           # all that was sealed is there
                seen(f"{kind}-{shape}", "repairable", after=reshape(pattern, function), restore=None)
                continue
            seen(f"{kind}-{shape}", "corruption", after=reshape(pattern, function), restore={"3/db": restore})
    add("empty-sessions", "success", "success", "success", good3, after=add_empty_sessions)


def symlink(name, target):
    """A name and its encoded entry, to be put among children."""
    return name, u8(SYMLINK) + u32(1 << 1) + short(name) + u32(0o777) + bytes(8) + time(0) + long(target)


def add_nested(tree, depth, bottom=None):
    node = bottom or folder({})
    for _ in range(depth):
        node = folder({b"d": node})
    tree.children[b"nested"] = node
    return tree


def repeat_eight_times(children):
    """A folder whose only child is there under seven more names."""
    [(name, encoded)] = children
    start, rest = encoded[:5], encoded[5 + len(short(name)):]
    return [(other, start + short(other) + rest) for other in (b"%d" % number for number in range(8))]


def with_section(o, index, start):
    """An object whose section begins with other bytes."""
    kind, flags, content = o["sections"][index]
    changed = (kind, flags, start + content[len(start):])
    return {**o, "sections": o["sections"][:index] + [changed] + o["sections"][index + 1:]}


def planes_of(block):
    """Sample planes of a block's plain bytes (docs/format.md, section 7)."""
    plain = plain_of(block)
    differences = bytes((byte - before) & 255 for byte, before in zip(plain, bytes(2) + plain))
    return differences[0::2] + differences[1::2]


def plain_of(block):
    codec, payload = block
    return zstandard.decompress(payload) if codec else payload


def plain_length(block):
    return len(plain_of(block))


def zstd_of_zeros(promised, count, window=None):
    """A frame that promises so many bytes and has `count` runs of 128 KiB (RFC 8878, section 3.1.1)."""
    runs = b"".join((131072 << 3 | 1 << 1 | (i == count - 1)).to_bytes(3, "little") + b"\0" for i in range(count))
    return b"\x28\xb5\x2f\xfd" + (u8(0xA0) if window is None else u8(0x80) + u8(window)) + u32(promised) + runs


def region_of(pack):
    """Length of the data region, from the tail."""
    return struct.unpack("<Q", pack[-48:-40])[0]


def swap_parts(bounds):
    """An `after` that exchanges a part of packs 4 and 5."""
    def apply(vault):
        paths = [os.path.join(vault, "packs/00", name) for name in ("00000004", "00000005")]
        packs = []
        for path in paths:
            with open(path, "rb") as file:
                packs.append(file.read())
        for path, pack, other in zip(paths, packs, packs[::-1]):
            (start, end), (other_start, other_end) = bounds(pack), bounds(other)
            with open(path, "wb") as file:
                file.write(pack[:start] + other[other_start:other_end] + pack[end:])
    return apply


def reshape(pattern, function):
    """An `after` that puts something else in a file's place; {} stands for each copy."""
    def apply(vault):
        for path in sorted({os.path.join(vault, pattern.format(copy)) for copy in COPIES}):
            size = os.path.getsize(path)
            function(path, size)
    return apply


def replace_by(make):
    def apply(path, _):
        os.unlink(path)
        make(path)
    return apply


SITE_FILE = b'[[set]]\nname = "daily"\nfolder = "/mnt/daily"\n'
NOT_PLAIN = "fifo", "folder", "symlink"
SHAPES = {
    "empty": lambda path, _: os.truncate(path, 0),
    "halved": lambda path, size: os.truncate(path, size // 2),
    "huge": lambda path, _: os.truncate(path, 1 << 40),
    "fifo": replace_by(os.mkfifo),
    "folder": replace_by(os.mkdir),
    "symlink": replace_by(lambda path: os.symlink("/dev/zero", path)),
}


def add_empty_sessions(vault):
    """Session folders in which nothing is, from the first free number on."""
    for number in range(4, 20_000):
        os.mkdir(os.path.join(vault, f"sessions/{number:06d}"))


def leave_unfinished(vault):
    """What a crash leaves: a session without a seal, a pack no session names, files in tmp."""
    for name in ("header", "manifest"):
        os.makedirs(os.path.join(vault, "sessions/000004"), exist_ok=True)
        shutil.copy(os.path.join(vault, "sessions/000003", name), os.path.join(vault, "sessions/000004", name))
    shutil.copy(os.path.join(vault, "packs/00/00000004"), os.path.join(vault, "packs/00/00000006"))
    os.makedirs(os.path.join(vault, "tmp"))
    with open(os.path.join(vault, "tmp/part"), "wb") as file:
        file.write(b"half")


def flip_padding(data):
    """Pack 3 with a byte just before its locators changed, which is padding."""
    return flip(data, region_of(data) - 89)


def swap_packs(vault):
    a, b = (os.path.join(vault, "packs/00", name) for name in ("00000004", "00000005"))
    os.rename(a, a + ".x")
    os.rename(b, a)
    os.rename(a + ".x", b)


def add_large(tree):
    """A file of more than 2 MiB that no other shares chunks with."""
    tree.children[b"large"] = file_of(seeded("large", 5 << 18).hex().encode())
    return tree


define_variants()


def build(out, variant):
    """Makes OUT/vault and the keys; returns the snapshots by name, for write_expected."""
    vault, snapshots = os.path.join(out, "vault"), {}
    writer = Writer(vault, variant.points)
    sets = [writer.sets[name] for name in variant.sets]
    writer.write("README.txt", b"A vault of Azekura, made by make_vault.py.\n")
    writer.label((writer.sets[variant.label_set] if variant.label_set else sets[0]).id)
    nights = [[("ehr", ehr(False)), ("db", database(False)), ("gate", gate(), False)], [], [("ehr", ehr(True)), ("db", database(True))]]
    for number, night in enumerate(nights, 1):
        for source in night:
            snapshots[f"{number}/{source[0]}"] = writer.tweak(f"tree {number}/{source[0]}", source[1])
        writer.session(Session(number, sets[number - 1], variant.epochs[number - 1]), night, b"" if night else seeded("spare", 90_000))
    if variant.after:
        variant.after(vault)
    unused = variant.points.keys() - writer.used
    if unused:
        raise ValueError(f"{variant.name}: points never reached: {', '.join(sorted(unused))}")
    good = key_file(SITE, RECOVERY, AUTHORITY)
    at = good.index("recovery  ") + 30
    texts = {"recovery.key": good, "other.key": key_file(SITE, OTHER_RECOVERY, AUTHORITY),
             "foreign.key": key_file(seeded("other site", 16), OTHER_RECOVERY, OTHER_AUTHORITY),
             "mistyped.key": good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1:]}
    texts.update((f"share-{i}.txt", text) for i, text in enumerate(share_files(RECOVERY + AUTHORITY, 3, 5), 1))
    for name, text in texts.items():
        with open(os.path.join(out, name), "w", encoding="ascii") as file:
            file.write(text)
    return snapshots


def write_expected(node, path, links=None):
    """Makes the real files a restore of this node must equal."""
    links = {} if links is None else links
    if node.link in links:
        os.link(links[node.link], path)
        return
    if node.link:
        links[node.link] = path
    if node.kind == DIRECTORY:
        os.mkdir(path)
        for name, child in sorted(node.children.items()):
            write_expected(child, os.path.join(path, name), links)
    elif node.kind == SYMLINK:
        os.symlink(node.target, path)
    elif node.kind == FIFO:
        os.mkfifo(path)
    else:
        with open(path, "wb") as file:
            for kind, value in node.parts:
                if kind == HOLE:
                    file.seek(value, os.SEEK_CUR)
                else:
                    file.write(value if kind == DATA else bytes(value))
            file.truncate()
    if os.geteuid() == 0:
        os.chown(path, node.uid, node.gid, follow_symlinks=False)
    for name, value in node.xattrs.items():
        try:
            os.setxattr(path, name, value, follow_symlinks=False)
        except OSError:
            pass                                                            # a file system without them
    if node.kind != SYMLINK:
        os.chmod(path, node.mode)
    os.utime(path, ns=(node.mtime, node.mtime), follow_symlinks=False)


def main():
    parser = argparse.ArgumentParser(description="Makes golden vaults.")
    parser.add_argument("out", nargs="?")
    parser.add_argument("--variant", default="plain", choices=sorted(VARIANTS), metavar="NAME")
    parser.add_argument("--expected", action="store_true", help="also write the trees a restore must give")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        for variant in VARIANTS.values():
            print(variant.name, variant.result)
        return 0
    if not arguments.out:
        parser.error("OUT is missing")
    os.makedirs(arguments.out, exist_ok=True)
    snapshots = build(arguments.out, VARIANTS[arguments.variant])
    if arguments.expected:
        os.makedirs(os.path.join(arguments.out, "expected"))
        for name in ("1/ehr", "1/db", "3/ehr", "3/db"):
            write_expected(snapshots[name], os.fsencode(os.path.join(arguments.out, "expected", name.replace("/", "-"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
