"""A hospital's servers: one folder for each class of data, and the night's change of each."""
import os
import pathlib
import random
import shutil
import subprocess
import uuid

import numpy

import bench_trees
from bench_database import HospitalDatabase
from bench_night import NightPlan

MIB = 1 << 20
SYSTEM_MIB = 640
SYSTEM_FILE_BYTES_MAX = 8 * MIB
SYSTEM_FILES_PATCHED = 300
DISK_MIB = 1024
DISK_USED_MIB = 240
DISK_WRITES = 2000
DISK_BLOCK = 4096
CT_SERIES = 5
CT_SLICES = 96
CT_SIDE = 512
JPEGS = 60
JPEG_MIB_MAX = 7
HL7_DAYS = 8
HL7_MESSAGES_A_DAY = 30_000

FAMILY = "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤".split()
GIVEN = "陽菜 湊 凛 蓮 結菜 樹 葵 大翔 咲良 悠真".split()
VITALS = [("8867-4^Heart rate", "/min", 78), ("8480-6^Systolic", "mm[Hg]", 121),
          ("59408-5^SpO2", "%", 97), ("8310-5^Temperature", "Cel", 36), ("9279-1^Resp", "/min", 15)]


# --- images ---------------------------------------------------------------------------------------


def ct_slice(noise, where):
    """512 x 512 samples of 12 bits in 16: organs as smooth gradients in a body, noise over all."""
    y, x = numpy.mgrid[-1:1:CT_SIDE * 1j, -1:1:CT_SIDE * 1j]
    body = (x / 0.8) ** 2 + (y / 0.6) ** 2 < 1
    lung = ((abs(x) - 0.35) / (0.25 - 0.1 * where)) ** 2 + (y / 0.4) ** 2 < 1
    bone = (x / 0.1) ** 2 + ((y - 0.4) / (0.1 + 0.02 * where)) ** 2 < 1
    value = numpy.full(x.shape, 24.0)
    value[body] = (1060 + 40 * numpy.sin(3 * x + where) * numpy.cos(2 * y))[body]
    value[lung] = (200 + 60 * y * where)[lung]
    value[bone] = (1700 + 300 * x)[bone]
    value += noise.normal(0, 9, x.shape)
    return value.clip(0, 4095).astype("<u2").tobytes()


def make_series(folder, rng, slices):
    folder.mkdir(parents=True)
    noise = numpy.random.default_rng(rng.getrandbits(64))
    for number in range(slices):
        head = b"\0" * 128 + b"DICM" + f"{folder.name}\\{number:04}\\{CT_SIDE}".encode().ljust(380)
        (folder / f"{number:04}.dcm").write_bytes(head + ct_slice(noise, number / CT_SLICES))


