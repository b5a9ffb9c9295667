#!/usr/bin/env python3
"""Fail on breaches of docs/style.md that neither the compilers nor clang-format can see.

Run from the repository's root.
"""
import pathlib
import re
import sys

LAYERS = ["core", "chunker", "vault", "restore", "cli"]
LINES_MAX = {".h": 200, ".cpp": 600}
COLUMNS_MAX = 100

# (what it says, pattern, folders): searched in code, with comments and literals blanked out.
IN_CODE = [
    ("no name says what a thing does by Manager, Helper, Util or Impl",
     re.compile(r"\b\w*(Manager|Helper|Utils?|Impl)\b"), LAYERS + ["tests"]),
    ("no function is named do_, process_ or handle_",
     re.compile(r"\b(do|process|handle)_\w+\s*\("), LAYERS + ["tests"]),
    ("no using namespace", re.compile(r"\busing\s+namespace\b"), LAYERS),
    ("only cli prints", re.compile(r"\bstd::(cout|cerr|clog)\b|\bfmt::print\b|\bprintf\s*\("),
     ["core", "chunker", "vault", "restore"]),
    ("only cli exits", re.compile(r"(\bstd::|[^\w:]::|^\s*)(quick_)?exit\s*\("),
     ["core", "chunker", "vault", "restore"]),
    ("only cli reads the environment", re.compile(r"\b(secure_)?getenv\s*\("),
     ["chunker", "vault", "restore"]),
]
# Searched in the whole line.
IN_LINE = [
    ("a tab", re.compile(r"\t")),
    ("trailing white space", re.compile(r"\s$")),
    ("unfinished work", re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")),
    ("a silenced check needs its name and a reason: // NOLINT(name): reason",
     re.compile(r"NOLINT(?!(NEXTLINE|BEGIN)?\([\w.,\- *]+\): \S)(?!END)")),
]
LITERAL_OR_COMMENT = re.compile(r'"(\\.|[^"\\])*"|//.*')
FILE_NAME = re.compile(r"^[a-z0-9_]+$")
BANNED_FILE_NAME = re.compile(r"(^|_)(utils?|helpers?|manager|misc|common)(_|$)")


def flaws_of_name(path):
    if not FILE_NAME.match(path.stem) or BANNED_FILE_NAME.search(path.stem):
        yield 1, "a file is named for the one thing it holds, in snake_case"


def flaws_of_text(path, text):
    lines = text.split("\n")
    if len(lines) - 1 > LINES_MAX[path.suffix]:
        yield len(lines) - 1, f"more than {LINES_MAX[path.suffix]} lines"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield len(lines), "a file ends with exactly one newline"
    if path.suffix == ".h" and lines[0] != "#pragma once":
        yield 1, "a header starts with #pragma once"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield number, f"more than {COLUMNS_MAX} columns"
        code = LITERAL_OR_COMMENT.sub('""', line)
        for what, pattern in IN_LINE:
            if pattern.search(line):
                yield number, what
        for what, pattern, folders in IN_CODE:
            if path.parts[0] in folders and pattern.search(code):
                yield number, what


def flaws_of(path):
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        yield 1, f"not UTF-8: {error}"
        return
    yield from flaws_of_name(path)
    yield from flaws_of_text(path, text)


files = [
    path
    for folder in LAYERS + ["tests"]
    for path in sorted(pathlib.Path(folder).rglob("*"))
    if path.suffix in LINES_MAX
]
errors = [f"{path}:{number}: error: {what}" for path in files for number, what in flaws_of(path)]
print("\n".join(errors) or f"{len(files)} files follow the house style")
sys.exit(bool(errors) or not files)
