#!/usr/bin/env python3
"""Fail if a text that a person reads lacks a language: see flaws_of_sources and flaws_of_entries.

With --missing it prints the entries that core/ja.po lacks, to be filled in. Run from the
repository's root.
"""
import collections
import pathlib
import re
import sys
import typing

from check_layers import LAYERS
from message_file import entries_of, fields_of, flaws_of

PO = "core/ja.po"
# Words that say the same otherwise, and the one of the glossary (docs/adr/0022) to be used.
BANNED = {
    "メディア": "媒体", "リストア": "復元", "ベリファイ": "照合", "検証": "照合",
    "ジェネレーション": "世代", "カタログ": "目録", "レジャー": "台帳", "サイト": "施設",
    "スプール": "待機領域", "ソース": "対象", "ホスト": "バックアップ機", "リカバリ": "復旧",
    "キャプチャ": "取得", "シール": "封印", "ハードウェア": "機器", "ユーザー": "利用者",
    "フォルダー": "フォルダ", "サーバー": "サーバ", "下さい": "ください", "出来": "でき",
}
# What takes a text for people. Everything of these is looked for, also a single word.
TELLS = re.compile(
    r"\b(?:\w*Error(?: \w+)?|text|in_language|set_hint|fail|while_doing|throw_source_error|"
    r"throw_unreadable|warn|notice|phase|flawed|lost|not_set|unreadable|"
    r"add_command|add_subcommand|add_option|add_flag|add_flag_callback|add_browse)$")
# Further ones whose texts, where there are blanks in them, are for no person.
NOT_TOLD = re.compile(r"\b(?:static_assert|find|__builtin_cpu_supports|execl|derive|"
                      r"labeled_extract|labeled_expand|HashMethod|strptime)$")
# Texts that are bytes of the format, files for programs, or pages in both languages.
NO_MESSAGE = [
    re.compile(r"azekura [\w ]+ v\d"),  # domains of keys and signatures
    re.compile(r"azekura [\w ]+, version \d"),  # headings of key files
    re.compile(r"(share set|share|site|commitment|data|certificate|key|recovery|authority) *"),
    re.compile(r"(\{\}|\n|commitment |exclude = ).*\n.*", re.DOTALL),  # key and site files
    re.compile(r"header|manifest|seal|backup|source add|\{\}Landlock ABI \{\}|, USB \{\} \{\}"
               r"|write (through|back)|azekura medium 1"),  # names and what the kernel says
    re.compile(r"\{\}\t\{\} files left"),  # the history of a medium
    re.compile(r"\{\} of \{\}, any \{\} restore"),  # in a share's file
]
# The kit and the sticker: Japanese and English together.
PAGES = {"cli/prometheus_text.cpp", "vault/card_layout.cpp", "vault/kit_page.cpp", "vault/medium_card.cpp",
         "vault/recovery_kit.cpp", "vault/svg_page.cpp"}
# What CLI11 and the C library say of their own; it is looked up where it arrives.
OF_LIBRARIES = {
    "Print this help message and exit", "Options",
    "Permission denied", "Operation not permitted", "No such file or directory", "File exists",
    "Not a directory", "Is a directory", "Directory not empty", "No space left on device",
    "Disk quota exceeded", "File too large", "File name too long", "Read-only file system",
    "Input/output error", "Device or resource busy", "No such device",
    "No such device or address", "No medium found", "Too many open files",
    "Cannot allocate memory", "Invalid argument", "Broken pipe", "Operation not supported",
    "Too many levels of symbolic links", "Too many links", "Invalid cross-device link",
    "Stale file handle", "Resource temporarily unavailable", "Connection timed out",
}
# Single words of the sources that are looked up after they went through a variable.
WORDS = {
    "mon", "tue", "wed", "thu", "fri", "sat", "sun",
    "source", "set", "pool", "site", "kit", "done", "interrupted", "LOST", "DAMAGE", "HEALED", "REPAIRABLE",
    "added", "removed", "changed", "file", "directory", "symlink", "block_device",
    "character_device", "fifo", "kind", "content", "uid", "gid", "user", "group", "modified",
    "born", "xattrs", "target", "hard_link", "flaw", "owner", "mode", "attribute", "capability",
    "flags", "device", "socket", "time", "Usage", "OPTIONS", "SUBCOMMAND", "Positionals",
    "REQUIRED", "Needs", "Excludes",
}
# "access_list" of the sources is said with a blank.
WITH_BLANKS = {"set id", "access list", "trusted attribute"}
TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|^[ \t]*#[^\n]*(?:\\\n[^\n]*)*|R"(\w*)\((.*?)\)\1"'
    r"""|(?:u8)?"((?:\\.|[^"\\\n])*)"(sv|_\w+)?|'(?:\\.|[^'\\\n])+'|[\w:.>~-]+|\s+|.""",
    re.DOTALL | re.MULTILINE)
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]+|[0-7]{1,3}|u[0-9a-fA-F]{4}|.)")
NAMED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


