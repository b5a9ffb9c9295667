#!/usr/bin/env python3
"""Makes the table of messages, a C++ file, of core/ja.po: embed_messages.py OUT PO"""
import pathlib
import sys

from message_file import entries_of, flaws_of


def literal(text):
    return '"' + "".join(chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '"\\?'
                         else f"\\{byte:03o}" for byte in text.encode()) + '"'


def main():
    out, source = sys.argv[1:]
    entries = sorted(entries_of(source), key=lambda one: one.english.encode())
    flaws = [f"{source}:{one.line}: error: {flaw}" for one in entries for flaw in flaws_of(one)]
    flaws += [f"{source}:{one.line}: error: is there twice"
              for one, next_one in zip(entries, entries[1:]) if one.english == next_one.english]
    if flaws:
        sys.exit("\n".join(flaws))
    rows = "".join(f"    {{{literal(one.english)},\n     {literal(one.japanese)}}},\n"
                   for one in entries)
    pathlib.Path(out).write_text(
        '#include "core/message_table.h"\n\n#include <array>\n\n'
        "namespace azekura {\n\nnamespace {\n"
        f"constexpr std::array<Message, {len(entries)}> kJapaneseMessages{{{{\n{rows}}}}};\n"
        "}  // namespace\n\n"
        "std::span<const Message> japanese_messages() noexcept { return kJapaneseMessages; }\n\n"
        "}  // namespace azekura\n")


if __name__ == "__main__":
    main()
