"""What `PROGRAM --help` and the help of each command say: the one table of options and exit codes,
of which the manual page and the completions are made."""
import re
import subprocess
import typing

# Names and what CLI11 puts behind them; the text comes after two blanks, or one if it is tight.
TIGHT = re.compile(r"^ {2,4}(-\S+(?: [A-Z.]+)* (?:Excludes|Needs): -\S+) (\S.*)$")
ITEM = re.compile(r"^ {2,4}(\S.*?)(?: {2,}(\S.*)| *)$")


class Option(typing.NamedTuple):
    names: list  # "-s", "--site"
    value: str  # "DIR"; empty for a flag
    text: str


class Command(typing.NamedTuple):
    words: list  # "set", "add"; empty for the program
    description: str
    usage: str
    sections: dict  # title to [(item, text)]

    def options(self):
        for item, text in self.sections.get("Options", []):
            names, _, rest = item.partition(" ")
            word = rest.split(" ")[0]
            is_value = word not in ("REQUIRED", "...") and not word.endswith(":")
            yield Option(names.split(","), word if is_value else "", text)

    def positionals(self):
        """Name, whether it may be repeated, text."""
        for item, text in self.sections.get("Positionals", []):
            yield item.split()[0], " ..." in item, text

    def subcommands(self):
        return self.sections.get("Subcommands", [])


def help_of(program, words):
    text = subprocess.run([program, "--lang", "en", *words, "--help"], check=True,
                          capture_output=True, text=True).stdout
    head, *blocks = text.strip("\n").split("\n\n")
    description, usage = head.split("\nUsage: ")
    sections = {}
    for block in blocks:
        title, *lines = block.split("\n")
        items = sections.setdefault(title.rstrip(":"), [])
        for line in lines:
            found = TIGHT.match(line) or ITEM.match(line)
            if found:
                items.append((found[1], found[2] or ""))
            elif items:  # the text of an item too long for one line; or the end of a short one
                item, said = items[-1]
                items[-1] = (item, f"{said} {line.strip()}".strip())
    return Command(words, description, usage, sections)


def commands_of(program, words=()):
    """The program, or one command, and then each command below it, in the order of help."""
    command = help_of(program, list(words))
    yield command
    for name, _text in command.subcommands():
        yield from commands_of(program, [*words, name])
