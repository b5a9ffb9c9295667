#!/usr/bin/python3
"""--help of every command, the table of exit codes wherever it is written, and the version."""
import re
import shutil
import subprocess

from azekura_case import SOURCE_ROOT, USAGE, AzekuraCase, main

COLUMNS = 80


def codes_of_help(text):
    table = text[text.index("Exit codes:\n"):]
    return [(int(code), meaning)
            for code, meaning in re.findall(r"^ +(\d+)  (\S.*)$", table, re.MULTILINE)]


class HelpCase(AzekuraCase):
    def help_of(self, program, command):
        path = self.azekura_program if program == "azekura" else self.restore_program
        return self.run_program([path, "--lang", "en", *command, "--help"])

    def commands(self, program):
        """Every command and its own commands, as help lists them."""
        found = [[]]
        for command in found:
            text = self.help_of(program, command).text
            listed = text.partition("\nSubcommands:\n")[2].partition("\n\n")[0]
            found += [[*command, name] for name in re.findall(r"^  ([a-z]+) ", listed,
                                                              re.MULTILINE)]
        return found


class Help(HelpCase):
    PROGRAM_NAMES = ("azekura", "azekura-restore")

    def test_there_is_one_for_every_command(self):
        names = {" ".join(command) for command in self.commands("azekura")}
        self.assertEqual(names, {
            "", "init", "source", "source add", "set", "set add", "backup", "write", "schedule", "check", "status",
            "medium", "medium enrol", "medium list", "medium show", "medium move", "medium label",
            "medium inventory", "nightly", "rotate", "catalogue", "catalogue rebuild", "repair", "verify", "list", "ls", "find", "cat", "du", "diff",
            "restore", "key", "key check", "key combine", "key verifier", "version"})
        names = {" ".join(command) for command in self.commands("azekura-restore")}
        self.assertEqual(names, {"", "verify", "list", "ls", "find", "cat", "du", "diff",
                                 "restore", "key", "key check", "key combine", "key verifier", "version"})

    def test_goes_to_stdout_and_fits_the_screen(self):
        for program in self.PROGRAM_NAMES:
            for command in self.commands(program):
                with self.subTest(program=program, command=command):
                    ended = self.help_of(program, command)
                    self.assertEqual(ended.err, b"")
                    self.assertIn(f"Usage: {' '.join([program, *command])} ", ended.text)
                    for line in ended.text.splitlines():
                        self.assertLessEqual(len(line), COLUMNS, line)
                        self.assertEqual(line, line.rstrip(), f"blanks at the end of {line!r}")

    def test_short_form(self):
        self.assertEqual(self.azekura("-h").out, self.azekura("--help").out)
        self.assertEqual(self.azekura("backup", "-h").out, self.azekura("backup", "--help").out)

    def test_works_without_a_site(self):
        self.azekura("-s", self.home / "none", "backup", "--help")

    def test_exit_codes_are_the_same_everywhere(self):
        header = (SOURCE_ROOT / "cli" / "exit_code.h").read_text()
        table = [(int(code), meaning) for code, meaning
                 in re.findall(r'^ +\{(\d+), "([^"]+)"\},$', header, re.MULTILINE)]
        self.assertEqual([code for code, _meaning in table],
                         [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 70, 130])
        document = (SOURCE_ROOT / "docs" / "reliability.md").read_text()
        section = document.partition("\n## Exit codes\n")[2].partition("\n## ")[0]
        self.assertEqual([(int(code), meaning) for code, meaning
                          in re.findall(r"^\| (\d+) \| (.+) \|$", section, re.MULTILINE)], table)
        for program in self.PROGRAM_NAMES:
            for command in self.commands(program):
                self.assertEqual(codes_of_help(self.help_of(program, command).text), table, command)

    def test_exit_codes_are_those_of_the_error_kinds(self):
        header = (SOURCE_ROOT / "core" / "error.h").read_text()
        kinds = header.partition("enum class ErrorKind {")[2].partition("};")[0]
        codes = {int(code) for code in re.findall(r"= (\d+),", kinds)}
        shown = {code for code, _meaning in codes_of_help(self.azekura("--help").text)}
        self.assertEqual(codes - shown, set())
        self.assertEqual(shown - codes, {0, 4})  # done, and what only a report says


class TableCase(HelpCase):
    """What is made of the help: all of its commands and options, and nothing else."""

    def made(self, script, *arguments):
        return self.run_program(["/usr/bin/python3", "-B", SOURCE_ROOT / "scripts" / script,
                                 *arguments]).text

    def table(self, program):
        """Each command's words to the set of names of its options and own commands; a command
        takes the program's options too."""
        found = {}
        for command in self.commands(program):
            text = self.help_of(program, command).text.partition("\nExit codes:")[0]
            names = re.findall(r"^  (-\S+)", text, re.MULTILINE)
            options = {one for several in names for one in several.split(",")}
            listed = re.findall(r"^  ([a-z]+) ", text.partition("\nSubcommands:\n")[2],
                                re.MULTILINE)
            main_options = options if not command else main_options
            found[tuple(command)] = {*listed, *options, *main_options}
        return found


