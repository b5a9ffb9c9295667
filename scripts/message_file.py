"""Reads core/ja.po: the English texts of the sources, exactly as they stand there, and what is said
in Japanese in their place."""
import pathlib
import re
import typing

ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
FIELD = re.compile(r"\{\{|\}\}|\{(\d*)(:[^{}]*)?\}")


class Entry(typing.NamedTuple):
    line: int
    english: str
    japanese: str


def unescaped(quoted):
    return re.sub(r"\\(.)", lambda found: ESCAPES[found[1]], quoted)


def fields_of(form):
    """The {} of a format string, each with its number and what stands behind its colon, sorted."""
    found = [(one[1], one[2] or "") for one in FIELD.finditer(form) if one[0] not in ("{{", "}}")]
    return sorted((int(number) if number else place, spec)
                  for place, (number, spec) in enumerate(found))


def mixes_numbers(form):
    """Some of its {} have a number and some have none, which fmt refuses."""
    return len({bool(one[1]) for one in FIELD.finditer(form) if one[0] not in ("{{", "}}")}) > 1


def entries_of(path):
    """Every entry but the head. A continued text is a line of its own in quotes, as in gettext."""
    texts = {}
    word = None
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        found = re.fullmatch(r'(?:(msgid|msgstr) )?"((?:[^"\\]|\\[nt"\\])*)"', line)
        if not found or not (found[1] or word):
            raise SystemExit(f'{path}:{number}: error: neither msgid "..." nor msgstr "..."')
        if found[1] == "msgid":
            if word == "msgid":
                raise SystemExit(f"{path}:{number}: error: the text before this has no msgstr")
            if texts.get("msgid"):
                yield Entry(first, texts["msgid"], texts["msgstr"])
            texts, first = {}, number
        word = found[1] or word
        texts[word] = texts.get(word, "") + unescaped(found[2])
    if texts.get("msgid"):
        yield Entry(first, texts["msgid"], texts["msgstr"])


def flaws_of(entry):
    """What would make the program fail, or say nothing."""
    if not entry.japanese:
        yield "has no Japanese"
    if fields_of(entry.english) != fields_of(entry.japanese) or mixes_numbers(entry.japanese):
        yield "has other {} in Japanese: the same ones are needed, all with a number or none"
