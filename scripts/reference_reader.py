#!/usr/bin/python3
"""Reference reader of Azekura vaults, written from docs/format.md alone.

Slow, small and strict: it exists to prove that the page is enough to get the data back. Section numbers in
comments are those of docs/format.md. Needs Python 3.11, PyNaCl, cryptography and zstandard.
"""
import argparse
import errno
import fcntl
import hashlib
import hmac
import itertools
import json
import os
import re
import stat
import struct
import sys
from collections import OrderedDict
from dataclasses import dataclass, field

import nacl.exceptions
import nacl.signing
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
# Section 3.
MAX_CHUNK, MAX_BLOCK_PLAIN, MAX_BLOCK_CHUNKS = MIB, 2 * MIB, 16384
MAX_REGION, MIN_REGION, MAX_PACK_PLAIN, MAX_PACK_BLOCKS, MAX_PACK_CHUNKS = 64 * MIB, 16 * KIB, GIB, 65536, 1 << 20
MAX_HEADER, MAX_MANIFEST, MAX_SEAL, MAX_LABEL = 64 * MIB, 256 * MIB, 64 * KIB, 64 * KIB
MAX_RECIPIENTS, MAX_DEPTH, MAX_LIST, MAX_XATTRS = 16, 4096, GIB, 4096
LEAF, PACK_HEADER, LOCATOR, TAIL, TAG = 64 * KIB, 96, 44, 64, 16
COPIES = ("sessions", "sessions-2", "sessions-3")
FILE, DIRECTORY, SYMLINK, BLOCK_DEVICE, CHARACTER_DEVICE, FIFO, SOCKET = range(1, 8)
KIND_NAMES = dict(zip(range(1, 8), ("file", "directory", "symlink", "block", "character", "fifo", "socket")))
DATA, HOLE, ZEROS = 1, 2, 3
SETTABLE_FLAGS = 0x8100FC  # section 10
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS = 0x80086601, 0x40086602


class Failure(Exception):
    """A rule of the page is broken; `word` is the class of section 1."""
    word, code = "failure", 1


class Corruption(Failure):
    word, code = "corruption", 5


class KeyProblem(Failure):
    word, code = "key", 6


class Authenticity(Failure):
    word, code = "authenticity", 6


class Version(Failure):
    word, code = "version", 6


class Usage(Failure):
    word, code = "usage", 2


def need(condition, text, kind=Corruption):
    """Raises `kind` unless the condition holds."""
    if not condition:
        raise kind(text)


def worst(failures):
    """Exit code of a list of failures: 6 before 5 before 0."""
    return max((failure.code for failure in failures), default=0)


# ---- Section 4: cryptography ------------------------------------------------------------------------------------

def sha256(*parts):
    """SHA-256 of the parts joined."""
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key, *parts):
    """HMAC-SHA-256 of the parts joined."""
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def hkdf_expand(prk, info, length):
    """HKDF-Expand of RFC 5869."""
    out, last, counter = b"", b"", 1
    while len(out) < length:
        last = mac(prk, last, info, bytes([counter]))
        out, counter = out + last, counter + 1
    return out[:length]


def derive(key, label, context, length=32):
    return hkdf_expand(key, label + b"\0" + context, length)


def gcm_open(key, nonce, sealed, ad, text, kind=Corruption):
    """AES-GCM decryption, or a failure of the given kind."""
    need(len(sealed) >= TAG, text + ": too short", kind)
    try:
        return AESGCM(key).decrypt(nonce, sealed, ad)
    except InvalidTag:
        raise kind(text + ": does not open") from None


def box_open(key, ad, sealed, text):
    """Opens box(key, ad, plain), its nonce taken as stored."""
    need(len(sealed) >= 28, text + ": too short")
    return gcm_open(derive(key, b"azekura box key v1", b""), sealed[:12], sealed[12:], ad, text)


def check_signature(key, domain, data, signature, text):
    """Ed25519 over domain, a zero byte and the data."""
    try:
        nacl.signing.VerifyKey(key).verify(domain + b"\0" + data, signature)
    except (nacl.exceptions.BadSignatureError, ValueError):
        raise Authenticity(text + ": signature does not verify") from None


def hpke_open(private, enc, info, aad, sealed, aead_id=2):
    """RFC 9180 base mode, single message; AEAD 1 is AES-128-GCM, 2 AES-256-GCM. None if it does not open."""
    key_length = {1: 16, 2: 32}[aead_id]
    secret_key = X25519PrivateKey.from_private_bytes(private)
    public = x25519_public(private)

    def extract(suite, salt, label, ikm):
        return mac(salt or bytes(32), b"HPKE-v1", suite, label, ikm)

    def expand(suite, prk, label, data, length):
        return hkdf_expand(prk, struct.pack(">H", length) + b"HPKE-v1" + suite + label + data, length)

    kem = b"KEM" + struct.pack(">H", 0x20)
    suite = b"HPKE" + struct.pack(">HHH", 0x20, 1, aead_id)
    try:
        dh = secret_key.exchange(X25519PublicKey.from_public_bytes(enc))  # refuses an all-zero result
    except ValueError:
        return None
    shared = expand(kem, extract(kem, b"", b"eae_prk", dh), b"shared_secret", enc + public, 32)
    context = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    secret = extract(suite, shared, b"secret", b"")
    try:
        return AESGCM(expand(suite, secret, b"key", context, key_length)).decrypt(
            expand(suite, secret, b"base_nonce", context, 12), sealed, aad)
    except InvalidTag:
        return None


def x25519_public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def padme(n):
    """The Padmé size of n (section 7)."""
    e = n.bit_length() - 1
    m = (1 << max(0, e - e.bit_length())) - 1
    return (n + m) & ~m


# ---- Sections 1 and 6: encodings --------------------------------------------------------------------------------

class Cursor:
    """Reads the encodings of section 1 from bytes; every length is checked before anything is taken."""

    def __init__(self, data, name):
        self.data, self.name, self.at = data, name, 0

    def take(self, n):
        need(n <= len(self.data) - self.at, self.name + ": ends too early")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, layout):
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))[0]

    def u8(self):
        return self.number("B")

    def u16(self):
        return self.number("H")

    def u32(self):
        return self.number("I")

    def u64(self):
        return self.number("Q")

    def flag(self):
        value = self.u8()
        need(value < 2, self.name + ": a flag is neither 0 nor 1")
        return bool(value)

    def short(self):
        return self.take(self.u16())

    def long(self):
        return self.take(self.u32())

    def time(self):
        """Nanoseconds since 1970."""
        seconds, nanoseconds = self.number("q"), self.u32()
        need(nanoseconds < 10**9, self.name + ": nanoseconds out of range")
        return seconds * 10**9 + nanoseconds

    def count(self, item_size, limit=None):
        """A u32 count of items of at least item_size bytes, which must fit what is left."""
        n = self.u32()
        need(n * item_size <= len(self.data) - self.at and (limit is None or n <= limit), self.name + ": count too large")
        return n

    @property
    def left(self):
        return len(self.data) - self.at

    def end(self):
        need(self.left == 0, self.name + ": bytes after the end")


def parse_sections(cursor, known, required):
    """u32 count and sections; returns type to content. `known` are the types this reader understands."""
    found, last = {}, 0
    for _ in range(cursor.count(8)):
        kind, flags, content = cursor.u16(), cursor.u16(), cursor.long()
        need(kind > last, cursor.name + ": section types do not rise")
        last = kind
        if kind in known:
            need(flags == (1 if kind < 16 else 0), f"{cursor.name}: section {kind} has flags {flags}",
                 Version if kind > 15 and flags & 1 else Corruption)
            found[kind] = content
        else:
            need(kind > 15 and not flags & 1, f"{cursor.name}: unknown critical section {kind}", Version)
            need(flags == 0, f"{cursor.name}: section {kind} has flags {flags}")
    need(required <= found.keys(), cursor.name + ": a section is missing")
    return found


