"""What a damaged medium must still give back, worked out from its bytes, apart from the engine.

Layouts are read as docs/format.md has them; where the bytes of each file of a snapshot lie is asked
of scripts/reference_reader.py, while the medium is still whole.
"""
import collections
import mmap
import os
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import reference_reader  # noqa: E402

LEAF = 65536
PAGE = 4096  # what cannot be read, cannot be read by whole pages
HASH = 32
PACK_TAIL = 64
OBJECTS = ("header", "manifest", "seal")
COPIES = ("sessions", "sessions-2", "sessions-3")
UNCOVERED = {"README.txt", "はじめに.txt", "format.md", "azekura-restore"}
PARITY_SECTION = 16


def pack_name(number):
    return f"packs/{number >> 8:02x}/{number:08x}"


def parity_name(session, index):
    return f"parity/{session:06}/{index}"


def object_name(folder, session, kind):
    return f"{folder}/{session:06}/{kind}"


class Contents:
    """The files of a medium that the format covers: as they were written, and as they are now.

    Changes are made here first; write() puts them onto a file system, undo() takes them back.
    """

    def __init__(self, root):
        self.written = {}
        for path in sorted(root.rglob("*")):
            name = str(path.relative_to(root))
            if path.is_file() and name not in UNCOVERED:
                self.written[name] = path.read_bytes()
        self.reset()

    def reset(self):
        self.now = dict(self.written)
        self.unreadable = collections.defaultdict(set)  # name to numbers of pages

    def overwrite(self, name, offset, data):
        """What lies beyond the end of the file, or in one that is gone, is not written."""
        old = self.now[name] or b""
        data = data[:max(0, len(old) - offset)]
        if data:
            self.now[name] = old[:offset] + data + old[offset + len(data):]

    def cut(self, name, length):
        if self.now[name] is not None:
            self.now[name] = self.now[name][:length]

    def remove(self, name):
        self.now[name] = None

    def swap(self, one, other):
        self.now[one], self.now[other] = self.now[other], self.now[one]

    def make_unreadable(self, name, begin, end):
        self.unreadable[name] |= set(range(begin // PAGE, (end - 1) // PAGE + 1))

    def settle(self):
        """What was written anew can be read, and what is gone has no pages."""
        for name, pages in list(self.unreadable.items()):
            now, written = self.now[name] or b"", self.written[name]
            self.unreadable[name] = {page for page in pages if now[page * PAGE:][:PAGE]
                                     == written[page * PAGE:][:PAGE] != b""}

    def intact(self, name, begin, end):
        """Whether these bytes can be read, and are as they were written."""
        now, written = self.now[name], self.written[name]
        if any(begin < (page + 1) * PAGE and page * PAGE < end for page in self.unreadable[name]):
            return False
        return now is written or (now is not None and now[begin:end] == written[begin:end])

    def is_damaged(self, name):
        return self.now[name] != self.written[name] or bool(self.unreadable[name])

    def damaged(self):
        return [name for name in self.written if self.is_damaged(name)]

    def write(self, root):
        for name in self.damaged():
            replace(root / name, self.written[name], self.now[name])

    def undo(self, root):
        """Also if damaged files were taken away meanwhile."""
        for name in self.damaged():
            now = self.now[name] if (root / name).exists() else None
            replace(root / name, now, self.written[name])
        self.reset()

    def changed_since(self, root):
        """Names of files that are not as write() left them."""
        there = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        there = {name for name in there if not name.startswith("healed/")} - UNCOVERED
        wanted = {name for name, now in self.now.items() if now is not None}
        return sorted(there ^ wanted) + [
            name for name in sorted(there & wanted) if not self.is_as_now(root / name, name)]

    def is_as_now(self, path, name):
        if path.stat().st_size != len(self.now[name]):
            return False
        if not self.unreadable[name]:
            return path.read_bytes() == self.now[name]
        pages = set(range(-(-len(self.now[name]) // PAGE))) - self.unreadable[name]
        return all(data == self.now[name][page * PAGE:(page + 1) * PAGE]
                   for page, data in read_pages(path, sorted(pages)))


def read_pages(path, pages):
    """(page, its bytes) past the page cache, which asks for more than is wanted; None: it cannot
    be read."""
    file = os.open(path, os.O_RDONLY | os.O_DIRECT)
    try:
        with mmap.mmap(-1, PAGE) as memory:
            for page in pages:
                try:
                    yield page, memory[:os.preadv(file, [memory], page * PAGE)]
                except OSError:
                    yield page, None
    finally:
        os.close(file)


def replace(path, old, new):
    """Writes only what differs, page by page: what nobody touched stays where it is."""
    if new is None:
        path.unlink()
        return
    with open(path, "r+b" if old is not None else "w+b", buffering=0) as file:
        for at in range(0, len(new), PAGE):
            if old is None or old[at:at + PAGE] != new[at:at + PAGE]:
                os.pwrite(file.fileno(), new[at:at + PAGE], at)
        if len(new) != len(old or b""):  # it would read the last page
            file.truncate(len(new))
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


# --- layouts ------------------------------------------------------------------------------------


class Fields:
    """Little-endian numbers and bytes, one after the other."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, length):
        self.at += length
        return self.data[self.at - length:self.at]

    def number(self, layout):
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))[0]


def manifest_sections(data):
    fields = Fields(data)
    fields.take(12)
    sections = {}
    for _ in range(fields.number("I")):
        kind = fields.number("H")
        fields.take(2)
        sections[kind] = fields.take(fields.number("I"))
    return sections


def data_bytes_of(file_bytes):
    """The data region of a pack: all but its leaf hashes and tail."""
    rest = file_bytes - PACK_TAIL
    return rest - HASH * -(-rest // (LEAF + HASH))


def leaves_of(data_bytes):
    return -(-data_bytes // LEAF)


Row = collections.namedtuple("Row", "stripes places stripes_before")
Row.__doc__ = "Stripes of a row, its (pack, leaf) in order, and the stripes of the rows before."


class SessionLayout:
    """What a manifest says of its session's own packs and their parity."""

    def __init__(self, number, manifest):
        self.number = number
        sections = manifest_sections(manifest)
        packs = Fields(sections[2])
        self.own, self.vouched = {}, set()  # pack to data bytes; numbers
        for _ in range(packs.number("I")):
            pack, session, file_bytes = packs.number("I"), packs.number("I"), packs.number("Q")
            packs.take(HASH)
            self.vouched.add(pack)
            if session == number:
                self.own[pack] = data_bytes_of(file_bytes)
        self.rows, self.files = [], 0
        self.hash_places = {}  # pack to the number of its first leaf hash in a parity file
        if PARITY_SECTION in sections:
            self.read_parity(Fields(sections[PARITY_SECTION]))

    def read_parity(self, fields):
        self.files = fields.number("B")
        fields.take(HASH * self.files)
        stripes_before = leaves_before = 0
        for _ in range(fields.number("B")):
            stripes, count = fields.number("I"), fields.number("I")
            places = []
            for pack in (fields.number("I") for _ in range(count)):
                self.hash_places[pack] = leaves_before + len(places)
                places += [(pack, leaf) for leaf in range(leaves_of(self.own[pack]))]
            self.rows.append(Row(stripes, places, stripes_before))
            stripes_before += stripes
            leaves_before += len(places)
        self.stripes = stripes_before

    def stripe_of(self, pack, leaf):
        """(members, the number of their parity leaf); None if the pack is in no row."""
        for row in self.rows:
            if (pack, leaf) in row.places:
                number = row.places.index((pack, leaf)) % row.stripes
                return row.places[number::row.stripes], row.stripes_before + number
        return None

    def parity_hashes(self, pack):
        """(begin, end) of a pack's leaf hashes in each parity file."""
        begin = self.stripes * (LEAF + HASH) + self.hash_places[pack] * HASH
        return begin, begin + leaves_of(self.own[pack]) * HASH


# --- where the bytes of a snapshot lie ----------------------------------------------------------


Piece = collections.namedtuple("Piece", "begin end pack spans")
Piece.__doc__ = "Bytes begin to end of a content, and the spans of a pack file that they take."


class SnapshotMap:
    """The entries of a snapshot in tree order, and the pieces each is made of."""

    def __init__(self, vault, snapshot):
        self.entries = {}  # path to (whether lost bytes of it are to be named, pieces)
        self.session = snapshot.session
        first_names = {}

        def must_not_fail(path, failure):
            raise RuntimeError(f"{snapshot.name}: {path!r}: {failure}")

        for event, path, entry in vault.walk(snapshot, must_not_fail):
            if event == "leave":
                continue
            pieces = pieces_of(vault, vault.sessions[snapshot.session], entry.content)
            has_ranges = entry.kind == reference_reader.FILE
            if entry.link:  # a further name is lost with the first
                has_ranges = entry.link[0] not in first_names
                pieces = first_names.setdefault(entry.link[0], pieces)
            self.entries[path or b"."] = (has_ranges, pieces)


def pieces_of(vault, session, content):
    if content is None:
        return []
    pieces, extents = [], content.extents
    if content.level == 1:
        for extent in extents:  # without the list nothing of the content can be had
            pieces += pieces_of_extent(vault, session, extent, 0, content.size)
        cursor = reference_reader.Cursor(b"".join(vault.data_of(session, extents)), "extent list")
        extents = []
        while cursor.left:
            extents.append(reference_reader.parse_extent(cursor))
    at = 0
    for extent in extents:
        if extent.kind == reference_reader.DATA:
            pieces += pieces_of_extent(vault, session, extent, at, None)
        at += extent.length
    return pieces


def pieces_of_extent(vault, session, extent, at, whole):
    pack = vault.pack(extent.pack, session.set_id)
    key = reference_reader.derive(pack.key, b"azekura block table v1", pack.context)
    _, table_at, table_bytes = pack.open_table(1, key)
    locator = pack.region - 2 * reference_reader.LOCATOR
    frame = [(0, reference_reader.PACK_HEADER), (table_at, table_at + table_bytes),
             (locator, locator + reference_reader.LOCATOR)]
    for stored_at, stored, plain_at, plain, *_ in pack.blocks:
        begin, end = max(plain_at, extent.byte), min(plain_at + plain, extent.byte + extent.length)
        if begin < end:
            place = (0, whole) if whole else (at + begin - extent.byte, at + end - extent.byte)
            yield Piece(*place, extent.pack, [*frame, (stored_at, stored_at + stored)])


# --- the budget ---------------------------------------------------------------------------------


class Medium:
    """What a whole medium holds: its bytes, its sessions, where its snapshots lie, the (pack,
    begin, end) of each block, and the tables of each pack."""

    def __init__(self, root, key):
        self.contents = Contents(root)
        self.sessions = {}
        for name, data in self.contents.written.items():
            if name.startswith("sessions/") and name.endswith("/manifest"):
                number = int(name.split("/")[1])
                self.sessions[number] = SessionLayout(number, data)
        self.owners = {pack: layout for layout in self.sessions.values() for pack in layout.own}
        vault = reference_reader.Vault(str(root), reference_reader.RecoveryKey.load([str(key)]))
        self.snapshots = {snapshot.name: SnapshotMap(vault, snapshot)
                          for session in vault.sessions.values()
                          for snapshot in vault.generation(session)}
        self.tables = {}  # pack to what follows its blocks
        for number, pack in vault.open_packs.items():
            self.tables[number] = (sum(pack.blocks[-1][:2]), pack.region)
            pack.close()
        self.blocks = sorted({(piece.pack, *piece.spans[-1])
                              for snapshot in self.snapshots.values()
                              for _, pieces in snapshot.entries.values() for piece in pieces})


class Budget:
    """What can be had of a medium as its contents are now."""

    def __init__(self, medium):
        self.contents = medium.contents
        self.medium = medium
        self.made = {}  # (pack, leaf) to whether parity brings it back

    def counts(self, session):
        """Whether one copy at least of each thing that makes the session is whole."""
        return all(any(not self.contents.is_damaged(object_name(folder, session, kind))
                       for folder in COPIES) for kind in OBJECTS)

    def lost_sessions(self):
        return [number for number in self.medium.sessions if not self.counts(number)]

    def is_vouched_for(self, pack):
        return any(pack in layout.vouched and self.counts(number)
                   for number, layout in self.medium.sessions.items())

    def leaf_is_intact(self, pack, leaf):
        end = min((leaf + 1) * LEAF, self.medium.owners[pack].own[pack])
        return self.contents.intact(pack_name(pack), leaf * LEAF, end)

    def can_have_leaf(self, pack, leaf):
        return self.leaf_is_intact(pack, leaf) or self.can_make_leaf(pack, leaf)

    def can_make_leaf(self, pack, leaf):
        if (pack, leaf) not in self.made:
            self.made[pack, leaf] = self.parity_makes_leaf(pack, leaf)
        return self.made[pack, leaf]

    def parity_makes_leaf(self, pack, leaf):
        layout = self.medium.owners[pack]
        stripe = layout.stripe_of(pack, leaf)
        if stripe is None or not self.counts(layout.number) or not self.can_have_hashes(pack):
            return False
        members, number = stripe
        lost = sum(not self.leaf_is_intact(*member) for member in members)
        begin = number * LEAF
        end = begin + min(LEAF, layout.own[pack] - leaf * LEAF)  # a short leaf needs no more
        intact = sum(self.contents.intact(parity_name(layout.number, index), begin, end)
                     for index in range(layout.files))
        return lost <= intact

    def can_have_hashes(self, pack):
        """From the pack's own copy, a parity file's, or anew if all leaves are intact."""
        layout = self.medium.owners[pack]
        begin, leaves = layout.own[pack], leaves_of(layout.own[pack])
        if self.contents.intact(pack_name(pack), begin, begin + leaves * HASH):
            return True
        if self.counts(layout.number) and any(
                self.contents.intact(parity_name(layout.number, index), *layout.parity_hashes(pack))
                for index in range(layout.files)):
            return True
        return all(self.leaf_is_intact(pack, leaf) for leaf in range(leaves))

    def can_have_pack(self, pack):
        return self.can_have_hashes(pack) and all(
            self.can_have_leaf(pack, leaf)
            for leaf in range(leaves_of(self.medium.owners[pack].own[pack])))

    def can_have_file(self, name):
        """Whether every byte of a damaged file can be had again, by whatever it is."""
        folder, *below = name.split("/")
        if folder == "packs":
            pack = int(below[-1], 16)
            return self.is_vouched_for(pack) and self.can_have_pack(pack)
        if folder == "parity":
            session = int(below[0])
            return self.counts(session) and all(
                self.can_have_pack(pack) for pack in self.medium.sessions[session].own)
        if folder in COPIES:
            return self.counts(int(below[0]))
        return False  # of the label there is one copy

    def is_within(self):
        return all(self.can_have_file(name) for name in self.contents.damaged())

    def can_read(self, pack, begin, end):
        """Whether bytes of a pack can be had: where one is damaged, its leaf must come back."""
        for leaf in range(begin // LEAF, (end - 1) // LEAF + 1):
            low, high = max(begin, leaf * LEAF), min(end, (leaf + 1) * LEAF)
            if not self.contents.intact(pack_name(pack), low, high) \
                    and not self.can_make_leaf(pack, leaf):
                return False
        return True

    def can_read_all_tables(self):
        return all(self.can_read(pack, *span) for pack, span in self.medium.tables.items())

    def lost_of(self, snapshot):
        """Path to the (begin, end) that cannot be had of it, for all a snapshot has lost;
        None if all of it is. Directories, what lies in a lost one, and further names of a lost
        file have no ranges."""
        found = self.medium.snapshots[snapshot]
        if not self.counts(found.session):
            return None
        lost = {}
        for path, (has_ranges, pieces) in found.entries.items():
            above = path.rpartition(b"/")[0] or b"."
            if path != b"." and above in lost:
                lost[path] = []
                continue
            ranges = [(piece.begin, piece.end) for piece in pieces
                      if not all(self.can_read(piece.pack, *span) for span in piece.spans)]
            if ranges:
                lost[path] = ranges if has_ranges else []
        return lost
