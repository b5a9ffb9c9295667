#!/usr/bin/env python3
"""Writes cutter.json: chunk lengths computed from the cutter's definition, and from nothing else.

The hash of a position is summed from its 16 bytes every time; XXH3 is the system library's.
Run in this directory. A change of the output is a change of the format.
"""
import ctypes
import ctypes.util
import json

MASK = 2**64 - 1
XXHASH = ctypes.CDLL(ctypes.util.find_library("xxhash"))
XXHASH.XXH3_64bits_withSecret.restype = ctypes.c_uint64
XXHASH.XXH3_64bits_withSecret.argtypes = [
    ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
WORDS = ["patient", "ward", "3", "dose", "mg", "nurse", "call", "x-ray",
         "2026-02-14", "blood", "ok", "A", "discharge", "the", "of", "to"]


def splitmix64(seed):
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = seed
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        yield z ^ z >> 31


def random_data(seed, size):
    numbers = splitmix64(seed)
    data = bytearray()
    while len(data) < size:
        data += next(numbers).to_bytes(8, "little")
    return bytes(data[:size])


def text_data(seed, size):
    """Words, each picked by the low four bits of a number; a line ends when bits 4-6 are zero."""
    numbers = splitmix64(seed)
    data = bytearray()
    while len(data) < size:
        number = next(numbers)
        data += WORDS[number & 15].encode() + (b" " if number >> 4 & 7 else b"\n")
    return bytes(data[:size])


def zero_data(_seed, size):
    return bytes(size)


def chunk_lengths(data, key, target):
    low = [int.from_bytes(key[2 * i:2 * i + 2], "little") for i in range(16)]
    high = [int.from_bytes(key[32 + 2 * i:34 + 2 * i], "little") for i in range(16)]
    secret = key[64:256]
    gear = [low[byte & 15] ^ high[byte >> 4] for byte in range(256)]
    shortest, longest, mean = 3 * target // 5, 4 * target, 2 * target // 5
    bits = {4096: 6, 16384: 8}.get(target, 10)
    threshold = MASK // mean * 2**bits

    def ends(position, length):
        if length == longest:
            return True
        if length < shortest:
            return False
        window_hash = sum(gear[data[position - j]] << j for j in range(16)) % 65536
        if window_hash >> (16 - bits) != 0:
            return False
        window = data[position - 63:position + 1]
        return XXHASH.XXH3_64bits_withSecret(window, 64, secret, 192) < threshold

    lengths, start = [], 0
    while start < len(data):
        position = min(start + shortest - 1, len(data) - 1)
        while position < len(data) - 1 and not ends(position, position - start + 1):
            position += 1
        lengths.append(position - start + 1)
        start = position + 1
    return lengths


GENERATORS = {"random": random_data, "text": text_data, "zeros": zero_data}
CASES = [
    ("random", 1, 2 * 2**20, 64), ("random", 2, 512 * 2**10 + 7, 16),
    ("random", 3, 3 * 2**20 + 1, 256), ("text", 4, 3 * 2**19, 64), ("text", 5, 2**18, 16),
    ("zeros", 0, 700000, 64), ("random", 6, 0, 64), ("random", 6, 1, 64),
    ("random", 6, 9829, 16), ("random", 6, 9830, 16), ("random", 6, 9831, 16),
    ("random", 7, 2**18, 4), ("text", 8, 2**16 + 3, 4), ("zeros", 0, 40000, 4), ("random", 6, 2458, 4),
]
vectors = []
for number, (kind, seed, size, kib) in enumerate(CASES):
    key = random_data(1000 + number, 256)
    lengths = chunk_lengths(GENERATORS[kind](seed, size), key, kib * 1024)
    vectors.append({
        "data": kind, "seed": seed, "size": size, "target": kib * 1024,
        "low": key[:32].hex(), "high": key[32:64].hex(), "confirm": key[64:].hex(),
        "lengths": lengths})
comment = ("Generators and definition: make_cutter_vectors.py. low and high are 16 numbers of 16 "
           "bits, little-endian; confirm is the XXH3 secret.")
with open("cutter.json", "w", encoding="ascii") as file:
    lines = ",\n  ".join(json.dumps(vector) for vector in vectors)
    file.write('{"comment": ' + json.dumps(comment) + ',\n "words": ' + json.dumps(WORDS) +
               ',\n "vectors": [\n  ' + lines + "]}\n")