def parse_object(data, magic, name, known, required=None, signed=False):
    """An object of section 6; returns (sections, signed bytes, signature)."""
    cursor = Cursor(data, name)
    need(cursor.take(8) == magic, name + ": not its magic")
    need(cursor.u16() == 1, name + ": unknown version", Version)
    need(cursor.u16() == 0, name + ": unknown flags", Version)
    sections = parse_sections(cursor, known, known if required is None else required)
    body = data[:cursor.at]
    signature = cursor.take(64) if signed else b""
    cursor.end()
    return sections, body, signature


def read_limited(path, limit):
    """Bytes of a plain file of at most `limit` bytes; None if there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise Corruption(f"{path}: {error.strerror}") from None
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode):
        os.close(fd)
        return None
    with os.fdopen(fd, "rb") as file:
        need(info.st_size <= limit, f"{path}: larger than its limit")
        try:
            return file.read(info.st_size)
        except OSError as error:
            raise Corruption(f"{path}: {error.strerror}") from None


@dataclass
class Certificate:
    """A host certificate (section 6)."""
    site: bytes
    host: bytes
    epoch: int
    key: bytes

    @classmethod
    def parse(cls, data, authority):
        need(len(data) == 132, "certificate: not its length")
        check_signature(authority, b"azekura host certificate v1", data[:68], data[68:], "certificate")
        return cls(data[:16], data[16:32], struct.unpack("<I", data[32:36])[0], data[36:68])


def parse_policy(data, authority):
    """(site id, recipient public keys) of a policy."""
    cursor = Cursor(data, "policy")
    site, _, count = cursor.take(16), cursor.u32(), cursor.u8()
    need(1 <= count <= MAX_RECIPIENTS, "policy: number of recipients")
    recipients = [cursor.take(32) for _ in range(count)]
    need(all(a < b for a, b in zip(recipients, recipients[1:])), "policy: recipients do not rise")
    body, signature = data[:cursor.at], cursor.take(64)
    cursor.end()
    check_signature(authority, b"azekura policy v1", body, signature, "policy")
    return site, recipients


def recipient_tag(public):
    return sha256(b"azekura recipient v1\0", public)[:16]


# ---- Section 12: the recovery kit -------------------------------------------------------------------------------

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def decode_key_text(text, length):
    """Bytes of a key text; KeyProblem if it is not one of this length."""
    characters = text.upper().replace("-", "").replace(" ", "").translate(str.maketrans("ILO", "110"))
    bits = (length + 5) * 8
    need(all(c in ALPHABET for c in characters) and len(characters) == (bits + 4) // 5, "key text: not its form", KeyProblem)
    value, spare = 0, len(characters) * 5 - bits
    for c in characters:
        value = value << 5 | ALPHABET.index(c)
    need(value & ((1 << spare) - 1) == 0, "key text: last character", KeyProblem)
    data = (value >> spare).to_bytes(length + 5, "big")
    need(sha256(b"azekura key text v1\0", data[:-5])[:5] == data[-5:], "key text: a character is wrong", KeyProblem)
    return data[:-5]


@dataclass
class RecoveryKey:
    """What recovery.key holds, and what follows from it."""
    site: bytes
    private: bytes
    authority_seed: bytes

    @property
    def authority(self):
        return bytes(nacl.signing.SigningKey(self.authority_seed).verify_key)

    @classmethod
    def load(cls, paths):
        """From one recovery.key, or from enough share files."""
        texts = []
        for path in paths:
            try:
                with open(path, "rb") as file:
                    raw = file.read(64 * KIB).decode("ascii")
            except (OSError, UnicodeDecodeError) as error:
                raise KeyProblem(f"{path}: {error}") from None
            texts.append([line.split() for line in raw.splitlines() if line.split() and not line.startswith("#")])
        heads = {" ".join(lines[0]) if lines else "" for lines in texts}
        if heads == {"azekura recovery key, version 1"} and len(texts) == 1:
            lines = {words[0]: "".join(words[1:]) for words in texts[0][1:]}
            need(len(texts[0]) == 4 and lines.keys() == {"site", "recovery", "authority"}, "recovery key: lines", KeyProblem)
            return cls(hex_field(lines["site"], 16), decode_key_text(lines["recovery"], 32),
                       decode_key_text(lines["authority"], 32))
        need(heads == {"azekura recovery share, version 1"}, "neither a recovery key nor shares of one", KeyProblem)
        return cls.combine([parse_share(lines[1:]) for lines in texts])

    @classmethod
    def combine(cls, shares):
        """Interpolates the secret from share tuples (common fields, threshold, x, y)."""
        common, threshold = shares[0][:2]
        need(all(share[:2] == (common, threshold) for share in shares), "shares of different sets", KeyProblem)
        points = {x: y for _, _, x, y in shares}
        need(len(points) >= threshold, f"{len(points)} shares, {threshold} needed", KeyProblem)
        points = dict(list(points.items())[:threshold])
        secret = bytearray(64)
        for x, y in points.items():
            weight = 1
            for other in points:
                if other != x:
                    weight = gf_multiply(weight, gf_multiply(other, gf_power(other ^ x, 254)))
            for i in range(64):
                secret[i] ^= gf_multiply(weight, y[i])
        need(sha256(b"azekura share commitment v1\0", bytes(secret))[:16] == common[2], "shares do not combine", KeyProblem)
        return cls(common[0], bytes(secret[:32]), bytes(secret[32:]))


def hex_field(text, length):
    need(re.fullmatch(r"[0-9a-fA-F]{%d}" % (2 * length), text), "a hexadecimal field of the key is wrong", KeyProblem)
    return bytes.fromhex(text)


def parse_share(lines):
    """((site, share set, commitment), threshold, x, y) of a share file's lines after the first."""
    text = {}
    for words in lines:
        name = "share set" if words[:2] == ["share", "set"] else words[0]
        need(name not in text, "share: a line twice", KeyProblem)
        text[name] = " ".join(words)[len(name):].strip()
    need(text.keys() == {"site", "share set", "share", "commitment", "data"}, "share: lines", KeyProblem)
    match = re.fullmatch(r"(\d+) of (\d+), any (\d+) restore", text["share"])
    need(match, "share: its numbers", KeyProblem)
    data = decode_key_text(text["data"], 67)
    x, threshold, count = data[:3]
    need((x, count, threshold) == tuple(map(int, match.groups())) and 1 <= x <= count and 1 <= threshold <= count,
         "share: its numbers", KeyProblem)
    common = hex_field(text["site"], 16), hex_field(text["share set"], 8), hex_field(text["commitment"], 16)
    return common, threshold, x, data[3:]


