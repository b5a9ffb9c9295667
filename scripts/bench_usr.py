"""A copy of /usr, and a night of updates on it drawn from another seed."""
import pathlib
import random

import bench_trees
from bench_night import NightPlan

TREE_BYTES = 2 << 30
FILE_BYTES_MAX = 64 << 20
FOLDER_RENAMED_BYTES = 24 << 20
FILES_EDITED = 600
FILES_RENAMED = 100
FILES_REMOVED = 100
BYTES_ADDED = 8 << 20


def bytes_below(folder):
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def folder_of_about(total_bytes, tree):
    """The folder below one of the first level whose size is nearest."""
    folders = [path for path in sorted(tree.glob("*/*")) if path.is_dir() and not path.is_symlink()]
    nearest = min(folders, key=lambda folder: abs(bytes_below(folder) - total_bytes))
    return nearest.relative_to(tree)


def make(corpus, seed, scale):
    def scaled(number):
        return max(1, int(number * scale))

    corpus.mkdir()
    shelf = bench_trees.Shelf(f"usr {seed}", FILE_BYTES_MAX)
    shelf.take(scaled(TREE_BYTES), corpus / "source")

    plan = NightPlan(corpus)
    rng = random.Random(f"night {seed + 1}")
    left = bench_trees.edit_some(plan, pathlib.Path(), scaled(FILES_EDITED), rng)
    for path in left[:scaled(FILES_RENAMED)]:
        plan.rename(path, path.with_name(path.name + ".renamed"))
    for path in left[scaled(FILES_RENAMED):scaled(FILES_RENAMED) + scaled(FILES_REMOVED)]:
        plan.remove(path)
    shelf.take(scaled(BYTES_ADDED), plan.add("added"))
    folder = folder_of_about(scaled(FOLDER_RENAMED_BYTES), plan.source)
    plan.rename(folder, folder.with_name(folder.name + ".renamed"))
    plan.save()
