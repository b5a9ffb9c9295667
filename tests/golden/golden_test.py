#!/usr/bin/python3
"""Builds every golden vault and checks that the reference reader, and an engine if given, end as its variant says.

    golden_test.py [--engine PATH] [--sanitized] [--only NAME ...] [--show] [--jobs N]

Prints one line a case and exits with 1 if any differs. Exit codes are those of docs/format.md, section 1; the
reference reader must also name the class. Whatever the vault, the engine stays within its bounds of memory and time,
and nothing outside the target is written.
"""
import argparse
import concurrent.futures
import os
import signal
import stat
import sys
import tempfile
import threading
import traceback

import make_vault

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts")
sys.path.append(SCRIPTS)
import reference_reader

READER = os.path.join(SCRIPTS, "reference_reader.py")
CODES = {"success": 0, "repairable": 4, "corruption": 5, "key": 6, "authenticity": 6, "version": 6}
CRASHED = 70                                                                # of a reader that ended with an exception
TIME_LIMIT = 120                                                            # seconds for one command on a busy machine
OUR_OUTPUT = b"engine-", b"reader-", b"expected-"                           # targets of restores, and what they must equal
OTHER_SNAPSHOT = "1/db"                                                     # of a session that most variants leave alone
ENGINE_SECONDS = 10                                                         # of processor time
ENGINE_BYTES = 256 << 20                                                    # resident at most


def describe(path):
    """Everything of one file that a restore must give back."""
    info = os.lstat(path)
    facts = {"mode": oct(info.st_mode), "mtime": info.st_mtime_ns}
    if os.geteuid() == 0:
        facts["owner"] = info.st_uid, info.st_gid
    if stat.S_ISREG(info.st_mode):
        facts["size"], facts["names"] = info.st_size, info.st_nlink
        with open(path, "rb") as file:
            facts["bytes"] = file.read()
    elif stat.S_ISLNK(info.st_mode):
        facts["target"] = os.readlink(path)
    if not stat.S_ISLNK(info.st_mode):
        try:
            facts["xattrs"] = {name: os.getxattr(path, name) for name in os.listxattr(path) if name.startswith("user.")}
        except OSError:
            facts["xattrs"] = {}
    return facts


def paths_below(root):
    """Relative paths of all below a folder, and of itself."""
    found = {b""}
    for folder, folders, files in os.walk(root):
        found.update(os.path.relpath(os.path.join(folder, name), root) for name in folders + files)
    return found


def difference(expected, restored):
    """The first difference of two trees or files, or None."""
    expected, restored = os.fsencode(expected), os.fsencode(restored)
    if not os.path.lexists(restored):
        return "not restored"
    wanted, got = paths_below(expected), paths_below(restored)
    if wanted != got:
        return f"names differ: {sorted(wanted ^ got)[:3]}"
    for name in sorted(wanted):
        a, b = ((describe(os.path.join(root, name) if name else root)) for root in (expected, restored))
        for fact, value in a.items():
            if b.get(fact) != value:
                shown = "" if fact == "bytes" else f": {value!r} expected, {b.get(fact)!r} found"
                return f"{os.fsdecode(name)!r}: {fact}{shown}"
    holes = {name: sum(os.lstat(os.path.join(root, name)).st_blocks for name in wanted if b"sparse" in name)
             for name, root in (("expected", expected), ("restored", restored))}
    if holes["restored"] > 2 * holes["expected"] + 512:
        return f"holes were filled: {holes['restored']} sectors, {holes['expected']} expected"
    return None


def commands(variant, folder, program, is_engine):
    """(what, arguments, wanted class, restored path or None, snapshot) of each command of a variant."""
    vault, keys = os.path.join(folder, "vault"), [os.path.join(folder, name) for name in variant.key.split()]
    source, key = ["--from", vault], [word for name in keys for word in ("--key", name)]
    yield "verify", [*program, "verify", *source], variant.verify, None
    yield "deep", [*program, "verify", *source, "--deep", *key], variant.deep, None
    if variant.deep == "success":
        yield "list", [*program, "list", *source, *key, *(["--json"] if is_engine else [])], "success", None
    restores = dict(variant.restore)
    if is_engine and variant.key == "recovery.key" and restores.keys() <= {"3/ehr", "3/db"}:
        restores[OTHER_SNAPSHOT] = "success"                                # whatever became of the last session
    for snapshot, wanted in restores.items():
        target = os.path.join(folder, ("engine-" if is_engine else "reader-") + snapshot.replace("/", "-"))
        yield snapshot, [*program, "restore", snapshot, *source, *key, "--target", target,
                         *(["--system"] if is_engine else [])], wanted, target


def start_engine(command, said, state):
    """The process number of the engine."""
    return os.posix_spawn(command[0], command, {**os.environ, "XDG_STATE_HOME": state}, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, said.fileno(), 2)])