def gf_multiply(a, b):
    """Product in GF(2^8) with x^8+x^4+x^3+x+1."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a, b = (a << 1) ^ (0x11B if a & 0x80 else 0), b >> 1
    return product


def gf_power(a, n):
    result = 1
    for _ in range(n):
        result = gf_multiply(result, a)
    return result


# ---- Sections 9 and 10: contents and entries --------------------------------------------------------------------

@dataclass
class Extent:
    kind: int
    length: int
    pack: int = 0
    byte: int = 0
    digest: bytes = b""


def parse_extent(cursor):
    kind, length = cursor.u8(), cursor.u64()
    need(kind in (DATA, HOLE, ZEROS) and length >= 1, cursor.name + ": an extent's kind or length")
    return Extent(kind, length, cursor.u32(), cursor.u32(), cursor.take(32)) if kind == DATA else Extent(kind, length)


@dataclass
class Content:
    """A content record (section 9)."""
    size: int
    level: int
    digest: bytes
    extents: list

    @classmethod
    def parse(cls, data, name):
        cursor = Cursor(data, name + ": content")
        size, level, digest = cursor.u64(), cursor.u8(), cursor.take(32)
        need(size < 1 << 63 and level < 2, cursor.name + ": size or level")
        extents = [parse_extent(cursor) for _ in range(cursor.count(9))]
        cursor.end()
        if level == 0:
            need(sum(e.length for e in extents) == size, cursor.name + ": extents do not cover it")
        else:
            need(sum(e.length for e in extents) <= MAX_LIST, cursor.name + ": extent list too long")
        return cls(size, level, digest, extents)


@dataclass
class Entry:
    """An entry of a directory, or a snapshot's root (section 10)."""
    kind: int
    name: bytes
    mode: int
    uid: int
    gid: int
    mtime: int
    content: Content = None
    target: bytes = None
    device: tuple = None
    link: tuple = None
    user: bytes = None
    group: bytes = None
    xattrs: list = field(default_factory=list)
    born: int = None
    flags: int = None
    flaw: int = 0


def check_name(name, text):
    need(1 <= len(name) <= 255 and b"/" not in name and b"\0" not in name and name not in (b".", b".."), text + ": bad name")


def parse_xattrs(cursor):
    xattrs = []
    while cursor.left:
        name, value = cursor.short(), cursor.long()
        need(1 <= len(name) <= 255 and b"\0" not in name and len(value) <= 65536, cursor.name + ": attribute size")
        need(not xattrs or xattrs[-1][0] < name, cursor.name + ": attribute names do not rise")
        xattrs.append((name, value))
        need(len(xattrs) <= MAX_XATTRS, cursor.name + ": too many attributes")
    need(xattrs, cursor.name + ": empty attributes")
    return xattrs


def parse_entry(data, root=False):
    """Decodes one entry and checks every rule of section 10 that needs no other entry."""
    cursor = Cursor(data, "entry")
    kind, fields, name = cursor.u8(), cursor.u32(), cursor.short()
    cursor.name = text = "entry " + name.decode("utf-8", "backslashreplace")
    need(kind in KIND_NAMES and fields < 1 << 10, text + ": unknown kind or field")
    if root:
        need(name == b"", text + ": a root with a name")
    else:
        check_name(name, text)
    entry = Entry(kind, name, cursor.u32(), cursor.u32(), cursor.u32(), cursor.time())
    need(entry.mode < 1 << 12, text + ": mode")
    for bit in range(10):
        if not fields >> bit & 1:
            continue
        value = Cursor(cursor.long(), text)
        if bit == 0:
            need(kind in (FILE, DIRECTORY), text + ": content of this kind")
            entry.content = Content.parse(value.take(value.left), text)
        elif bit == 1:
            entry.target = value.take(value.left)
            need(kind == SYMLINK and 1 <= len(entry.target) <= 4095 and b"\0" not in entry.target, text + ": link target")
        elif bit == 2:
            entry.device = value.u32(), value.u32()
            need(kind in (BLOCK_DEVICE, CHARACTER_DEVICE), text + ": device number of this kind")
        elif bit == 3:
            entry.link = value.u64(), value.u32()
            need(kind != DIRECTORY, text + ": hard link of a directory")
        elif bit in (4, 5):
            owner = value.take(value.left)
            need(1 <= len(owner) <= 255, text + ": owner's name")
            entry.user, entry.group = (owner, entry.group) if bit == 4 else (entry.user, owner)
        elif bit == 6:
            entry.xattrs = parse_xattrs(value)
        elif bit == 7:
            entry.born = value.time()
        elif bit == 8:
            entry.flags = value.u32()
            need(entry.flags, text + ": attribute flags 0")
        else:
            entry.flaw = value.u8()
            need(entry.flaw in (1, 2), text + ": flaw")
        value.end()
    cursor.end()
    need(kind != SYMLINK or entry.target, text + ": no link target")
    need(kind not in (BLOCK_DEVICE, CHARACTER_DEVICE) or entry.device, text + ": no device number")
    if entry.content is None:
        need(kind != FILE or entry.link or entry.flaw == 1, text + ": no content")
        need(kind != DIRECTORY or entry.flaw == 1, text + ": no content")
    return entry


@dataclass
class Snapshot:
    """One snapshot of a generation (section 8)."""
    session: int
    source: bytes
    kind: int
    complete: bool
    root: Entry
    entries: int
    bytes: int

    @property
    def name(self):
        return f"{self.session}/{self.source.decode('utf-8', 'surrogateescape')}"

    @classmethod
    def parse(cls, data, session):
        cursor = Cursor(data, f"session {session}: snapshot")
        source, kind, _, _, _ = cursor.short(), cursor.u8(), cursor.long(), cursor.time(), cursor.time()
        check_name(source, cursor.name)
        complete, root = cursor.flag(), parse_entry(cursor.long(), root=True)
        entries, size, _, _ = cursor.u64(), cursor.u64(), cursor.u64(), cursor.u64()
        if cursor.flag():
            cursor.u32(), cursor.long()
        cursor.end()
        need((kind, root.kind) in ((1, DIRECTORY), (2, FILE)), cursor.name + ": kind")
        return cls(session, source, kind, complete, root, entries, size)


def check_extensions(cursor, files):
    """A list of extensions of `files` files (section 8, Signals)."""
    listed = []
    for _ in range(cursor.u8()):
        extension, count = cursor.short(), cursor.u64()
        need(len(extension) <= 16 and not any(byte in b"./\0" or byte in range(0x41, 0x5B) for byte in extension),
             cursor.name + ": an extension that is none")
        listed.append((-count, extension))
    need(len(listed) <= 64 and listed == sorted(listed) and len({extension for _, extension in listed}) == len(listed),
         cursor.name + ": extensions out of order")
    need(all(count for count, _ in listed) and -sum(count for count, _ in listed) <= files, cursor.name + ": extensions do not add up")


def check_signals(data, kind, name):
    """The signals of one snapshot; they change nothing about what is restored."""
    cursor = Cursor(data, name)
    flags = cursor.u8()
    need(flags in (0, 1, 3, 7, 11, 15, 17, 19, 23, 27, 31) and (kind == 1 or flags == 0), name + ": flags")
    chunks, chunk_bytes, new_chunks, new_bytes, _ = (cursor.u64() for _ in range(5))
    need(new_chunks <= chunks and new_bytes <= chunk_bytes, name + ": more new than cut")
    if flags & 1:
        files, size = cursor.u64(), cursor.u64()
        check_extensions(cursor, files)
    if flags & 2:
        changed, changed_bytes, gone, renamed = (cursor.u64() for _ in range(4))
        need(changed <= files and changed_bytes <= size and renamed <= min(changed, gone), name + ": more changed than there is")
        check_extensions(cursor, changed)
    cursor.end()


CONNECTION_BYTES, MILLISECONDS_MAX, NOT_SEEN = 61, 1 << 48, (1 << 64) - 1


def check_connections(data, name):
    """When the set's media were connected; nothing about what is restored."""
    cursor = Cursor(data, name)
    count = cursor.count(CONNECTION_BYTES)
    need(1 <= count <= 64, name + ": none or too many")
    for _ in range(count):
        cursor.take(16), cursor.time()
        need(cursor.u8() <= 3, name + ": an end that is none")
        work, overhang = cursor.u64(), cursor.u64()
        need(work <= MILLISECONDS_MAX and (overhang <= MILLISECONDS_MAX or overhang == NOT_SEEN), name + ": it is too long")
        cursor.take(CONNECTION_BYTES - 45)
    cursor.end()


# ---- Section 7: packs -------------------------------------------------------------------------------------------

@dataclass
class PackRecord:
    """What a manifest says of a pack, with the set of that manifest."""
    number: int
    session: int
    length: int
    root: bytes
    set_id: bytes


