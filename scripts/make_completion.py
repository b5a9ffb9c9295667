#!/usr/bin/python3
"""Usage: make_completion.py SHELL PROGRAM > FILE
Writes the completion of PROGRAM for bash, zsh or fish from its help: commands, options, and files or
folders where a value is one. What lies on a medium is not looked up."""
import pathlib
import sys

from program_help import commands_of

FOLDERS, FILES, ANYTHING = "folders", "files", ""


def kind_of(value, command):
    """What a value is, by its name in the help."""
    if value in ("DIR", "MEDIUM", "SITE"):
        return FOLDERS
    is_of_medium = any("--from" in option.names for option in command.options())
    return FILES if value in ("FILE", "SHARE") or (value == "PATH" and not is_of_medium) else ANYTHING


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def own_and_main_options(command, main):
    """A command takes the program's options too; each once."""
    own = list(command.options())
    known = {name for option in own for name in option.names}
    return own + [option for option in main.options() if not known & set(option.names)]


# --- bash


def bash(name, main, commands):
    function = f"_{name.replace('-', '_')}"
    kinds = {}  # of values, by option: the same in all commands
    for command in (main, *commands):
        for option in command.options():
            if option.value:
                kinds.update({one: kind_of(option.value, command) for one in option.names})
    yield f"# bash completion for {name}, made of its help"
    yield f"{function}() {{"
    yield "  local word=${COMP_WORDS[COMP_CWORD]} command= words= files= i"
    yield "  for ((i = 1; i < COMP_CWORD; i++)); do"
    yield f"    case ${{COMP_WORDS[i - 1]}} in {'|'.join(kinds)}) continue ;; esac"
    yield "    case ${command:+$command }${COMP_WORDS[i]} in"
    yield f"      {' | '.join(quoted(' '.join(command.words)) for command in commands)})"
    yield "        command=${command:+$command }${COMP_WORDS[i]} ;;"
    yield "    esac"
    yield "  done"
    yield "  case ${COMP_WORDS[COMP_CWORD - 1]} in"
    for kind, answer in ((FOLDERS, "files=-d"), (FILES, "files=-f"), (ANYTHING, "return")):
        options = "|".join(option for option, one in kinds.items() if one == kind)
        if options:
            yield f"    {options}) {answer} ;;"
    yield "    *)"
    yield "      case $command in"
    for command in (main, *commands):
        words = [name for name, _text in command.subcommands()]
        words += [one for option in own_and_main_options(command, main) for one in option.names]
        files = {kind_of(positional, command) for positional, _many, _text in command.positionals()}
        flag = "-f" if FILES in files else "-d" if FOLDERS in files else ""
        yield f"        {quoted(' '.join(command.words))}) words={quoted(' '.join(words))} files={flag} ;;"
    yield "      esac ;;"
    yield "  esac"
    yield '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")'
    yield "  if [[ $files && $word != -* ]]; then"
    yield "    compopt -o filenames 2>/dev/null"
    yield "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen $files -- \"$word\")"
    yield "  fi"
    yield "}"
    yield f"complete -F {function} {name}"


# --- zsh

ZSH_ACTIONS = {FOLDERS: "_files -/", FILES: "_files", ANYTHING: " "}


def zsh_text(text):
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def zsh_option(option, command):
    value = option.value and f":{option.value}:{ZSH_ACTIONS[kind_of(option.value, command)]}"
    for name in option.names:
        others = "" if option.value else f"({' '.join(option.names)})"
        repeat = "*" if option.value else ""
        yield quoted(f"{others}{repeat}{name}[{zsh_text(option.text)}]{value}")


def zsh(name, main, commands):
    yield f"#compdef {name}"
    yield f"# zsh completion for {name}, made of its help"
    for command in (main, *commands):
        function = "_".join(["_" + name, *command.words])
        specs = [spec for option in own_and_main_options(command, main)
                 for spec in zsh_option(option, command)]
        yield f"{function}() {{"
        if command.subcommands():
            names = [f"{one}\\:{quoted(zsh_text(text))}" for one, text in command.subcommands()]
            specs += ['"1:command:((' + " ".join(names) + '))"', quoted("*::argument:->argument")]
            yield "  local curcontext=$curcontext state line"
            yield "  _arguments -C " + " \\\n    ".join(specs)
            yield "  [[ $state == argument ]] || return"
            yield "  case $line[1] in"
            for one, _text in command.subcommands():
                yield f"    {one}) {function}_{one} ;;"
            yield "  esac"
        else:
            for positional, many, _text in command.positionals():
                action = ZSH_ACTIONS[kind_of(positional, command)]
                specs.append(quoted(f"{'*' if many else ''}:{positional}:{action}"))
            yield "  _arguments " + " \\\n    ".join(specs)
        yield "}"
    yield f'_{name} "$@"'


# --- fish

FISH_VALUES = {FOLDERS: "-x -a '(__fish_complete_directories)'", FILES: "-r -F", ANYTHING: "-x"}


def fish_condition(command, main, commands):
    names = [name for name, _text in command.subcommands()]
    seen = [f"__fish_seen_subcommand_from {word}" for word in command.words]
    # "list" was seen in "medium list", too.
    seen += [f"not __fish_seen_subcommand_from {other.words[0]}" for other in commands
             if len(command.words) == 1 and other.words[1:] == command.words]
    if command is main:
        return "__fish_use_subcommand"
    if names:
        seen.append(f"not __fish_seen_subcommand_from {' '.join(names)}")
    return "; and ".join(seen)


def fish_option(option):
    for name in option.names:
        yield f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"


def fish(name, main, commands):
    yield f"# fish completion for {name}, made of its help"
    yield f"complete -c {name} -f"
    for option in main.options():
        value = option.value and " " + FISH_VALUES[kind_of(option.value, main)]
        yield f"complete -c {name} {' '.join(fish_option(option))}{value} -d {quoted(option.text)}"
    for command in (main, *commands):
        start = f"complete -c {name} -n {quoted(fish_condition(command, main, commands))}"
        for one, text in command.subcommands():
            yield f"{start} -a {one} -d {quoted(text)}"
        for positional, _many, text in command.positionals():
            if kind_of(positional, command):
                yield f"{start} -F"
        for option in command.options():
            if command is not main and "--help" not in option.names:
                value = option.value and " " + FISH_VALUES[kind_of(option.value, command)]
                yield f"{start} {' '.join(fish_option(option))}{value} -d {quoted(option.text)}"


def main():
    shell, program = sys.argv[1:]
    first, *rest = commands_of(program)
    writer = {"bash": bash, "zsh": zsh, "fish": fish}[shell]
    print("\n".join(writer(pathlib.Path(program).name, first, rest)))


if __name__ == "__main__":
    main()
