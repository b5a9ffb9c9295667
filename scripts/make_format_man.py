#!/usr/bin/python3
"""Usage: make_format_man.py VERSION docs/format.md > azekura-format.5
Writes the manual page azekura-format(5): docs/format.md word for word. Knows the Markdown that page
is written in: headings, paragraphs, lists, tables, code blocks, `code` and **strong**."""
import re
import sys

WIDE = 24  # a column with longer cells is broken into lines and takes what room is left


def roff(text):
    """Text with what troff would take for its own made harmless, and `code` and **strong** bold."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    text = re.sub(r"`([^`]+)`|\*\*(.+?)\*\*", lambda found: f"\\fB{found[1] or found[2]}\\fR", text)
    return "\\&" + text if text.startswith(".") else text


def blocks_of(text):
    """Runs of lines between blank lines; a fenced code block is one, blank lines and all."""
    for number, part in enumerate(re.split(r"^```.*\n", text, flags=re.MULTILINE)):
        if number % 2:
            yield "code", part.rstrip("\n").split("\n")
            continue
        for block in re.split(r"\n{2,}", part.strip("\n")):
            if block:
                yield from typed(block.split("\n"))


def typed(lines):
    if heading := re.match(r"(#+) (.*)", lines[0]):
        yield f"heading {len(heading[1])}", [heading[2]]
        if lines[1:]:
            yield from typed(lines[1:])
    elif lines[0].startswith("|"):
        yield "table", lines
    elif re.match(r"- |\d+\. ", lines[0]):
        yield "list", lines
    else:
        yield "text", lines


def table_of(lines):
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    del rows[1]  # the rule under the head
    wide = [max(len(cell) for cell in column) > WIDE for column in zip(*rows)]
    yield ".TS\nallbox;"
    yield " ".join("lx" if is_wide else "l" for is_wide in wide) + "."
    for row in rows:
        yield "\t".join(f"T{{\n{roff(cell)}\nT}}" if is_wide else roff(cell)
                        for cell, is_wide in zip(row, wide))
    yield ".TE"


def list_of(lines):
    for line in lines:
        if item := re.match(r"(-|\d+\.) (.*)", line):
            mark = "\\(bu" if item[1] == "-" else item[1]
            yield f".IP {mark} 4\n{roff(item[2])}"
        else:
            yield roff(line.strip())


def page(version, text):
    (_, [title]), *blocks = blocks_of(text)
    yield "'\\\" t"
    yield f'.TH AZEKURA-FORMAT 5 "" "azekura {version}" "Azekura"'
    yield ".ad l"
    yield f".SH NAME\nazekura\\-format \\- {roff(title)}"
    for kind, lines in blocks:
        if kind.startswith("heading"):
            title = roff(lines[0]).replace('"', "\\(dq")
            yield f"{'.SH' if kind == 'heading 2' else '.SS'} {title}"
        elif kind == "table":
            yield from table_of(lines)
        elif kind == "code":
            yield ".PP\n.nf\n" + "\n".join(roff(line) for line in lines) + "\n.fi"
        else:
            yield ".PP"
            yield from list_of(lines) if kind == "list" else map(roff, lines)


def main():
    version, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        print("\n".join(page(version, file.read())))


if __name__ == "__main__":
    main()
