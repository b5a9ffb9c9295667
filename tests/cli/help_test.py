#!/usr/bin/python3
"""--help of every command, the table of exit codes wherever it is written, and the version."""
import re
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
        return self.run_program([path, *command, "--help"])

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
            "", "init", "source", "source add", "set", "set add", "backup", "write", "status",
            "catalogue", "catalogue rebuild", "verify", "list", "ls", "find", "cat", "du", "diff",
            "restore", "key", "key check", "key combine", "version"})
        names = {" ".join(command) for command in self.commands("azekura-restore")}
        self.assertEqual(names, {"", "verify", "list", "ls", "find", "cat", "du", "diff",
                                 "restore", "key", "key check", "key combine", "version"})

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


class Manual(HelpCase):
    """azekura(1), as scripts/make_man.py makes it of the help."""

    def setUp(self):
        super().setUp()
        made = subprocess.run(["/usr/bin/python3", SOURCE_ROOT / "scripts" / "make_man.py",
                               self.azekura_program], check=True, capture_output=True)
        self.page = made.stdout.decode()

    def test_has_every_option_of_every_command(self):
        plain = self.page.replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")
        for command in self.commands("azekura"):
            text = self.help_of("azekura", command).text.partition("\nExit codes:")[0]
            if "\nSubcommands:" in text:
                continue
            self.assertIn(f".SS azekura {' '.join(command)} ", plain)
            for item, said in re.findall(r"^  (\S.*?) {2,}(\S.*)$", text, re.MULTILINE):
                if "--help" not in item:
                    self.assertIn(f".TP\n.B {item}\n{said}", plain)

    def test_has_the_exit_codes(self):
        status = self.page.partition(".SH EXIT STATUS\n")[2].partition("\n.SH ")[0]
        found = re.findall(r"^\.TP\n\.B (\d+)\n(.+)$", status, re.MULTILINE)
        self.assertEqual([(int(code), meaning) for code, meaning in found],
                         codes_of_help(self.azekura("--help").text))


class Version(AzekuraCase):
    def test_of_program_and_format(self):
        version = re.search(r"^ +version : '([^']+)'", (SOURCE_ROOT / "meson.build").read_text(),
                            re.MULTILINE).group(1)
        for program in (self.azekura_program, self.restore_program):
            self.assertEqual(self.run_program([program, "version"]).text,
                             f"azekura {version}, vault format 1\n")
            self.assertEqual(self.run_program([program, "version", "--json"]).objects(),
                             [{"event": "version", "version": version, "format": 1}])


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
