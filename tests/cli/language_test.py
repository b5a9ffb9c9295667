"""What people read in Japanese and in English, and that machines read the same in both."""
import re

from azekura_case import AUTHENTICITY, INCOMPLETE, MEDIUM, USAGE, AzekuraCase, main

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
# Names, options and examples, which stay as they are typed.
TYPED = re.compile(r"azekura[-\w]*|'[^']*'|「[^」]*」|--?[a-z][-a-z]*|[A-Z]{2,}[-A-Z=]*|[\w.*/$-]*[./][\w.*/-]*"
                   r"|\b(?:set-id|root|latest|ehr|ja|en|h|s|m|d|P|K|N|Linux|folder|path|command)\b")


class LanguageCase(AzekuraCase):
    def spoken(self, *arguments, code=0, **locale):
        """A run in an environment with no locale but this one."""
        environment = {name: value for name, value in self.environment.items() if name != "LC_ALL"}
        return self.azekura(*arguments, code=code, env={**environment, **locale})

    def assert_japanese(self, text):
        """Each line of it has Japanese, and no English sentence is left."""
        for line in text.splitlines():
            self.assertRegex(line, JAPANESE)
            self.assertNotRegex(TYPED.sub("", line), r"[A-Za-z]+ +[A-Za-z]+ +[A-Za-z]+", line)


class Choice(LanguageCase):
    ENGLISH = "there is no command 'x'"
    JAPANESE = "「x」というコマンドはありません"

    def fact_of(self, *arguments, **locale):
        said = self.spoken(*arguments, "x", code=USAGE, **locale).errors.splitlines()[0]
        return said.rpartition(": ")[2]

    def test_english_if_nothing_says_otherwise(self):
        for locale in ({}, {"LANG": "C"}, {"LANG": "de_DE.UTF-8"}, {"LANG": ""}):
            self.assertEqual(self.fact_of(**locale), self.ENGLISH)

    def test_the_locale_of_messages(self):
        japanese = "ja_JP.UTF-8"
        for locale in ({"LANG": japanese}, {"LANG": "C", "LC_MESSAGES": japanese},
                       {"LANG": "C", "LC_MESSAGES": "C", "LC_ALL": japanese},
                       {"LANG": japanese, "LC_ALL": ""}):
            self.assertEqual(self.fact_of(**locale), self.JAPANESE, locale)
        self.assertEqual(self.fact_of(LANG=japanese, LC_ALL="C"), self.ENGLISH)

    def test_the_option_comes_first(self):
        for option in (["--lang", "ja"], ["--lang=ja"]):
            self.assertEqual(self.fact_of(*option, LC_ALL="C"), self.JAPANESE)
        self.assertEqual(self.fact_of("--lang", "en", LC_ALL="ja_JP.UTF-8"), self.ENGLISH)
        said = self.spoken("list", "--lang", "ja", code=USAGE).errors
        self.assertIn("--from の指定が必要です", said)

    def test_the_screen_of_staff_is_japanese_unless_english_is_asked_for(self):
        self.make_site()
        for option, fact in (([], "この施設には予定がありません"),
                             (["--lang", "en"], "the site has no schedule")):
            ended = self.spoken("-s", self.site, *option, "rotate", code=USAGE, LANG="C")
            self.assertIn(fact, ended.errors)

    def test_a_language_that_there_is_not(self):
        self.assert_fails(USAGE, "--lang: de not in {ja,en}", "--lang", "de", "version",
                          hint="see 'azekura --help'")

    def test_machines_read_english(self):
        for arguments in (["version", "--json"],
                          ["list", "--json", "--from", "nowhere", "--key", "x"]):
            runs = [self.azekura(*option, *arguments, code=None)
                    for option in ([], ["--lang", "ja"], ["--lang", "en"])]
            for other in runs[1:]:
                self.assertEqual((other.out, other.err, other.code),
                                 (runs[0].out, runs[0].err, runs[0].code))


class Help(LanguageCase):
    def commands(self, program, words=()):
        yield words
        text = self.run_program([program, "--lang", "en", *words, "--help"]).text
        for name in re.findall(r"^  ([a-z]+) ", text.partition("\nSubcommands:\n")[2], re.MULTILINE):
            yield from self.commands(program, (*words, name))

    def test_of_every_command_has_all_of_it_in_japanese(self):
        for program in (self.azekura_program, self.restore_program):
            for words in self.commands(program):
                english = self.run_program([program, "--lang", "en", *words, "--help"]).text
                japanese = self.run_program([program, "--lang", "ja", *words, "--help"]).text
                self.assertNotRegex(english, JAPANESE)
                self.assertEqual(len(japanese.splitlines()), len(english.splitlines()))
                for one, other in zip(english.splitlines(), japanese.splitlines()):
                    if re.search(r"\S {2,}\S|^\w|^ {9}", one):  # not an option alone in its line
                        self.assertRegex(other, JAPANESE, one)
                # The names and exit codes, in their columns.
                column = re.compile(r"^ {2,4}([-a-z,0-9]+)", re.MULTILINE)
                self.assertEqual(column.findall(japanese), column.findall(english))

    def test_columns_are_as_wide_as_they_look(self):
        text = self.azekura("--lang", "ja", "restore", "--help").text
        rows = re.findall(r"^  (\S.*?) {2,}(\S.*)$", text, re.MULTILINE)
        self.assertGreater(len(rows), 8)
        for line in text.splitlines():
            found = re.match(r"(  -\S.*?  +)[^ -~]", line)
            if found:
                wide = len(re.findall(r"[\u3000-\u9fff\uff00-\uff60]", found[1]))
                self.assertEqual(len(found[1]) + wide, 30, line)