def make_jpeg(path, rng):
    """Noise, as compressed images are to every tool."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\xd8\xff\xe0" + rng.randbytes(rng.randint(MIB, JPEG_MIB_MAX * MIB)))


# --- messages -------------------------------------------------------------------------------------


def message(rng, day, number, of_the_day):
    second = number * 86400 // of_the_day
    at = f"202611{day:02}{second // 3600:02}{second // 60 % 60:02}{second % 60:02}"
    patient = rng.randrange(100_000)
    lines = [
        f"MSH|^~\\&|NURSECALL|3W|EHR|HOSPITAL|{at}||ORU^R01|{day:02}{number:07}|P|2.5",
        f"PID|1||{patient:06}||{FAMILY[patient % 10]}^{GIVEN[patient // 10 % 10]}||19450123|F",
        f"PV1|1|I|3W^{rng.randrange(300, 340)}^{rng.randrange(1, 5)}",
    ]
    for row, (code, unit, usual) in enumerate(VITALS, 1):
        value = usual + rng.randrange(-9, 10) / 10
        lines.append(f"OBX|{row}|NM|{code}^LN||{value:.1f}|{unit}|||||F|||{at}")
    return "\r".join(lines) + "\r\n"


def write_messages(path, rng, day, numbers, of_the_day):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as log:
        log.writelines(message(rng, day, number, of_the_day) for number in numbers)


# --- a sparse disk --------------------------------------------------------------------------------


def make_disk(path, shelf, rng, scale):
    path.parent.mkdir(parents=True)
    files = path.with_suffix(".files")
    shelf.take(int(DISK_USED_MIB * scale * MIB), files)
    identity = str(uuid.UUID(int=rng.getrandbits(128)))
    room = int(max(DISK_MIB * scale, 64))
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-b", str(DISK_BLOCK), "-U", identity,
                    "-E", f"hash_seed={identity}", "-d", files, path, f"{room}M"], check=True)
    shutil.rmtree(files)


def used_blocks(descriptor):
    """Numbers of the 4 KiB blocks that are no holes."""
    end = os.fstat(descriptor).st_size
    at, found = 0, []
    while at < end:
        try:
            at = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError:  # only a hole is left
            break
        hole = os.lseek(descriptor, at, os.SEEK_HOLE)
        found.extend(range(at // DISK_BLOCK, hole // DISK_BLOCK))
        at = hole
    return found


def write_blocks(path, rng, count):
    """What a guest does: blocks it uses, anywhere, rewritten whole."""
    with path.open("r+b", buffering=0) as disk:
        blocks = used_blocks(disk.fileno())
        for block in rng.sample(blocks, min(count, len(blocks))):
            os.pwrite(disk.fileno(), rng.randbytes(DISK_BLOCK), block * DISK_BLOCK)


# --- the hospital ---------------------------------------------------------------------------------


def at_least_one(count, scale):
    return max(1, round(count * scale))


def make(corpus, seed, scale):
    rng = random.Random(f"hospital {seed}")
    source = corpus / "source"
    source.mkdir(parents=True)
    of_the_day = at_least_one(HL7_MESSAGES_A_DAY, scale)
    days = range(14, 14 + HL7_DAYS)
    jpegs = at_least_one(JPEGS, scale)

    database = HospitalDatabase(corpus / "database", seed, scale)
    database.make(source)
    for series in range(CT_SERIES):
        make_series(source / "ct" / f"series-{series}", rng, at_least_one(CT_SLICES, scale))
    for number in range(jpegs):
        make_jpeg(source / "jpeg" / f"{number:04}.jpg", rng)
    shelf = bench_trees.Shelf(seed, SYSTEM_FILE_BYTES_MAX)
    shelf.take(int(SYSTEM_MIB * scale * MIB), source / "system")
    make_disk(source / "disk" / "monitor.img", shelf, rng, scale)
    for day in days:
        until = of_the_day * 2 // 3 if day == days[-1] else of_the_day  # the last is still open
        write_messages(source / "hl7" / f"2026-11-{day}.log", rng, day, range(until), of_the_day)

    plan = NightPlan(corpus)
    database.change(plan)
    make_series(plan.add("ct/series-of-the-night"), rng, at_least_one(CT_SLICES / 5, scale))
    for number in range(jpegs, jpegs + at_least_one(JPEGS / 20, scale)):
        make_jpeg(plan.add(f"jpeg/{number:04}.jpg"), rng)
    bench_trees.edit_some(plan, pathlib.Path("system"),
                          at_least_one(SYSTEM_FILES_PATCHED, scale), rng)
    write_messages(plan.change(f"hl7/2026-11-{days[-1]}.log"), rng, days[-1],
                   range(of_the_day * 2 // 3, of_the_day), of_the_day)
    write_messages(plan.add(f"hl7/2026-11-{days[-1] + 1}.log"), rng, days[-1] + 1,
                   range(of_the_day // 24), of_the_day)
    write_blocks(plan.change("disk/monitor.img"), rng, at_least_one(DISK_WRITES, scale))
    plan.save()
