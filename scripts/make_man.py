#!/usr/bin/python3
"""Usage: make_man.py PROGRAM > azekura.1
Writes the manual page azekura(1) from what PROGRAM --help and the help of each command say: one
table of options and exit codes for both."""
import subprocess
import sys

from program_help import commands_of

NAME = "azekura"
FILES = [
    ("/var/lib/azekura", "the site folder, unless -s or AZEKURA_SITE names another"),
    ("SITE/site.toml", "sources and media sets; may be edited"),
    ("SITE/keys", "host and set keys: they write, and open nothing"),
]


def roff(text):
    """Text with what troff would take for its own made harmless."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\\&" + text if text.startswith(".") else text


def items_of(items):
    for item, text in items:
        yield f".TP\n.B {roff(item)}\n{roff(text)}"


def page(program, version):
    main, *commands = commands_of(program)
    yield f'.TH AZEKURA 1 "" "{NAME} {version}" "Azekura"'
    description = main.description[0].lower() + main.description[1:]
    yield f".SH NAME\n{NAME} \\- {roff(description)}"
    yield f".SH SYNOPSIS\n.B {roff(main.usage)}"
    yield ".SH OPTIONS"
    yield from items_of(main.sections["Options"])
    yield ".SH COMMANDS"
    for command in commands:
        if command.subcommands():
            continue
        said = command.description
        yield f".SS {roff(command.usage)}\n{roff(said)}{'' if said.endswith('?') else '.'}"
        for title in ("Positionals", "Options"):
            yield from items_of(item for item in command.sections.get(title, [])
                                if "--help" not in item[0])
    yield ".SH EXIT STATUS"
    yield from items_of(main.sections["Exit codes"])
    yield ".SH ENVIRONMENT\n.TP\n.B AZEKURA_SITE\nthe site folder"
    yield (".TP\n.B LC_ALL, LC_MESSAGES, LANG\nthe first that is not empty: messages are in Japanese "
           "if it begins with ja, else in English")
    yield ".SH FILES"
    yield from items_of(FILES)
    yield ".SH SEE ALSO\n.BR azekura\\-format (5)"


def main():
    program = sys.argv[1]
    said = subprocess.run([program, "--lang", "en", "version"], check=True, capture_output=True, text=True).stdout
    print("\n".join(page(program, said.split()[1].rstrip(","))))


if __name__ == "__main__":
    main()
