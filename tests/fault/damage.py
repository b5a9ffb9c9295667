"""Kinds of damage to a medium, each a function of seeded randomness. They change the contents that
budget.Contents holds, never a disk; `medium` is a budget.Medium."""
from budget import COPIES, LEAF, OBJECTS, PAGE, object_name, pack_name, parity_name

HOLE_BYTES = 64 << 10
SECTOR = 512
SECTORS_MAX = 256


def any_file(rng, medium):
    """Large files are met more often, as a defect of the device would."""
    written = medium.contents.written
    return rng.choices(list(written), [len(data) for data in written.values()])[0]


def packs_and_parity(medium):
    return [name for name in medium.contents.written if name.startswith(("packs/", "parity/"))]


def noise_or_zeros(rng, length):
    return rng.choice((bytes(length), rng.randbytes(length)))


def flip_bits(rng, medium):
    for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
        name = any_file(rng, medium)
        flip_bit(rng, medium, name, 0, len(medium.contents.written[name]))


def punch_holes(rng, medium):
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        name = any_file(rng, medium)
        at = rng.randrange(max(1, len(medium.contents.written[name]) - HOLE_BYTES // 2))
        medium.contents.overwrite(name, at, noise_or_zeros(rng, HOLE_BYTES))


def spoil_one_stripe(rng, medium):
    """As many leaves of one stripe, parity among them, as it can bear, and some more or less."""
    rows = [(layout, row) for layout in medium.sessions.values() for row in layout.rows]
    layout, row = rng.choices(rows, [len(row.places) for _, row in rows])[0]
    number = rng.randrange(row.stripes)
    leaves = [(pack_name(pack), leaf * LEAF,
               min(LEAF, layout.own[pack] - leaf * LEAF))
              for pack, leaf in row.places[number::row.stripes]]
    leaves += [(parity_name(layout.number, index), (row.stripes_before + number) * LEAF, LEAF)
               for index in range(layout.files)]
    count = min(len(leaves), layout.files + rng.choice((-1, 0, 0, 1, 1)))
    for name, begin, length in rng.sample(leaves, count):
        spoilt = rng.choice((1, length))
        at = begin + rng.randrange(length - spoilt + 1)
        old = medium.contents.written[name][at:at + spoilt]
        medium.contents.overwrite(name, at, bytes(byte ^ 0xFF for byte in old))


def spoil_beside_a_block(rng, medium):
    """The leaf where a block begins is lost, by bytes before the block; a later one of its leaves,
    of another stripe, is damaged in it. So all its bytes are intact or can be made."""
    pack, begin, end = rng.choice([(pack, begin, end) for pack, begin, end in medium.blocks
                                   if begin % LEAF and begin // LEAF + 1 < end // LEAF])
    layout, first = medium.owners[pack], begin // LEAF
    members, _ = layout.stripe_of(pack, first)
    others = [leaf for of, leaf in members
              if of == pack and leaf != first and not begin <= leaf * LEAF < end]
    for leaf in [first, *rng.sample(others, min(len(others), layout.files))]:
        flip_bit(rng, medium, pack_name(pack), leaf * LEAF, leaf * LEAF + 1)
    flip_bit(rng, medium, pack_name(pack), (first + 1) * LEAF, (first + 2) * LEAF)


def spoil_leaf_hashes(rng, medium):
    """Some or all copies of the leaf hashes of a pack: its own, and one in each parity file."""
    pack = rng.choice(list(medium.owners))
    layout = medium.owners[pack]
    copies = [(pack_name(pack), layout.own[pack], len(medium.contents.written[pack_name(pack)]))]
    copies += [(parity_name(layout.number, index), *layout.parity_hashes(pack))
               for index in range(layout.files)]
    for copy in rng.sample(copies, rng.randint(1, len(copies))):
        flip_bit(rng, medium, *copy)
    if rng.random() < 0.3:
        flip_bit(rng, medium, pack_name(pack), 0, layout.own[pack])


def flip_bit(rng, medium, name, begin, end):
    at = rng.randrange(begin, end)
    byte = (medium.contents.now[name] or b"")[at:at + 1]
    medium.contents.overwrite(name, at, bytes(one ^ 1 << rng.randrange(8) for one in byte))


def lose_sectors(rng, medium):
    for _ in range(rng.randint(1, 3)):
        name = any_file(rng, medium)
        length = len(medium.contents.written[name])
        begin = rng.randrange(0, length, SECTOR)
        count = int(2 ** rng.uniform(0, SECTORS_MAX.bit_length() - 1))
        medium.contents.make_unreadable(name, begin, min(length, begin + count * SECTOR))


def lose_a_pack(rng, medium):
    medium.contents.remove(pack_name(rng.choice(list(medium.owners))))


def lose_parity(rng, medium):
    layout = rng.choice([one for one in medium.sessions.values() if one.files])
    for index in rng.sample(range(layout.files), rng.randint(1, layout.files)):
        medium.contents.remove(parity_name(layout.number, index))


def cut_a_tail(rng, medium):
    name = rng.choice(packs_and_parity(medium))
    length = len(medium.contents.written[name])
    medium.contents.cut(name, length - int(length ** rng.random()))


def swap_packs(rng, medium):
    medium.contents.swap(*map(pack_name, rng.sample(list(medium.owners), 2)))


def zero_metadata(rng, medium):
    """Copies of what makes a session; one time in twenty the label, of which there is no other."""
    contents = medium.contents
    if rng.random() < 0.05:
        names = ["label"]
    else:
        session, kind = rng.choice(list(medium.sessions)), rng.choice(OBJECTS)
        folders = rng.sample(COPIES, rng.choice((1, 1, 1, 2, 2, 3)))
        names = [object_name(folder, session, kind) for folder in folders]
    for name in names:
        contents.overwrite(name, 0, bytes(rng.choice((PAGE, len(contents.written[name])))))


def lose_metadata(rng, medium):
    """One folder of copies of a session. That a newest seal is missing may be an unfinished write,
    and is no finding; so that one stays."""
    session, folder = rng.choice(list(medium.sessions)), rng.choice(COPIES)
    kinds = OBJECTS[:2] if session == max(medium.sessions) else OBJECTS
    for kind in kinds:
        medium.contents.remove(object_name(folder, session, kind))


SECTORS = "sectors unreadable"
KINDS = {
    "single bits": flip_bits,
    "64 KiB holes": punch_holes,
    "leaves of one stripe": spoil_one_stripe,
    "beside a block": spoil_beside_a_block,
    "leaf hashes": spoil_leaf_hashes,
    SECTORS: lose_sectors,
    "a pack lost": lose_a_pack,
    "parity lost": lose_parity,
    "a tail cut": cut_a_tail,
    "packs swapped": swap_packs,
    "metadata zeroed": zero_metadata,
    "metadata lost": lose_metadata,
}
TWO = "two at once"