class Manual(TableCase):
    """azekura(1), as scripts/make_man.py makes it of the help."""

    def setUp(self):
        super().setUp()
        self.page = self.made("make_man.py", self.azekura_program)

    def test_has_every_option_of_every_command_and_no_other(self):
        plain = self.page.replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")
        wanted = []
        for command in self.commands("azekura"):
            text = self.help_of("azekura", command).text.partition("\nExit codes:")[0]
            if "\nSubcommands:" in text:
                continue
            wanted.append(f"azekura {' '.join(command)}")
            for item, said in re.findall(r"^  (\S.*?) {2,}(\S.*)$", text, re.MULTILINE):
                if "--help" not in item:
                    self.assertIn(f".TP\n.B {item}\n{said}", plain)
            options = re.findall(r"^  (-\S+)", text, re.MULTILINE)
            section = plain.partition(f".SS azekura {' '.join(command)} ")[2]
            section = re.split(r"^\.S[SH] ", section, flags=re.MULTILINE)[0]
            self.assertEqual(re.findall(r"^\.TP\n\.B (-\S+)", section, re.MULTILINE),
                             [one for one in options if "--help" not in one], command)
        self.assertEqual(sorted(re.findall(r"^\.SS (azekura(?: [a-z]+)+) ", plain, re.MULTILINE)),
                         sorted(wanted))

    def test_has_the_exit_codes(self):
        status = self.page.partition(".SH EXIT STATUS\n")[2].partition("\n.SH ")[0]
        found = re.findall(r"^\.TP\n\.B (\d+)\n(.+)$", status, re.MULTILINE)
        self.assertEqual([(int(code), meaning) for code, meaning in found],
                         codes_of_help(self.azekura("--help").text))


class FormatManual(TableCase):
    """azekura-format(5), as scripts/make_format_man.py makes it of docs/format.md."""

    def setUp(self):
        super().setUp()
        self.source = SOURCE_ROOT / "docs" / "format.md"
        self.page = self.made("make_format_man.py", "1.2.3", self.source)

    def test_is_the_specification_word_for_word(self):
        text = re.sub(r"^```.*$|^\|[-|]+\|$|^(#+|-) ", "", self.source.read_text(),
                      flags=re.MULTILINE)
        text = re.sub(r"\*\*|`", "", re.sub(r"^\||\|$|(?<= )\|(?= )", " ", text,
                                            flags=re.MULTILINE))
        page = re.sub(r"^\.TS\n.*\n.*\.$", "", self.page, flags=re.MULTILINE)
        page = re.sub(r"^\.(S[HS]|IP (?=\d)) ?|^\.IP .* 4$|(?<=\.) 4$", "", page,
                      flags=re.MULTILINE)
        page = re.sub(r"^\.[a-zA-Z].*$|^'.*$|T\{$|^T\}|\\f[BR]|\\&", "", page,
                      flags=re.MULTILINE)
        for mark, meaning in (("\\-", "-"), ("\\(aq", "'"), ("\\(dq", '"'), ("\\e", "\\")):
            page = page.replace(mark, meaning)
        found, wanted = page.split(), ["NAME", "azekura-format", "-", *text.split()]
        for at, (one, other) in enumerate(zip(found, wanted)):
            self.assertEqual(one, other, f"after {' '.join(wanted[max(at - 9, 0):at])}")
        self.assertEqual(len(found), len(wanted))

    def test_is_sound_to_man(self):
        if shutil.which("man") is None or shutil.which("groff") is None:
            self.skipTest("there is no man")
        path = self.home / "azekura-format.5"
        path.write_text(self.page)
        shown = self.run_program(["man", "--warnings", "-E", "UTF-8", "-P", "cat", "-l", path],
                                 env={**self.environment, "MANWIDTH": "80"})
        self.assertEqual(shown.errors, "")
        self.assertIn("azekura-format - The Azekura vault format", shown.text)


