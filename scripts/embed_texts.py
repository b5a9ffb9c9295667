#!/usr/bin/env python3
"""Writes a C++ file with one function per text file: embed_texts.py OUT FUNCTION=FILE..."""
import pathlib
import sys

out, *pairs = sys.argv[1:]
parts = [
    '#include "vault/medium_texts.h"\n\n'
    "// NOLINTBEGIN(readability-function-size): texts, not code\n"
    "namespace azekura::vault {\n"
]
for pair in pairs:
    function, _, path = pair.partition("=")
    data = pathlib.Path(path).read_bytes()
    rows = [data[i : i + 24] for i in range(0, len(data), 24)]
    text = "\n".join('    "' + "".join(f"\\{byte:03o}" for byte in row) + '"' for row in rows)
    parts.append(
        f"\nstd::string_view {function}() {{\n"
        f"  static constexpr char kText[] =\n{text};\n"
        f"  return {{kText, sizeof kText - 1}};\n}}\n"
    )
parts.append("\n}  // namespace azekura::vault\n// NOLINTEND(readability-function-size)\n")
pathlib.Path(out).write_text("".join(parts))
