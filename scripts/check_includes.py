#!/usr/bin/env python3
"""Fail if a file uses a name whose header it does not include, itself or through its own headers.

A build compiles many files as one unit, where a forgotten include goes unnoticed. Seen are names of
the standard library and of POSIX that have one header, and what our headers declare. Run from the repository's root.
"""
import functools
import pathlib
import re
import sys

from check_layers import INCLUDE, MAY_INCLUDE, source_files

STANDARD = {  # header : names in std
    "algorithm": "all_of any_of binary_search clamp copy copy_if copy_n count_if equal equal_range "
                 "fill fill_n find find_if find_if_not for_each is_sorted "
                 "lexicographical_compare lower_bound max max_element merge min min_element "
                 "minmax_element mismatch none_of partition_point remove_if replace reverse rotate "
                 "search sort stable_sort transform unique upper_bound",
    "array": "array",
    "atomic": "atomic atomic_bool",
    "bit": "bit_cast popcount countr_zero countl_zero bit_ceil has_single_bit",
    "charconv": "from_chars to_chars",
    "chrono": "chrono",
    "condition_variable": "condition_variable",
    "deque": "deque",
    "filesystem": "filesystem",
    "functional": "function",
    "future": "future promise async packaged_task",
    "initializer_list": "initializer_list",
    "limits": "numeric_limits",
    "list": "list",
    "map": "map multimap",
    "memory": "unique_ptr shared_ptr weak_ptr make_unique make_shared",
    "mutex": "mutex lock_guard unique_lock scoped_lock call_once once_flag",
    "numeric": "accumulate iota",
    "optional": "optional nullopt",
    "random": "mt19937 mt19937_64 uniform_int_distribution",
    "set": "set multiset",
    "span": "span",
    "string": "string to_string u8string",
    "string_view": "string_view",
    "thread": "thread jthread this_thread",
    "tuple": "tuple tie",
    "unordered_map": "unordered_map unordered_multimap",
    "unordered_set": "unordered_set",
    "variant": "variant visit holds_alternative get_if monostate",
    "vector": "vector",
}
OTHER_NAMES = {  # header : a pattern of its names
    "cerrno": re.compile(r"\berrno\b|\bE(?:INTR|IO|EXIST|NOENT|INVAL|PERM|ACCES|NOSPC|FBIG)\b"),
    "doctest/doctest.h": re.compile(r"\bTEST_CASE\("),
    "fcntl.h": re.compile(r"\b(?:O_(?:RDONLY|WRONLY|RDWR|PATH|CREAT|CLOEXEC)|AT_FDCWD)\b"),
}
HEADER_OF = {name: header for header, names in STANDARD.items() for name in names.split()}
STANDARD_NAME = re.compile(r"\bstd::(\w+)")
# What a header declares begins a line. A forward declaration ends in a semicolon and is none.
DECLARED = [
    re.compile(r"^(?:class|struct|enum class|union) ([A-Z]\w+)\b(?!\s*(?::[^{\n]*)?;)", re.MULTILINE),
    re.compile(r"^using ([A-Z]\w+) =", re.MULTILINE),
    re.compile(r"^(?:inline )?constexpr [^=({\n]*\b(k[A-Z]\w+)", re.MULTILINE),
    re.compile(r"^(?!using |return )[a-zA-Z][\w:<>,*&\[\] ]*[ *&]([a-z]\w+)\(", re.MULTILINE),
]
# What could be meant by a name where a file declares it itself, as a member or a variable too.
OWN = re.compile(r"\b(?:class|struct|enum class|union|using|typename|auto|void|bool|"
                 r"(?!k[A-Z]|\d)\w+[>&*]?)\b"  # no constant or number is a type
                 r"[ &*]+(\w+)(?= *[={(;,)\[]|\b *$)")
USED = re.compile(r"(?<![\w.>:~])(?:(?:azekura|chunker|vault|restore|cli|limits)::)*"
                  r"(?:([A-Zk]\w+)\b|([a-z]\w+)(?=\())")
NO_CODE = re.compile(r'//[^\n]*|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def read(path):
    return NO_CODE.sub('""', path.read_text())


def includes_of(path):
    lines = map(INCLUDE.match, path.read_text().splitlines())
    return [line.group(2) for line in lines if line]


@functools.lru_cache(None)
def reached(path):
    """Every header that a file includes, itself or through headers of ours."""
    found = set()
    waiting = [path]
    while waiting:
        for header in includes_of(pathlib.Path(waiting.pop())):
            if header not in found:
                found.add(header)
                if pathlib.Path(header).is_file():
                    waiting.append(header)
    return found


def homes_of_names(files):
    """Name to the one header that declares it."""
    homes = {}
    for path in files:
        if path.suffix == ".h":
            text = read(path)
            for pattern in DECLARED:
                for name in pattern.findall(text):
                    homes.setdefault(name, set()).add(path.as_posix())
    return {name: next(iter(found)) for name, found in homes.items() if len(found) == 1}


def flaws_of(layer, path, homes):
    text = read(path)
    headers = reached(path.as_posix()) | {path.as_posix()}
    for name in sorted(set(STANDARD_NAME.findall(text))):
        if name in HEADER_OF and HEADER_OF[name] not in headers:
            yield f"{path}: error: std::{name} needs <{HEADER_OF[name]}>"
    for header, pattern in OTHER_NAMES.items():
        if header not in headers and (found := pattern.search(text)):
            yield f"{path}: error: {found[0]} needs <{header}>"
    used = {one or other for one, other in USED.findall(text)} & homes.keys()
    # The name of something in a layer that this one may not know is another thing.
    for name in sorted(used - set(OWN.findall(text))):
        if homes[name] not in headers and homes[name].split("/")[0] in MAY_INCLUDE[layer]:
            yield f'{path}: error: {name} needs "{homes[name]}"'


files = source_files()
names = homes_of_names([path for _, path in files])
errors = [flaw for layer, path in files for flaw in flaws_of(layer, path, names)]
print("\n".join(errors) or f"{len(files)} files include what they use")
sys.exit(bool(errors) or not files)
