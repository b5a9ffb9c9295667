"""Parts of this machine's /usr, and the changes a night of updates makes to such a tree."""
import hashlib
import os
import stat
import subprocess

from bench_night import relative_files

USR = "/usr"
EDITED_BYTES_MIN = 4096
EDIT_EVERY_BYTES = 128 << 10
EDIT_LOG2_BYTES_MAX = 12


def listing(file_bytes_max):
    """(path below /usr, bytes) of its files and links, in a fixed order."""
    device = os.stat(USR).st_dev
    found = []
    for folder, folders, names in os.walk(USR):
        folders[:] = sorted(name for name in folders
                            if os.lstat(os.path.join(folder, name)).st_dev == device)
        for name in sorted(names):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode) or (
                    stat.S_ISREG(status.st_mode) and status.st_size <= file_bytes_max):
                found.append((os.path.relpath(path, USR), status.st_size))
    return found


class Shelf:
    """Files of /usr in an order drawn by a seed; each is taken once."""

    def __init__(self, seed, file_bytes_max):
        def draw(item):
            return hashlib.sha256(f"{seed} {item[0]}".encode(errors="surrogateescape")).digest()

        self.waiting = sorted(listing(file_bytes_max), key=draw, reverse=True)

    def take(self, total_bytes, target):
        """Copies files of about so many bytes, or what is left, to `target`, as they lie."""
        paths = []
        while self.waiting and total_bytes > 0:
            path, size = self.waiting.pop()
            paths.append(path)
            total_bytes -= size
        target.mkdir(parents=True)
        names = b"".join(os.fsencode(path) + b"\0" for path in paths)
        with subprocess.Popen(["tar", "-C", target, "-x", "-p"], stdin=subprocess.PIPE) as reader:
            subprocess.run(["tar", "-C", USR, "-c", "--null", "--verbatim-files-from", "-T", "-"],
                           input=names, stdout=reader.stdin, check=True)
            reader.stdin.close()
        if reader.returncode != 0:
            raise RuntimeError(f"tar could not fill {target}")


def edit(path, rng):
    """Overwrites, inserts and removes runs of bytes: one, and one more every 128 KiB."""
    data = bytearray(path.read_bytes())
    for _ in range(1 + len(data) // EDIT_EVERY_BYTES):
        at = rng.randrange(len(data) + 1)
        run = rng.randbytes(int(2 ** rng.uniform(0, EDIT_LOG2_BYTES_MAX)))
        replaced, added = rng.choice([(len(run), run), (0, run), (len(run), b"")])
        data[at:at + replaced] = added
    path.write_bytes(data)


def editable(tree):
    return [path for path in relative_files(tree)
            if (tree / path).stat().st_size >= EDITED_BYTES_MIN]


def edit_some(plan, part, count, rng):
    """Edits so many files below `part` of the source; returns the others that might have been."""
    paths = editable(plan.source / part)
    rng.shuffle(paths)
    for path in paths[:count]:
        edit(plan.change(part / path), rng)
    return paths[count:]