def start_reader(command, said, _state):
    """The process number of the reference reader, in a fork: it takes longer to start than to read most vaults."""
    child = os.fork()
    if child != 0:
        return child
    code = CRASHED
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for number, file in enumerate((null, null, said.fileno())):
            os.dup2(file, number)
        sys.argv = command
        code = reference_reader.main() or 0
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def run(command, is_engine):
    """(exit code, standard error, what it used) of a command; it is killed after the time limit."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory(prefix="golden-state-") as state:
        child = (start_engine if is_engine else start_reader)(command, said, state)
        limit = threading.Timer(TIME_LIMIT, os.kill, (child, signal.SIGKILL))
        limit.start()
        _, status, used = os.wait4(child, 0)
        limit.cancel()
        said.seek(0)
        return os.waitstatus_to_exitcode(status), said.read().decode("utf-8", "replace"), used


def beyond_bounds(used):
    """What an engine used too much of, or None."""
    seconds, resident = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
    if seconds > ENGINE_SECONDS:
        return f"took {seconds:.1f} s of processor time, {ENGINE_SECONDS} allowed"
    if resident > ENGINE_BYTES:
        return f"used {resident >> 20} MiB, {ENGINE_BYTES >> 20} allowed"
    return None


def everything_in(folder):
    """What would show that a file was added, removed or changed, but for targets of restores."""
    found = []
    for place, folders, files in os.walk(os.fsencode(folder)):
        folders[:] = [name for name in folders if not name.startswith(OUR_OUTPUT)]
        for name in folders + [name for name in files if not name.startswith(OUR_OUTPUT)]:
            info = os.lstat(os.path.join(place, name))
            found.append((place, name, info.st_mode, info.st_size, 0 if name in folders else info.st_mtime_ns))
    return sorted(found)


def run_case(variant, folder, snapshots, program, is_engine, arguments):
    """Lines of one variant and one program: (good, text)."""
    who = "engine" if is_engine else "reader"
    before = everything_in(folder)
    for what, command, wanted, target in commands(variant, folder, program, is_engine):
        if wanted is None:
            continue
        if wanted == "repairable" and not is_engine:
            wanted = "corruption"                                               # it repairs nothing
        code, said, used = run(command, is_engine)
        problem = None
        if code != CODES[wanted]:
            last = said.strip().splitlines()[-1:] or ["(silent)"]
            problem = f"exit code {code}, {CODES[wanted]} expected: {last[0][:160]}"
        elif is_engine and not arguments.sanitized and beyond_bounds(used):
            problem = beyond_bounds(used)
        elif not is_engine and wanted != "success" and f"reference_reader: {wanted}: " not in said:
            problem = f"not called {wanted}: {said.strip()[:160]}"
        elif target and wanted == "success":
            expected = os.path.join(folder, "expected-" + what.replace("/", "-"))
            if not os.path.lexists(expected):
                make_vault.write_expected(snapshots[what], os.fsencode(expected))
            inner = os.path.join(target, what.split("/")[1]) if what.endswith("/db") else target
            problem = difference(expected, inner)
        words = problem or (arguments.show and wanted != "success" and said.strip()[-160:].splitlines()[-1:] or [""])[0]
        yield problem is None, f"{variant.name} {who} {what} {wanted}{': ' + words if words else ''}"
    if everything_in(folder) != before:
        yield False, f"{variant.name} {who} wrote outside the target"


def run_variant(name, arguments):
    """All lines of one variant."""
    variant = make_vault.VARIANTS[name]
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        try:
            snapshots = make_vault.build(folder, variant)
        except Exception as error:                                          # a variant that cannot be made is a failed case
            return [(False, f"{name} make: {type(error).__name__}: {error}")]
        lines = []
        if not arguments.sanitized and not variant.endless:
            lines += run_case(variant, folder, snapshots, [READER], False, arguments)
        if arguments.engine:
            lines += run_case(variant, folder, snapshots, [os.path.abspath(arguments.engine)], True, arguments)
        return lines


def main():
    parser = argparse.ArgumentParser(description="Runs readers on every golden vault.")
    parser.add_argument("--engine", help="the azekura binary")
    parser.add_argument("--sanitized", action="store_true",
                        help="the engine has sanitizers: no bounds, and the reference reader is left to other builds")
    parser.add_argument("--show", action="store_true", help="also print what a reader said of a failure it rightly found")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these variants")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    names = arguments.only or list(make_vault.VARIANTS)
    unknown = set(names) - make_vault.VARIANTS.keys()
    if unknown:
        parser.error(f"no such variant: {', '.join(sorted(unknown))}")
    count = bad = 0
    with concurrent.futures.ProcessPoolExecutor(max(1, arguments.jobs)) as pool:
        cases = [pool.submit(run_variant, name, arguments) for name in names]
        for case in cases:
            for good, text in case.result():
                count, bad = count + 1, bad + (not good)
                print("ok  " if good else "FAIL", text, flush=True)
    print(f"{len(names)} variants, {count} cases, {bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
