#!/usr/bin/env python3
"""Fail if a layer includes a header it may not know about.

Two rules of docs/architecture.md: the arrows between the layers, and one owner for each outside
library. Run from the repository's root.
"""
import fnmatch
import pathlib
import re
import sys

LAYERS = {"core", "chunker", "vault", "restore", "cli"}
MAY_INCLUDE = {
    "core": {"core"},
    "chunker": {"chunker", "core"},
    "vault": {"vault", "core"},
    "restore": {"restore", "core"},
    "cli": LAYERS,
    "tests": LAYERS | {"tests"},
}
# An outside header (a name, or a folder that ends in a slash) and the files that may include it;
# tests may include any, to compare a library with what was made of it.
OWNERS = {
    "CLI/": ["cli/*"],
    "blkid/": ["vault/disk_probe.*"],
    "doctest/": [],
    "libfdisk/": ["vault/layout_writer.*"],
    "nlohmann/": ["cli/*"],
    "cairo-pdf.h": ["vault/card_pdf.*"],
    "openssl/": ["vault/hash.*", "vault/sealer.*"],
    "pango/": ["vault/card_pdf.*"],
    "qrencode.h": ["vault/qr_code.*"],
    "rocksdb/": ["vault/catalogue*"],
    "seccomp.h": ["core/confinement.*"],
    "sodium.h": ["vault/secret.*", "vault/signature.*", "vault/hpke.*"],
    "toml++/": ["core/site_edit.*", "core/site_reader.*", "core/site_syntax.*"],
    "xxhash.h": ["core/checksum.*"],
    "zstd.h": ["vault/codec.*"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def project_flaw(layer, header):
    folder = header.split("/")[0]
    if folder not in MAY_INCLUDE or "/" not in header:
        return f'"{header}" does not start at the source root'
    if folder not in MAY_INCLUDE[layer]:
        return f"{layer} may not include {folder}"
    return None


def library_flaw(path, header):
    for library, owners in OWNERS.items():
        owned = header.startswith(library) if library.endswith("/") else header == library
        if owned and not any(fnmatch.fnmatch(path.as_posix(), owner) for owner in owners):
            return f"only {', '.join(owners + ['tests'])} may include <{header}>"
    return None


def flaws_of(layer, path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := INCLUDE.match(line):
            quote, header = match.groups()
            if quote == '"':
                flaw = project_flaw(layer, header)
            else:
                flaw = library_flaw(path, header) if layer != "tests" else None
            if flaw:
                yield f"{path}:{number}: error: {flaw}"


def source_files():
    """(layer, path) of every source file."""
    return [(layer, path)
            for layer in MAY_INCLUDE
            for path in sorted(pathlib.Path(layer).rglob("*"))
            if path.suffix in {".h", ".cpp"}]


def main():
    files = source_files()
    errors = [flaw for layer, path in files for flaw in flaws_of(layer, path)]
    print("\n".join(errors) or f"{len(files)} files include only what they may")
    sys.exit(bool(errors) or not files)


if __name__ == "__main__":
    main()
