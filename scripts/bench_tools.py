"""The tools that are compared: how each is told to do what is measured, and what a run cost."""
import json
import os
import subprocess
import tempfile

from bench_children import output_of

OUTPUT_SHOWN_BYTES = 4000
PASSWORD = "measured, not kept"


class ToolFailed(Exception):
    """A tool did not end with exit code 0, or gave back something else than it was given."""


def run(command, environment, folder):
    """What it cost: seconds of wall and of CPU, peak memory, load before it, of the process and its
    children. Errors: ToolFailed, with the end of what it printed."""
    with tempfile.TemporaryFile() as output:
        cost = json.loads(output_of("bench_cost.py", *command, env=environment, cwd=folder,
                                    stderr=output))
        code = cost.pop("code")
        if code != 0:
            output.seek(max(0, os.fstat(output.fileno()).st_size - OUTPUT_SHOWN_BYTES))
            said = output.read().decode(errors="backslashreplace")
            raise ToolFailed(f"{' '.join(map(str, command))}: exit code {code}\n{said}")
    return cost


class Tool:
    """An empty vault of one tool in `home`, with its caches, for the tree `source`.

    Subclasses say what to run: `prepare` (not measured), `back_up`, `restore`, and `checks`, name
    of the step to command.
    """

    def __init__(self, home, source, engine):
        self.home = home
        self.source = source
        self.engine = engine
        self.medium = home / "medium"
        temporary = home / "tmp"
        temporary.mkdir(parents=True)
        self.environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(home),
                            "TMPDIR": str(temporary), "XDG_STATE_HOME": str(home),
                            **self.settings()}

    def settings(self):
        return {}

    def run(self, *command, folder=None):
        return run(command, self.environment, folder or self.home)

    def medium_bytes(self):
        """Of what the medium holds, but parity: the peers write none."""
        return sum(path.lstat().st_size for path in self.medium.rglob("*")
                   if path.is_file() and self.medium / "parity" not in path.parents)


class Azekura(Tool):
    """Sealed, round trip and read-back always on: they cannot be switched off."""
    name = "azekura"
    version = ["version"]

    def prepare(self):
        self.medium.mkdir()
        self.run(self.engine, "init", "site", "--kit", "kit")
        self.azekura("source", "add", "corpus", self.source)
        self.azekura("set", "add", "daily", "--folder", self.medium)

    def azekura(self, *arguments):
        return self.run(self.engine, "-s", "site", *arguments)

    def back_up(self):
        return self.azekura("backup", "--to", "daily")

    def checks(self):
        verify = [self.engine, "verify", "--from", self.medium]
        return {"verify": verify,
                "verify deep": [*verify, "--deep", "--key", "kit/recovery.key"]}

    def restore(self, target):
        return self.run(self.engine, "restore", "latest", "--system", "--from", self.medium,
                        "--key", "kit/recovery.key", "--target", target)


class Restic(Tool):
    name = "restic"
    version = ["version"]

    def settings(self):
        return {"RESTIC_REPOSITORY": str(self.medium), "RESTIC_COMPRESSION": "auto",
                "RESTIC_PASSWORD_FILE": str(self.home / "password"),
                "RESTIC_CACHE_DIR": str(self.home / "cache")}

    def prepare(self):
        (self.home / "password").write_text(PASSWORD)
        self.run("restic", "init")

    def back_up(self):
        return self.run("restic", "backup", "--quiet", ".", folder=self.source)

    def checks(self):
        return {"verify": ["restic", "check", "--quiet", "--read-data"]}

    def restore(self, target):
        return self.run("restic", "restore", "--quiet", "latest", "--target", target)


class Borg(Tool):
    name = "borg"
    version = ["--version"]
    backups = 0

    def settings(self):
        return {"BORG_REPO": str(self.medium), "BORG_PASSPHRASE": PASSWORD,
                "BORG_BASE_DIR": str(self.home / "base"),
                "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
                "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"}

    def prepare(self):
        self.run("borg", "init", "--encryption", "repokey-blake2")

    def back_up(self):
        self.backups += 1
        return self.run("borg", "create", "--compression", "zstd,3", f"::{self.backups}", ".",
                        folder=self.source)

    def checks(self):
        return {"verify": ["borg", "check", "--verify-data"]}

    def restore(self, target):
        return self.run("borg", "extract", "--sparse", f"::{self.backups}", folder=target)


TOOLS = {tool.name: tool for tool in (Azekura, Restic, Borg)}


def version_of(name, engine):
    program = engine if name == "azekura" else name
    said = subprocess.run([program, *TOOLS[name].version], capture_output=True, text=True,
                          check=True).stdout
    return said.splitlines()[0]


def compare(source, restored):
    """Errors: ToolFailed if the content of the trees differs."""
    found = subprocess.run(["diff", "-r", "--no-dereference", source, restored],
                           capture_output=True, text=True, errors="backslashreplace", check=False)
    if found.returncode != 0:
        said = found.stdout + found.stderr
        raise ToolFailed(f"the restored tree differs:\n{said[:OUTPUT_SHOWN_BYTES]}")