class Literal(typing.NamedTuple):
    path: str
    line: int
    text: str
    call: str  # what stands before the bracket it is in: "text", "UsageError error"


def plain(quoted):
    def one(found):
        mark = found[1]
        if mark[0] in "xu":
            return chr(int(mark[1:], 16))
        return chr(int(mark, 8)) if mark.isdigit() else NAMED.get(mark, mark)
    return ESCAPE.sub(one, quoted)


def literals_of(path):
    """Texts in quotes, neighbours joined; not raw ones, which are whole files, nor bytes (sv)."""
    source = path.read_text()
    calls, words, line = [], "", 1
    open_text = None
    for token in TOKEN.finditer(source):
        said = token[0]
        here, line = line, line + said.count("\n")
        if said.startswith(("//", "/*")) or said.lstrip().startswith("#"):
            continue
        if said.isspace():
            words += " " if words and not words.endswith(" ") else ""
            continue
        if token[3] is not None and not token[4]:
            text = plain(token[3])
            open_text = (open_text._replace(text=open_text.text + text) if open_text
                         else Literal(str(path), here, text, calls[-1] if calls else ""))
            words = ""
            continue
        if open_text:
            yield open_text
            open_text = None
        if said in "({":
            calls.append(words.strip())
            words = ""
        elif said in ")}":
            if calls:
                calls.pop()
            words = ""
        elif re.fullmatch(r"[\w:.>~-]+", said):
            words = f"{words.rstrip()} {said}" if re.search(r"\w *$", words) else said
        elif said not in "<>*&":
            words = ""
    if open_text:
        yield open_text


def last_words(call):
    return " ".join(re.split(r"[ ]", call)[-2:]).replace("->", ".")


def is_for_people(one):
    bare = re.sub(r"\{[^{}]*\}", "", one.text)
    if not re.search(r"[A-Za-z]{2}", bare) or any(form.fullmatch(one.text) for form in NO_MESSAGE):
        return False
    call = re.sub(r"^.*[.:>]", "", last_words(one.call))
    told = TELLS.search(call) or TELLS.search(call.split(" ")[0])
    if told and re.match(r"add_", told[0]):
        return bool(re.match(r"[A-Z].*[a-z]|.* ", one.text))
    if told:
        return not re.fullmatch(r"[a-z/]*/[a-z-]+|[\w.-]*\.\w+", one.text)
    return (bool(re.search(r"[A-Za-z,;:]  *[A-Za-z{'\"]|[}'\"] [A-Za-z]", one.text))
            and not NOT_TOLD.search(call) and one.path not in PAGES)


def sources():
    for layer in ("core", "chunker", "vault", "restore", "cli"):
        for path in sorted(pathlib.Path(layer).glob("*")):
            if path.suffix in {".h", ".cpp"}:
                yield path


def entry_text(english):
    quoted = english.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace(
        "\t", "\\t")
    return f'msgid "{quoted}"\nmsgstr ""\n'


def flaws_of_sources(literals, known):
    """Every text for people stands in the file of messages, and is looked up, not just formatted."""
    for text in sorted((OF_LIBRARIES | WORDS | WITH_BLANKS) - known):
        yield f"{PO}: error: this lacks Japanese; add:\n{entry_text(text)}"
    for one in literals:
        if is_for_people(one) and one.text not in known:
            yield (f"{one.path}:{one.line}: error: this lacks Japanese; add to {PO}, with the "
                   f"Japanese in the second quotes:\n{entry_text(one.text)}")
        if one.text in known and re.search(r"\bfmt::format$", one.call) and fields_of(one.text):
            yield (f"{one.path}:{one.line}: error: this is said in English only: write text(...) "
                   "of core/messages.h in place of fmt::format(...)")


def flaws_of_entries(entries, literals):
    """Each entry is used, has the same {} in both languages, and keeps to the glossary."""
    used = {one.text for one in literals} | OF_LIBRARIES | WITH_BLANKS
    for entry in entries:
        flaws = list(flaws_of(entry))
        if entry.english not in used:
            flaws.append("is used nowhere: remove it, or correct its English")
        flaws += [f"'{word}' is not a word of the glossary: write '{better}'"
                  for word, better in BANNED.items() if word in entry.japanese]
        for flaw in flaws:
            yield f"{PO}:{entry.line}: error: {entry.english!r} {flaw}"


def main():
    entries = list(entries_of(PO))
    known = {one.english for one in entries}
    literals = [one for path in sources() for one in literals_of(path)]
    if sys.argv[1:] == ["--missing"]:
        missing = collections.OrderedDict((one.text, one.path) for one in literals
                                          if is_for_people(one) and one.text not in known)
        print("\n".join(f"# {path}\n{entry_text(text)}" for text, path in missing.items()))
        return 0
    errors = [*flaws_of_sources(literals, known), *flaws_of_entries(entries, literals)]
    print("\n".join(errors) or f"{len(entries)} messages in two languages")
    return bool(errors) or not entries


if __name__ == "__main__":
    sys.exit(main())