class Words(LanguageCase):
    def setUp(self):
        super().setUp()
        self.environment["LC_ALL"] = "ja_JP.UTF-8"

    def test_a_whole_evening(self):
        site = ["-s", self.site]
        self.kit.parent.mkdir()
        made = self.azekura("init", self.site, "--kit", self.kit)
        self.assertIn("復旧キットを印刷し", made.text)
        medium = self.home / "medium"
        added = self.azekura(*site, "set", "add", "daily", "--folder", medium)
        self.assertIn("媒体セット「daily」を登録しました", added.text)
        tree = self.home / "tree"
        tree.mkdir()
        (tree / "note.txt").write_text("a note\n")
        self.azekura(*site, "source", "add", "tree", tree)
        done = self.azekura(*site, "backup", "--to", "daily")
        self.assertRegex(done.text, r"(?m)^1/tree +3? *\d+ 項目 .* 読み取り ")
        self.assertRegex(done.text, r"(?m)^確定しました: 読み取り .*、媒体に新規 .*、\d+\.\d 秒$")
        self.assertRegex(done.errors, "復旧キットがまだこのバックアップ機の")
        verified = self.azekura("verify", "--from", medium)
        self.assertTrue(verified.text.endswith(
            "照合済み: すべてのバイトと署名が、書き込んだときのままです\n"), verified)
        status = self.azekura(*site, "status")
        self.assertIn("媒体がつながっています: オフラインではありません", status.text)
        key = self.kit / "recovery.key"
        listed = self.azekura("list", "--from", medium, "--key", key)
        self.assertRegex(listed.text, r"^1/tree .* 項目 .*完全\n$")
        restored = self.azekura("restore", "latest", "--from", medium, "--key", key,
                                "--target", self.home / "restored")
        self.assertRegex(restored.text, r"\d+ ファイル、.* 秒\n$")
        for said in (made, added, done, verified, status, listed, restored):
            self.assert_japanese(said.errors)
            self.assert_japanese("\n".join(
                line for line in said.text.splitlines()
                if line and not line.startswith(("次: ", "    /"))))

    def refused(self, code, fact, hint, *arguments):
        ended = self.azekura(*arguments, code=code)
        self.assertEqual(ended.errors, f"azekura: エラー: {fact}\nazekura: 対処: {hint}\n")
        self.assertEqual(ended.out, b"")

    def test_refusals_say_what_to_do(self):
        self.make_site()
        site = ["-s", self.site]
        self.refused(USAGE, "媒体セット「daily」はありません。まだ 1 つも登録されていません",
                     "'azekura set add' で登録してください", *site, "backup", "--to", "daily")
        self.refused(MEDIUM, f"媒体「{self.home}/gone」がありません: 開くことができません: "
                     "ファイルまたはフォルダがありません",
                     "媒体をつないでください。フォルダは 'azekura status' で確かめられます",
                     "verify", "--from", self.home / "gone")
        wrong = self.home / "wrong.key"
        wrong.write_text("nothing\n")
        ended = self.azekura("key", "check", wrong, code=AUTHENTICITY)
        self.assertIn("（復旧鍵「", ended.errors)
        self.assert_japanese(ended.errors)

    def test_what_is_no_toml(self):
        self.make_site()
        path = self.site / "site.toml"
        path.write_text(path.read_text() + "[[set]\nname = b\nparity = 'none'\nname 'b'\n"
                        "folder = 'x\npool = {\n")
        ended = self.at_site("check", code=USAGE)
        self.assertEqual(ended.text.count("誤り: site.toml の "), 5, ended.text)
        self.assertIn("site.toml のほかの内容はまだ調べていません", ended.text)
        self.assert_japanese("".join(line for line in ended.text.splitlines(True)
                                     if "Error while parsing" not in line))

    def test_what_is_unreadable(self):
        self.make_hospital()
        self.at_site("source", "add", "dump", "--command", "echo half; exit 3")
        ended = self.backup(code=INCOMPLETE)
        self.assertIn("azekura: 警告: 対象「dump」のコマンドが状態 3 で終わりました\n", ended.errors)
        self.assertIn("  不完全\n", ended.text)
        self.assert_japanese(ended.errors)


if __name__ == "__main__":
    main()
