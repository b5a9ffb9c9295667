"""Runs the benchmark's own programs: what is memory of theirs is not of the process that measures,
and none is left behind when that one is stopped."""
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).parent.resolve()


class ChildFailed(Exception):
    pass


def exit_when_terminated():
    """So that what was begun is ended: a database, a tool, a folder in memory."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def output_of(program, *arguments, **options):
    """Runs it to its end and returns what it prints. Errors: ChildFailed."""
    command = [sys.executable, "-B", HERE / program, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, **options) as process:
        try:
            output = process.communicate()[0]
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise ChildFailed(f"{program}: exit code {process.returncode}")
    return output