class Pack:
    """One pack file. Construction checks lengths, header and tail; check_leaves and open_tables do the rest."""

    def __init__(self, vault_root, record):
        self.record, self.name = record, f"pack {record.number}"
        path = os.path.join(vault_root, "packs", f"{record.number >> 8:02x}", f"{record.number:08x}")
        try:
            self.fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise Corruption(f"{self.name}: {error.strerror}") from None
        try:
            self.check_frame()
        except Failure:
            self.close()
            raise

    def close(self):
        os.close(self.fd)

    def read(self, offset, length):
        try:
            data = os.pread(self.fd, length, offset)
        except OSError as error:
            raise Corruption(f"{self.name}: {error.strerror}") from None
        need(len(data) == length, self.name + ": ends too early")
        return data

    def check_frame(self):
        """File length, header and tail; needs no key."""
        info, record = os.fstat(self.fd), self.record
        need(stat.S_ISREG(info.st_mode) and info.st_size == record.length, self.name + ": file length")
        need(MIN_REGION + 32 + TAIL <= record.length <= MAX_REGION + 32 * (MAX_REGION // LEAF) + TAIL, self.name + ": file length")
        head = Cursor(self.read(0, PACK_HEADER), self.name + ": header")
        need(head.take(8) == b"AZKPACK1", self.name + ": not its magic")
        need(head.u16() == 1 and head.u16() == 0, self.name + ": unknown version or flags", Version)
        number, self.set_id, self.session_id, session = head.u32(), head.take(16), head.take(16), head.u32()
        need(head.take(12) == bytes(12), self.name + ": reserved bytes")
        need((number, session, self.set_id) == (record.number, record.session, record.set_id), self.name + ": not its ids")
        self.commitment = head.take(32)
        self.context = self.set_id + self.session_id + struct.pack("<I", number)
        tail = Cursor(self.read(record.length - TAIL, TAIL), self.name + ": tail")
        need(tail.take(8) == b"AZKTAIL1" and tail.u32() == number, self.name + ": tail")
        self.leaves, self.region, root = tail.u32(), tail.u64(), tail.take(32)
        need(tail.take(8) == bytes(8) and root == record.root, self.name + ": tail")
        need(MIN_REGION <= self.region <= MAX_REGION and self.leaves == -(-self.region // LEAF)
             and record.length == self.region + 32 * self.leaves + TAIL, self.name + ": tail")

    def check_leaves(self):
        """Root and leaf hashes; returns the failures found, one for each damaged leaf."""
        hashes = self.read(self.region, 32 * self.leaves)
        found = []
        if sha256(b"azekura pack root v1\0", self.context, struct.pack("<Q", self.region), hashes) != self.record.root:
            found.append(Corruption(self.name + ": root"))
        for i in range(self.leaves):
            try:
                leaf = self.read(i * LEAF, min(LEAF, self.region - i * LEAF))
                need(sha256(leaf) == hashes[32 * i:32 * i + 32], f"{self.name}: leaf {i} at byte {i * LEAF}")
            except Corruption as failure:
                found.append(failure)
        return found

    def open_tables(self, session_key, catalogue_key):
        """Checks the commitment, opens both tables, and lays out blocks and chunks by plain byte."""
        self.key = derive(session_key, b"azekura pack key v1", self.context)
        need(mac(self.key, b"azekura pack commitment v1\0", self.context) == self.commitment, self.name + ": key commitment")
        block_table, block_at, block_length = self.open_table(1, derive(self.key, b"azekura block table v1", self.context))
        chunk_table, chunk_at, chunk_length = self.open_table(2, derive(catalogue_key, b"azekura chunk table v1", self.context))
        self.blocks, self.starts, offset, plain_at = [], {}, PACK_HEADER, 0
        cursor = Cursor(block_table, self.name + ": block table")
        lengths = []
        for index in range(cursor.count(25, MAX_PACK_BLOCKS)):
            stored, plain, codec, nonce = cursor.u32(), cursor.u32(), cursor.u8(), cursor.take(8)
            count = cursor.count(4, MAX_BLOCK_CHUNKS)
            chunks = [cursor.u32() for _ in range(count)]
            need(chunks and all(1 <= n <= MAX_CHUNK for n in chunks) and sum(chunks) == plain <= MAX_BLOCK_PLAIN,
                 f"{self.name}: block {index}: lengths")
            need(codec < 3 and TAG < stored <= self.region and (codec != 0 or stored == plain + TAG),
                 f"{self.name}: block {index}: codec or stored length")
            self.blocks.append((offset, stored, plain_at, plain, codec, nonce, len(lengths), count))
            for length in chunks:
                self.starts[plain_at] = len(lengths)
                lengths.append((plain_at, length, index))
                plain_at += length
            offset += stored
        cursor.end()
        need(offset == block_at and block_at + block_length == chunk_at and chunk_at + chunk_length <= self.region - 2 * LOCATOR,
             self.name + ": layout")
        need(self.region in (MAX_REGION, max(MIN_REGION, padme(chunk_at + chunk_length + 2 * LOCATOR))), self.name + ": region size")
        need(plain_at <= MAX_PACK_PLAIN and len(lengths) <= MAX_PACK_CHUNKS, self.name + ": too large")
        cursor = Cursor(chunk_table, self.name + ": chunk table")
        need(cursor.u32() == len(lengths), self.name + ": tables differ")
        self.chunks = []                                                    # (plain byte, length, block, id)
        for plain_at, length, index in lengths:
            self.chunks.append((plain_at, length, index, cursor.take(32)))
            need(cursor.u32() == length, self.name + ": tables differ")
        cursor.end()

    def open_table(self, number, key):
        """(plain table, offset, length of its box) of table 1 (blocks) or 2 (chunks)."""
        def ad(n):
            return b"azekura table v1\0" + self.context + bytes([n])
        name = f"{self.name}: {'block' if number == 1 else 'chunk'} table"
        at = self.region - LOCATOR * (3 - number)
        offset, length = struct.unpack("<QQ", box_open(key, ad(number + 2), self.read(at, LOCATOR), name + " locator"))
        need(PACK_HEADER <= offset <= self.region and length <= self.region - offset, name + " locator")
        return box_open(key, ad(number), self.read(offset, length), name), offset, length

    def block(self, index):
        """Plain bytes of a block."""
        offset, stored, plain_at, plain, codec, nonce, first, count = self.blocks[index]
        name = f"{self.name}: block {index}"
        ad = b"azekura block v1\0" + self.context + struct.pack("<IIIIB", index, plain_at, plain, stored, codec)
        payload = gcm_open(self.key, struct.pack("<I", index) + nonce, self.read(offset, stored), ad, name)
        if codec == 0:
            return payload
        data = unzstd(payload, plain, name)
        return data if codec == 1 else unplane(data)


def unplane(planes):
    """The bytes whose differences from the byte two before stand in `planes`, those at even places first."""
    even, plain = (len(planes) + 1) // 2, bytearray(len(planes))
    for first, plane in ((0, planes[:even]), (1, planes[even:])):
        plain[first::2] = bytes(total & 255 for total in itertools.accumulate(plane))
    return bytes(plain)


def unzstd(payload, plain, name):
    """Exactly one zstd frame of exactly `plain` bytes, without dictionary; memory is bounded by `plain`."""
    try:
        frame = zstandard.get_frame_parameters(payload)
        need(frame.dict_id == 0 and frame.content_size in (plain, zstandard.CONTENTSIZE_UNKNOWN), name + ": zstd header")
        at, last = zstandard.frame_header_size(payload), False
        while not last:                                                     # RFC 8878, 3.1.1.2: find the frame's end
            header = int.from_bytes(payload[at:at + 3], "little")
            need(at + 3 <= len(payload), name + ": zstd frame ends too early")
            last, at = header & 1, at + 3 + (1 if header >> 1 & 3 == 1 else header >> 3)
        need(at + 4 * frame.has_checksum == len(payload), name + ": not one zstd frame")
        data = zstandard.ZstdDecompressor(max_window_size=8 * MIB).stream_reader(payload).read(plain + 1)
    except zstandard.ZstdError as error:
        raise Corruption(f"{name}: {error}") from None
    need(len(data) == plain, name + ": zstd length")
    return data


# ---- Section 8: sessions ----------------------------------------------------------------------------------------

@dataclass
class Slot:
    session: int
    set_id: bytes
    session_id: bytes
    set_keys: bytes
    recipients: list                                                        # (tag, encapsulated key, sealed key)


@dataclass
class Session:
    """A session that counts."""
    number: int
    site: bytes
    set_id: bytes
    session_id: bytes
    identity: bytes
    medium: bytes
    authority: bytes
    epoch: int
    slots: list
    packs: list
    generation: bytes
    previous: int
    previous_hash: bytes
    seal: bytes
    key: bytes = None                                                       # these three by Vault.open_slots
    dedup_key: bytes = None
    catalogue_key: bytes = None


def parse_slots(data):
    cursor = Cursor(data, "key slots")
    slots = []
    for _ in range(cursor.count(129)):
        number, set_id, session_id, keys, count = cursor.u32(), cursor.take(16), cursor.take(16), cursor.take(92), cursor.u8()
        need(1 <= count <= MAX_RECIPIENTS, cursor.name + ": number of recipients")
        need(number > (slots[-1].session if slots else 0), cursor.name + ": session numbers do not rise")
        recipients = [(cursor.take(16), cursor.take(32), cursor.take(48)) for _ in range(count)]
        slots.append(Slot(number, set_id, session_id, keys, recipients))
    cursor.end()
    return slots


def parse_packs(data, identity):
    cursor = Cursor(data, "manifest: packs")
    records, own, last = [], struct.unpack("<I", identity[48:])[0], 0
    for _ in range(cursor.count(48)):
        record = PackRecord(cursor.u32(), cursor.u32(), cursor.u64(), cursor.take(32), identity[16:32])
        need(record.number > last and 1 <= record.session <= own, cursor.name + ": numbers")
        last = record.number
        records.append(record)
    cursor.end()
    return records


class Vault:
    """A vault: label, sessions, chain, packs; with a recovery key also what they hold."""

    def __init__(self, root, key=None):
        self.root, self.key = os.path.abspath(root), key                    # absolute: a restore changes the folder
        self.findings, self.refused, self.sessions, self.seals = [], {}, {}, {}
        self.site = self.medium = None
        self.authority = key.authority if key else None
        need(os.path.isdir(root), f"{root}: no such folder", Usage)
        try:
            self.load_label()
        except Failure as failure:
            self.findings.append(failure)
            if key and isinstance(failure, Authenticity):
                raise
        for number in self.session_numbers():
            try:
                self.load_session(number)
            except Failure as failure:
                self.refused[number] = failure
                self.findings.append(type(failure)(f"session {number}: {failure}"))
        self.check_chain()
        self.collect_packs()
        self.cache, self.open_packs = OrderedDict(), {}
        if key:
            self.open_slots()

    def load_label(self):
        data = read_limited(os.path.join(self.root, "label"), MAX_LABEL)
        need(data is not None, "label: lost")
        sections, body, signature = parse_object(data, b"AZKLABEL", "label", {1, 2, 3}, signed=True)
        cursor = Cursor(sections[1], "label: identity")
        site, set_id, medium, sequence, _ = cursor.take(16), cursor.take(16), cursor.take(16), cursor.u32(), cursor.u64()
        cursor.end()
        need(len(sections[2]) == 32 and sequence >= 1, "label: authority or sequence")
        authority = sections[2]
        need(self.authority in (None, authority), "label: another authority than the key's", Authenticity)
        certificate = Certificate.parse(sections[3], authority)
        need(certificate.site == site, "label: certificate of another site", Authenticity)
        check_signature(certificate.key, b"azekura label v1", body, signature, "label")
        need(self.key is None or self.key.site == site, "label: another site than the key's", Authenticity)
        self.site, self.medium, self.authority = site, medium, authority
        self.label_set, self.label_epoch = set_id, certificate.epoch

    def session_numbers(self):
        numbers = set()
        for folder in COPIES:
            path = os.path.join(self.root, folder)
            for name in os.listdir(path) if os.path.isdir(path) else ():
                if re.fullmatch(r"[0-9]{6,}", name) and 0 < int(name) < 1 << 32 and name == f"{int(name):06d}":
                    numbers.add(int(name))
        return sorted(numbers)

    def load_session(self, number):
        """Finds a valid seal among the copies; notes every copy that is lost or differs."""
        copies = {"header": [], "manifest": [], "seal": []}
        unreadable = []
        limits = {"header": MAX_HEADER, "manifest": MAX_MANIFEST, "seal": MAX_SEAL}
        for kind, limit in limits.items():
            for folder in COPIES:
                try:
                    copies[kind].append(read_limited(os.path.join(self.root, folder, f"{number:06d}", kind), limit))
                except Corruption as failure:
                    self.findings.append(failure)
                    copies[kind].append(None)
                    unreadable += [failure] if kind == "seal" else []
        seals = list(OrderedDict.fromkeys(seal for seal in copies["seal"] if seal is not None))
        if not seals:
            if unreadable:
                raise unreadable[0]
            return                                                          # unfinished, not part of the vault
        self.seals[number] = {sha256(seal) for seal in seals}
        valid, failures = [], []
        for seal in seals:
            try:
                valid.append(self.check_seal(number, seal, copies))
            except Failure as failure:
                failures.append(failure)
        need(len(valid) < 2, "two different valid seals", Authenticity)
        if not valid:
            raise max(failures, key=lambda failure: failure.code)
        session, header, manifest = valid[0]
        self.sessions[number] = session
        for kind, good in (("header", header), ("manifest", manifest), ("seal", session.seal)):
            for folder, copy in zip(COPIES, copies[kind]):
                if copy != good:
                    state = "lost" if copy is None else "damaged"
                    self.findings.append(Corruption(f"{folder}/{number:06d}/{kind}: {state}, another copy is good"))

    def check_seal(self, number, seal, copies):
        """The rules of "a seal is valid"; returns (Session, header bytes, manifest bytes)."""
        sections, body, signature = parse_object(seal, b"AZKSEAL1", "seal", {1, 2, 3}, signed=True)
        need([len(sections[i]) for i in (1, 2, 3)] == [68, 64, 36], "seal: a section's length")
        identity, medium = sections[1][:52], sections[1][52:]
        header = next((c for c in copies["header"] if c is not None and sha256(c) == sections[2][:32]), None)
        manifest = next((c for c in copies["manifest"] if c is not None and sha256(c) == sections[2][32:]), None)
        need(header is not None, "no header with the seal's hash")
        need(manifest is not None, "no manifest with the seal's hash")
        head, _, _ = parse_object(header, b"AZKHEADR", "header", {1, 2, 3, 4, 5})
        mani, _, _ = parse_object(manifest, b"AZKMANIF", "manifest", {1, 2, 3}, {1, 2})
        need(len(head[1]) == 56 and len(mani[1]) == 52 and len(head[2]) == 32, "a section's length")
        need(head[1][:52] == identity == mani[1], "header, manifest and seal are of different sessions", Authenticity)
        need(struct.unpack("<I", identity[48:])[0] == number, "the seal is of another session number", Authenticity)
        authority = self.authority or head[2]
        need(head[2] == authority, "another authority", Authenticity)
        certificate = Certificate.parse(head[3], authority)
        policy_site, recipients = parse_policy(head[4], authority)
        site = self.site or identity[:16]
        need(identity[:16] == site == certificate.site == policy_site, "another site", Authenticity)
        check_signature(certificate.key, b"azekura seal v1", body, signature, "seal")
        need(self.medium in (None, medium), "the seal is of another medium", Authenticity)
        slots, packs = parse_slots(head[5]), parse_packs(mani[2], identity)
        need(slots and (slots[-1].session, slots[-1].set_id, slots[-1].session_id) == (number, identity[16:32], identity[32:48]),
             "the last key slot is of another session")
        need({tag for tag, _, _ in slots[-1].recipients} == {recipient_tag(public) for public in recipients},
             "key slot for others than the policy's recipients", Authenticity)
        first = struct.unpack("<I", head[1][52:])[0]
        need(all((p.session == number) == (p.number >= first) for p in packs), "packs before the header's first")
        previous = struct.unpack("<I", sections[3][:4])[0]
        self.medium, self.site, self.authority = medium, site, authority    # taken from the session if the label is lost
        session = Session(number, site, identity[16:32], identity[32:48], identity, medium, authority, certificate.epoch, slots,
                          packs, mani.get(3), previous, sections[3][4:], seal)
        return session, header, manifest

    def check_chain(self):
        """The chain of seals, and changes of the set between them."""
        before = None
        for number, session in sorted(self.sessions.items()):
            newest = max((n for n in self.seals if n < number), default=0)
            if session.previous and session.previous not in self.seals:
                self.findings.append(Corruption(f"session {number}: gap: session {session.previous} before it is not there"))
            elif session.previous != newest:
                self.findings.append(Authenticity(f"session {number}: fork: names {session.previous}, not {newest}, as before it"))
            elif (newest and session.previous_hash not in self.seals[newest]) or not newest and any(session.previous_hash):
                self.findings.append(Authenticity(f"session {number}: fork: another seal of session {newest} was before it"))
            if before and before.set_id != session.set_id and before.epoch >= session.epoch:
                self.findings.append(Authenticity(f"session {number}: another set without a newer host certificate"))
            before = session
        first = self.sessions.get(1) if hasattr(self, "label_set") else None
        if first and first.set_id != self.label_set and first.epoch <= self.label_epoch:
            self.findings.append(Authenticity("label: another set than the first session's"))

    def collect_packs(self):
        """The packs that count; one number with two meanings is a finding."""
        self.packs = {}
        for session in self.sessions.values():
            for record in session.packs:
                if self.packs.setdefault(record.number, record) != record:
                    self.findings.append(Authenticity(f"pack {record.number}: session {session.number} names another root"))

    def open_slots(self):
        """Session keys and set keys from every slot of every header that counts."""
        tag, self.keys = recipient_tag(x25519_public(self.key.private)), {}
        for session in self.sessions.values():
            for slot in session.slots:
                context = session.site + slot.set_id + slot.session_id + struct.pack("<I", slot.session)
                for slot_tag, enc, sealed in slot.recipients:
                    if slot_tag != tag or (slot.session, slot.session_id) in self.keys:
                        continue
                    key = hpke_open(self.key.private, enc, b"azekura session key v1\0" + context, tag, sealed)
                    if key is not None and len(key) == 32:
                        box_key = derive(key, b"azekura set keys v1", context)
                        keys = box_open(box_key, context, slot.set_keys, f"session {slot.session}: set keys")
                        self.keys[slot.session, slot.session_id] = key, keys[:32], keys[32:]
            if (session.number, session.session_id) in self.keys:
                session.key, session.dedup_key, session.catalogue_key = self.keys[session.number, session.session_id]
        need(self.keys or not self.sessions, "the recovery key opens no slot", KeyProblem)

    # -- what sessions hold --

    def generation(self, session):
        """The snapshots of a session; none for a fragment."""
        if session.generation is None:
            return []
        need(session.key, f"session {session.number}: the recovery key opens no slot", KeyProblem)
        name = f"session {session.number}: generation"
        plain = box_open(derive(session.key, b"azekura generation v1", session.identity), session.identity, session.generation, name)
        cursor = Cursor(plain, name)
        body = cursor.long()
        need(len(plain) == padme(cursor.at) and not any(plain[cursor.at:]), name + ": padding")
        cursor = Cursor(body, name)
        sections = parse_sections(cursor, {1, 2, 3, 17, 18}, {1, 2})
        cursor.end()
        about = Cursor(sections[1], name + ": about")
        about.short(), about.short(), about.short(), about.time(), about.time(), about.end()
        cursor = Cursor(sections[2], name + ": snapshots")
        snapshots = [Snapshot.parse(cursor.long(), session.number) for _ in range(cursor.count(4))]
        cursor.end()
        need(len({snapshot.source for snapshot in snapshots}) == len(snapshots), name + ": a source twice")
        if 17 in sections:
            cursor = Cursor(sections[17], name + ": signals")
            need(cursor.count(4) == len(snapshots) > 0, cursor.name + ": not one of each snapshot")
            for snapshot in snapshots:
                check_signals(cursor.long(), snapshot.kind, f"{snapshot.name}: signals")
            cursor.end()
        if 18 in sections:
            check_connections(sections[18], name + ": connections")
        return snapshots

    def find(self, wanted):
        """The snapshot named "42/ehr" or "latest/ehr"."""
        number, slash, source = wanted.partition("/")
        need(slash and (number == "latest" or number.isascii() and number.isdigit()), f"{wanted}: not a snapshot's name", Usage)
        if number != "latest" and int(number) in self.refused:
            raise self.refused[int(number)]
        chosen = sorted(self.sessions, reverse=True) if number == "latest" else [int(number)]
        for n in chosen:
            for snapshot in self.generation(self.sessions[n]) if n in self.sessions else ():
                if snapshot.source == os.fsencode(source):
                    return snapshot
        raise Usage(f"{wanted}: no such snapshot")

    def pack(self, number, set_id):
        """An open pack of this set."""
        if number not in self.open_packs:
            record = self.packs.get(number)
            need(record is not None, f"pack {number}: named by no session that counts")
            pack = Pack(self.root, record)
            try:
                keys = self.keys.get((record.session, pack.session_id))
                need(keys, f"pack {number}: the recovery key opens no slot of its session", KeyProblem)
                pack.open_tables(keys[0], keys[2])
            except Failure:
                pack.close()
                raise
            if len(self.open_packs) >= 64:
                self.open_packs.pop(next(iter(self.open_packs))).close()
            self.open_packs[number] = pack
        pack = self.open_packs[number]
        need(pack.set_id == set_id, f"pack {number}: of another set")
        return pack

    def block(self, pack, index):
        """Plain bytes of a block, with the last few kept."""
        key = pack.record.number, index
        if key not in self.cache:
            self.cache[key] = pack.block(index)
            if len(self.cache) > 16:
                self.cache.popitem(last=False)
        self.cache.move_to_end(key)
        return self.cache[key]

    def chunk_id_key(self, session):
        need(session.key, f"session {session.number}: the recovery key opens no slot", KeyProblem)
        return derive(session.dedup_key, b"azekura chunk id v1", session.set_id)

    def chunks(self, session, extent):
        """(id, bytes) of an extent's chunks: ids are recomputed; the extent's digest is checked at its end."""
        pack, id_key, digest = self.pack(extent.pack, session.set_id), self.chunk_id_key(session), hashlib.sha256()
        name = f"extent at pack {extent.pack} byte {extent.byte}"
        at, end = extent.byte, extent.byte + extent.length
        need(at in pack.starts, name + ": not at a chunk")
        last = pack.chunks[-1]
        need(end in pack.starts or end == last[0] + last[1], name + ": does not end with a chunk")
        while at < end:
            start, length, index, expected = pack.chunks[pack.starts[at]]
            offset = start - pack.blocks[index][2]
            data = self.block(pack, index)[offset:offset + length]
            identity = mac(id_key, data)
            need(identity == expected, f"{name}: chunk at byte {at}: its id")
            digest.update(b"\1" + identity + struct.pack("<I", length))
            yield identity, data
            at += length
        need(digest.digest() == extent.digest, name + ": its digest")

    def items(self, session, content):
        """(kind, bytes or length) of a content in order; the content's digest is checked at its end."""
        extents = content.extents
        if content.level == 1:
            cursor = Cursor(b"".join(self.data_of(session, extents)), "extent list")
            extents, total = [], 0
            while cursor.left:
                extents.append(parse_extent(cursor))
                total += extents[-1].length
            need(total == content.size, "extents of an extent list do not cover the content")
        digest, run, kind = hashlib.sha256(), 0, 0
        for extent in extents + [Extent(0, 0)]:
            if run and extent.kind != kind:                                 # neighbouring runs are one item
                digest.update(bytes([kind]) + struct.pack("<Q", run))
                run = 0
            if extent.kind == DATA:
                for identity, data in self.chunks(session, extent):
                    digest.update(b"\1" + identity + struct.pack("<I", len(data)))
                    yield DATA, data
            elif extent.kind:
                run, kind = run + extent.length, extent.kind
                yield kind, extent.length
        need(digest.digest() == content.digest, "content digest")

    def data_of(self, session, extents):
        """Bytes of an extent list's extents."""
        for extent in extents:
            need(extent.kind == DATA, "extent list with a hole or zeros")
            yield from (data for _, data in self.chunks(session, extent))

    def directory(self, session, content):
        """Entries of a directory, checked for order."""
        need(content.size <= GIB, "directory larger than this reader takes")
        parts = [value if kind == DATA else bytes(value) for kind, value in self.items(session, content)]
        cursor, entries = Cursor(b"".join(parts), "directory"), []
        while cursor.left:
            entries.append(parse_entry(cursor.long()))
            need(len(entries) < 2 or entries[-2].name < entries[-1].name, "directory: names do not rise")
        return entries

    def walk(self, snapshot, failed):
        """("enter"|"leave", path, entry) in tree order; a directory that cannot be read goes to failed(path, failure)."""
        session, stack = self.sessions[snapshot.session], []

        def enter(path, entry):
            children = []
            if entry.kind == DIRECTORY and entry.content:
                try:
                    need(len(stack) <= MAX_DEPTH, "directories too deep")
                    children = self.directory(session, entry.content)
                except Failure as failure:
                    failed(path, failure)
            stack.append((path, entry, iter(children)))
            return "enter", path, entry
        yield enter(b"", snapshot.root)
        while stack:
            path, entry, children = stack[-1]
            child = next(children, None)
            if child is not None:
                yield enter(path + b"/" + child.name if path else child.name, child)
            else:
                stack.pop()
                yield "leave", path, entry


# ---- Restoring --------------------------------------------------------------------------------------------------

def shown(path):
    return path.decode("utf-8", "backslashreplace") or "/"


class Links:
    """Hard links of one snapshot: the first in tree order has the content, the others have it, too, or none."""

    def __init__(self):
        self.first = {}

    def see(self, path, entry):
        """None for the first name, else (path, entry) of the first."""
        if entry.link is None:
            return None
        first = self.first.setdefault(entry.link[0], (path, entry))
        if first[0] == path:
            need(entry.kind != FILE or entry.content or entry.flaw == 1, f"{shown(path)}: first name of a file without content")
            return None
        same = entry.content is None or first[1].content is not None and entry.content.digest == first[1].content.digest
        need(same and entry.kind == first[1].kind and entry.link == first[1].link,
             f"{shown(path)}: not the same file as {shown(first[0])}")
        return first


class Restorer:
    """Writes one snapshot below a new or empty folder. Works relative to the current folder, so depth is no limit."""

    def __init__(self, vault, snapshot, target):
        self.vault, self.snapshot, self.target = vault, snapshot, os.fsencode(target)
        self.session, self.links, self.failures = vault.sessions[snapshot.session], Links(), []
        self.flagged = []

    def failed(self, path, failure):
        self.failures.append(type(failure)(f"{shown(path)}: {failure}"))

    def run(self):
        os.makedirs(self.target, exist_ok=True)
        self.root_fd = os.open(self.target, os.O_RDONLY | os.O_DIRECTORY)
        os.chdir(self.root_fd)
        if self.snapshot.kind == 2:
            need(self.snapshot.root.content, "stream without content")
            self.write_file(self.snapshot.source, self.snapshot.source, self.snapshot.root)
            return self.failures
        need(not os.listdir("."), "the target is not empty", Usage)
        for event, path, entry in self.vault.walk(self.snapshot, self.failed):
            try:
                self.place(event, path, entry)
            except Failure as failure:
                self.failed(path, failure)
        for path, flags in self.flagged:
            self.set_flags(path, flags)
        return self.failures

    def place(self, event, path, entry):
        """One step of the walk: folders are entered and left, anything else is made when it is entered."""
        if entry.kind == DIRECTORY:
            if event == "enter" and path:
                os.mkdir(entry.name, 0o700)
                os.chdir(entry.name)
            elif event == "leave":
                if path:
                    os.chdir("..")
                self.finish(entry.name if path else b".", path, entry)
            return
        if event == "leave":
            return
        first = self.links.see(path, entry)
        if first:
            try:
                os.link(first[0], entry.name, src_dir_fd=self.root_fd, follow_symlinks=False)
            except FileNotFoundError:
                raise Corruption("the file it is a name of was not restored") from None
            return
        if entry.kind == FILE:
            self.write_file(entry.name, path, entry)
            return
        try:
            if entry.kind == SYMLINK:
                os.symlink(entry.target, entry.name)
            else:
                kind = {FIFO: stat.S_IFIFO, SOCKET: stat.S_IFSOCK, BLOCK_DEVICE: stat.S_IFBLK, CHARACTER_DEVICE: stat.S_IFCHR}
                os.mknod(entry.name, kind[entry.kind] | 0o600, os.makedev(*entry.device) if entry.device else 0)
        except (PermissionError, OverflowError) as error:
            warn(f"{shown(path)}: {KIND_NAMES[entry.kind]} not made: {error}")
            return
        self.finish(entry.name, path, entry)

    def write_file(self, name, path, entry):
        """Writes a file's content, holes as holes; a file that fails a check is removed again."""
        if entry.content is None:
            warn(f"{shown(path)}: unreadable when the snapshot was taken")
            return
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                for kind, value in self.vault.items(self.session, entry.content):
                    if kind == DATA:
                        file.write(value)
                    elif kind == HOLE:
                        file.seek(value, os.SEEK_CUR)
                    else:
                        for at in range(0, value, MIB):
                            file.write(bytes(min(MIB, value - at)))
                file.truncate(entry.content.size)
        except Failure as failure:
            os.unlink(name)
            self.failed(path, failure)
            return
        self.finish(name, path, entry)

    def finish(self, name, path, entry):
        """Owner, attributes, mode and time, in the order in which one does not undo another."""
        def attempt(what, function, *arguments, **options):
            try:
                function(name, *arguments, **options)
            except (OSError, OverflowError) as error:
                warn(f"{shown(path)}: {what}: {error}")
        if os.geteuid() == 0:
            attempt("owner", os.chown, entry.uid, entry.gid, follow_symlinks=False)
        for attribute, value in entry.xattrs:
            attempt("attribute " + shown(attribute), os.setxattr, attribute, value, follow_symlinks=False)
        if entry.kind != SYMLINK:
            attempt("mode", os.chmod, entry.mode)
        attempt("time", os.utime, ns=(entry.mtime, entry.mtime), follow_symlinks=False)
        if entry.flags and entry.flags & SETTABLE_FLAGS:
            self.flagged.append((path, entry.flags & SETTABLE_FLAGS))

    def set_flags(self, path, flags):
        """Last of all: an immutable file takes no further name, an immutable folder no entry."""
        fd = os.dup(self.root_fd)
        try:
            for name in path.split(b"/") if path else []:
                below = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=fd)
                os.close(fd)
                fd = below
            now = struct.unpack("i", fcntl.ioctl(fd, FS_IOC_GETFLAGS, bytes(4)))[0]
            fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("i", now | flags))
        except OSError as error:
            warn(f"{shown(path)}: flags: {error}")
        finally:
            os.close(fd)


# ---- Commands ---------------------------------------------------------------------------------------------------

def printable(text):
    """The text with what would steer a terminal escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def warn(text):
    print("reference_reader: note:", printable(text), file=sys.stderr)


def report(failures):
    """Prints failures as section 1 names them; returns the exit code."""
    for failure in failures:
        print(f"reference_reader: {failure.word}: {printable(str(failure))}", file=sys.stderr)
    return worst(failures)


def open_vault(arguments):
    vault = Vault(arguments.source, RecoveryKey.load(arguments.key))
    for finding in vault.findings:
        warn(f"{finding.word}: {finding}")
    return vault


def check_snapshot(vault, snapshot, failures):
    """Reads all of a snapshot and keeps nothing."""
    links = Links()
    for event, path, entry in vault.walk(snapshot, lambda path, failure: failures.append(failure)):
        try:
            if event == "enter" and entry.kind != DIRECTORY:
                links.see(path, entry)
                for _ in vault.items(vault.sessions[snapshot.session], entry.content) if entry.content else ():
                    pass
        except Failure as failure:
            failures.append(type(failure)(f"{snapshot.name}: {shown(path)}: {failure}"))


def command_verify(arguments):
    """Without a key: label, sessions, chain, packs. With --deep also every block, chunk and snapshot."""
    need(bool(arguments.key) == arguments.deep, "--deep and --key go together", Usage)
    vault = Vault(arguments.source, RecoveryKey.load(arguments.key) if arguments.deep else None)
    findings = vault.findings
    if vault.authority:
        print("authority", sha256(vault.authority)[:16].hex())
    for number, record in sorted(vault.packs.items()):
        try:
            pack = Pack(vault.root, record)
            findings += pack.check_leaves()
            counted = vault.sessions.get(record.session)
            pack.close()
            need(counted is None or counted.session_id == pack.session_id, f"pack {number}: not its session id")
            if arguments.deep:
                pack = vault.pack(number, record.set_id)
                session = next(s for s in vault.sessions.values() if s.set_id == record.set_id)
                for plain_at, length, index, identity in pack.chunks:
                    start = plain_at - pack.blocks[index][2]
                    data = vault.block(pack, index)[start:start + length]
                    need(mac(vault.chunk_id_key(session), data) == identity, f"pack {number}: chunk at byte {plain_at}: its id")
        except Failure as failure:
            findings.append(failure)
    for session in vault.sessions.values() if arguments.deep else ():
        try:
            for snapshot in vault.generation(session):
                check_snapshot(vault, snapshot, findings)
        except Failure as failure:
            findings.append(failure)
    print(f"{len(vault.sessions)} sessions, {len(vault.packs)} packs, {len(findings)} findings")
    return report(findings)


def command_list(arguments):
    vault, failures = open_vault(arguments), []
    for session in vault.sessions.values():
        try:
            for s in vault.generation(session):
                print(printable(s.name), "complete" if s.complete else "incomplete", s.entries, s.bytes)
        except Failure as failure:
            failures.append(failure)
    return report(failures)


def command_restore(arguments):
    vault = open_vault(arguments)
    return report(Restorer(vault, vault.find(arguments.snapshot), arguments.target).run())


def as_json(snapshot, path, entry):
    """One entry as a JSON line; bytes that are not UTF-8 become lone surrogates, escaped."""
    def text(value):
        return None if value is None else value.decode("utf-8", "surrogateescape")
    content = entry.content
    line = {"snapshot": snapshot.name, "path": text(path), "kind": KIND_NAMES[entry.kind], "mode": f"{entry.mode:04o}",
            "uid": entry.uid, "gid": entry.gid, "mtime": entry.mtime, "size": content and content.size,
            "level": content and content.level, "digest": content and content.digest.hex(), "target": text(entry.target),
            "device": entry.device, "link": entry.link, "user": text(entry.user), "group": text(entry.group),
            "xattrs": {text(name): value.hex() for name, value in entry.xattrs} or None, "born": entry.born,
            "flags": entry.flags, "flaw": entry.flaw or None}
    return json.dumps({name: value for name, value in line.items() if value is not None})


def command_manifest(arguments):
    vault, failures = open_vault(arguments), []
    wanted = [vault.find(arguments.snapshot)] if arguments.snapshot else \
        [snapshot for session in vault.sessions.values() for snapshot in vault.generation(session)]
    for snapshot in wanted:
        for event, path, entry in vault.walk(snapshot, lambda path, failure: failures.append(failure)):
            if event == "enter":
                print(as_json(snapshot, path, entry))
    return report(failures)


def command_key(arguments):
    key = RecoveryKey.load(arguments.files)
    print("site", key.site.hex())
    print("authority", sha256(key.authority)[:16].hex())
    return 0


def command_selftest(_):
    """RFC 5869 case 1, RFC 9180 A.1.1 (AES-128-GCM), and the reader's own small functions."""
    unhex = bytes.fromhex
    prk = mac(unhex("000102030405060708090a0b0c"), b"\x0b" * 22)
    okm = hkdf_expand(prk, unhex("f0f1f2f3f4f5f6f7f8f9"), 42)
    need(prk == unhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"), "selftest: HKDF-Extract")
    need(okm == unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"), "selftest: HKDF-Expand")
    plain = hpke_open(unhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"),
                      unhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"),
                      unhex("4f6465206f6e2061204772656369616e2055726e"), unhex("436f756e742d30"),
                      unhex("f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9"
                            "6d8770ac83d07bea87e13c512a"), aead_id=1)
    need(plain == unhex("4265617574792069732074727574682c20747275746820626561757479"), "selftest: HPKE")
    need(gf_multiply(0x57, 0x83) == 0xC1 and all(gf_multiply(a, gf_power(a, 254)) == 1 for a in range(1, 256)), "selftest: GF(2^8)")
    need([padme(n) for n in (8, 9, 1000, 1 << 26)] == [8, 10, 1024, 1 << 26], "selftest: Padmé")
    print("selftest: good")
    return 0


def main():
    parser = argparse.ArgumentParser(description="Reference reader of Azekura vaults.")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, function, with_key=True):
        sub = commands.add_parser(name, help=(function.__doc__ or "").split(".")[0])
        sub.set_defaults(function=function)
        if with_key:
            sub.add_argument("--from", dest="source", required=True, metavar="DIR")
            sub.add_argument("--key", action="append", required=name != "verify", metavar="FILE",
                             help="recovery.key, or a share file, once for each")
        return sub
    command("verify", command_verify).add_argument("--deep", action="store_true")
    command("list", command_list)
    restore = command("restore", command_restore)
    restore.add_argument("snapshot")
    restore.add_argument("--target", required=True)
    command("manifest", command_manifest).add_argument("snapshot", nargs="?")
    command("key", command_key, with_key=False).add_argument("files", nargs="+")
    command("selftest", command_selftest, with_key=False)
    arguments = parser.parse_args()
    try:
        return arguments.function(arguments)
    except Failure as failure:
        return report([failure])
    except OSError as error:
        print(f"reference_reader: system: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
