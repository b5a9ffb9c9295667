#!/usr/bin/python3
"""Usage: make_man.py PROGRAM > azekura.1
Writes the manual page azekura(1) from what PROGRAM --help and the help of each command say: one
table of options and exit codes for both."""
import re
import subprocess
import sys

NAME = "azekura"
FILES = [
    ("/var/lib/azekura", "the site folder, unless -s or AZEKURA_SITE names another"),
    ("SITE/site.toml", "sources and media sets; may be edited"),
    ("SITE/keys", "host and set keys: they write, and open nothing"),
]


def help_of(program, command):
    """Description, usage, and section name to [(item, text)] of one command's help."""
    text = subprocess.run([program, *command, "--help"], check=True, capture_output=True,
                          text=True).stdout
    head, *blocks = text.strip("\n").split("\n\n")
    description, usage = head.split("\nUsage: ")
    sections = {}
    for block in blocks:
        title, *lines = block.split("\n")
        items = sections.setdefault(title.rstrip(":"), [])
        for line in lines:
            found = re.match(r"^ {2,4}(\S.*?)(?: {2,}(\S.*)| *)$", line)
            if found:
                items.append((found[1], found[2] or ""))
            elif items:  # the text of an item too long for one line; or the end of a short one
                item, said = items[-1]
                items[-1] = (item, f"{said} {line.strip()}".strip())
    return description, usage, sections


def roff(text):
    """Text with what troff would take for its own made harmless."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\\&" + text if text.startswith(".") else text


def items_of(items):
    for item, text in items:
        yield f".TP\n.B {roff(item)}\n{roff(text)}"


def commands_of(program, command, sections):
    for name, _text in sections.get("Subcommands", []):
        inner = [*command, name]
        description, usage, found = help_of(program, inner)
        yield inner, description, usage, found
        yield from commands_of(program, inner, found)


def page(program, version):
    description, usage, sections = help_of(program, [])
    yield f'.TH AZEKURA 1 "" "{NAME} {version}" "Azekura"'
    yield f".SH NAME\n{NAME} \\- {roff(description[0].lower() + description[1:])}"
    yield f".SH SYNOPSIS\n.B {roff(usage)}"
    yield ".SH OPTIONS"
    yield from items_of(sections["Options"])
    yield ".SH COMMANDS"
    for _command, said, how, found in commands_of(program, [], sections):
        if "Subcommands" in found:
            continue
        yield f".SS {roff(how)}\n{roff(said)}{'' if said.endswith('?') else '.'}"
        for title in ("Positionals", "Options"):
            yield from items_of(item for item in found.get(title, []) if "--help" not in item[0])
    yield ".SH EXIT STATUS"
    yield from items_of(sections["Exit codes"])
    yield ".SH ENVIRONMENT\n.TP\n.B AZEKURA_SITE\nthe site folder"
    yield ".SH FILES"
    yield from items_of(FILES)


def main():
    program = sys.argv[1]
    said = subprocess.run([program, "version"], check=True, capture_output=True, text=True).stdout
    print("\n".join(page(program, said.split()[1].rstrip(","))))


if __name__ == "__main__":
    main()
