"""A night: changes of a tree that can be made in place and taken back, as often as wanted.

A corpus is a folder with the tree `source`, the tree `other` of what the night exchanges, and
`night.json`. What the night leaves alone keeps inode and times, so that every tool may skip it.
"""
import json
import os
import pathlib
import subprocess


class NightPlan:
    """Collects what a night will do to a corpus whose source is complete."""

    def __init__(self, corpus):
        self.corpus = corpus
        self.source = corpus / "source"
        self.other = corpus / "other"
        self.other.mkdir()
        self.exchanged = []
        self.renamed = []

    def add(self, path):
        """Returns where to make a file or folder that is new or takes the place of the source's."""
        self.exchanged.append(str(path))
        added = self.other / path
        added.parent.mkdir(parents=True, exist_ok=True)
        return added

    def change(self, path):
        """Returns a copy of the source's file, holes and all, to be changed."""
        changed = self.add(path)
        subprocess.run(["cp", "-a", self.source / path, changed], check=True)
        return changed

    def remove(self, path):
        self.exchanged.append(str(path))

    def rename(self, path, new):
        self.renamed.append((str(path), str(new)))

    def save(self):
        def size(path):
            return max(os.lstat(at).st_size for at in (self.source / path, self.other / path)
                       if os.path.lexists(at))

        # Borg never trusts the file with the newest times, so the last one is a small one.
        plan = {"exchanged": sorted(self.exchanged, key=size, reverse=True),
                "renamed": self.renamed}
        (self.corpus / "night.json").write_text(json.dumps(plan))


class Night:
    """The night of a corpus, not yet happened."""

    def __init__(self, corpus):
        self.source = corpus / "source"
        self.other = corpus / "other"
        self.spare = corpus / "spare"
        self.plan = json.loads((corpus / "night.json").read_text())

    def happen(self):
        self._exchange()
        for path, new in self.plan["renamed"]:
            os.rename(self.source / path, self.source / new)

    def take_back(self):
        for path, new in reversed(self.plan["renamed"]):
            os.rename(self.source / new, self.source / path)
        self._exchange()

    def _exchange(self):
        for path in self.plan["exchanged"]:
            here, there = self.source / path, self.other / path
            if not os.path.lexists(there):
                there.parent.mkdir(parents=True, exist_ok=True)
                os.rename(here, there)
            elif not os.path.lexists(here):
                os.rename(there, here)
            else:
                os.rename(here, self.spare)
                os.rename(there, here)
                os.rename(self.spare, there)


def relative_files(top):
    """Regular files below `top` with a single name, as relative paths, in a fixed order."""
    found = []
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            path = pathlib.Path(folder, name)
            if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:
                found.append(path.relative_to(top))
    return found