class Completion(TableCase):
    """As scripts/make_completion.py makes them of the help, tried in the shells themselves."""

    def made_for(self, shell, program):
        path = self.home / f"{program}.{shell}"
        path.write_text(self.made("make_completion.py", shell,
                                  self.azekura_program if program == "azekura"
                                  else self.restore_program))
        return path

    def in_shell(self, *command):
        if shutil.which(command[0]) is None:
            self.skipTest(f"there is no {command[0]}")
        return self.run_program(command, env={**self.environment, "HOME": self.home})

    def each(self, shell, syntax_check):
        for program in ("azekura", "azekura-restore"):
            path = self.made_for(shell, program)
            self.assertEqual(self.in_shell(*syntax_check, path).errors, "")
            for command, wanted in self.table(program).items():
                with self.subTest(program=program, command=command):
                    yield program, path, command, wanted

    def test_bash(self):
        for program, path, command, wanted in self.each("bash", ["bash", "-n"]):
            words = [program, *command]
            found = self.in_shell(
                "bash", "-c", 'source "$1"; shift; COMP_WORDS=("$@" ""); COMP_CWORD=$#; '
                f"files=; _{program.replace('-', '_')}; "
                'printf "%s\\n" "${COMPREPLY[@]}"', "bash", path, *words)
            known = {one for one in found.text.splitlines() if not (self.home / one).exists()}
            self.assertEqual(known, wanted)

    def test_bash_completes_values(self):
        path = self.made_for("bash", "azekura")
        (self.home / "folder").mkdir()
        (self.home / "file").write_text("")

        def completed(*words):
            return set(self.in_shell(
                "bash", "-c", 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                '_azekura; printf "%s\\n" "${COMPREPLY[@]}"', "bash", path, "azekura",
                *words).text.split())

        self.assertEqual(completed("list", "--from", "f"), {"folder"})
        self.assertEqual(completed("list", "--key", "f"), {"folder", "file"})
        self.assertEqual(completed("ls", "--from", "x", "f"), set())
        self.assertEqual(completed("backup", "--to", ""), set())
        self.assertEqual(completed("-s", "key", "key", "c"), {"check", "combine"})
        self.assertEqual(completed("sta"), {"status"})

    def test_fish(self):
        for program, path, command, wanted in self.each("fish", ["fish", "--no-execute"]):
            found = set()
            for start in ("", "-"):
                line = " ".join([program, *command, start])
                found |= {one.split("\t")[0] for one in self.in_shell(
                    "fish", "--no-config", "-c",
                    'source $argv[1]; complete -C $argv[2]', path, line).text.splitlines()}
            # It gives a long name where there is a short one too.
            found = {one for one in found if not (self.home / one.rstrip("/")).exists()}
            long_names = {one for one in wanted if not re.fullmatch("-[a-zA-Z]", one)}
            self.assertEqual(found & (long_names | found - wanted), long_names)

    def test_zsh(self):
        for program, path, command, wanted in self.each("zsh", ["zsh", "-n"]):
            # What the completion of this command gives to _arguments.
            function = "_".join(["_" + program, *command])
            specs = self.in_shell(
                "zsh", "-f", "-c", '_arguments() { print -rl -- "$@"; }; source "$1" >/dev/null; '
                'state= line=(); "$2"; true', "zsh", path, function).text
            found = set(re.findall(r"^(?:\([^)]*\))?\*?(-[\w-]+)\[", specs, re.MULTILINE))
            named = re.search(r"^1:command:\(\((.*)\)\)$", specs, re.MULTILINE)
            if named:
                found |= set(re.findall(r"([a-z]+)\\:'", named[1]))
            self.assertEqual(found, wanted)


class Version(AzekuraCase):
    def test_of_program_and_format(self):
        version = re.search(r"^ +version : '([^']+)'", (SOURCE_ROOT / "meson.build").read_text(),
                            re.MULTILINE).group(1)
        for program in (self.azekura_program, self.restore_program):
            said, = self.run_program([program, "version", "--json"]).objects()
            by = ["seccomp"] if said["seccomp"] else []
            by += [f"Landlock ABI {said['landlock']}"] if said["landlock"] else []
            self.assertEqual(self.run_program([program, "version"]).text,
                             f"azekura {version}, vault format 1\n"
                             f"reads media confined: {', '.join(by) or 'no'}\n")
            self.assertEqual(said, {"event": "version", "version": version, "format": 1,
                                    "seccomp": said["seccomp"], "landlock": said["landlock"]})


class Mistakes(AzekuraCase):
    HINT = "see 'azekura --help'"

    def test_no_command(self):
        self.assert_fails(USAGE, "A subcommand is required", hint=self.HINT, out="")

    def test_half_a_command(self):
        for command in ("source", "set", "catalogue", "key"):
            self.assert_fails(USAGE, "A subcommand is required", command, hint=self.HINT, out="")

    def test_an_unknown_command(self):
        for arguments in (["backpu"], ["set", "ad", "daily"]):
            self.assert_fails(USAGE, f"there is no command '{arguments[min(1, len(arguments) - 1)]}'",
                              *arguments, hint=self.HINT, out="")

    def test_an_unknown_option(self):
        for arguments in (["--too"], ["backup", "--too", "x"], ["list", "--from"]):
            ended = self.azekura(*arguments, code=USAGE)
            self.assertEqual(ended.out, b"")
            self.assertRegex(ended.errors,
                             rf"^azekura: error: [^\n]+\nazekura: hint: {self.HINT}\n$")

    def test_a_full_disk_under_the_results_is_no_success(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([self.azekura_program, "version"], stdout=full,
                                  stderr=subprocess.PIPE, env=self.environment, check=False)
        self.assertIn(done.returncode, (3, 8))
        self.assertIn(b"azekura: error: ", done.stderr)


if __name__ == "__main__":
    main()
