#include "core/site_syntax.h"

#include "core/site_reader.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

namespace azekura {

namespace {

using Told = std::vector<std::string>;

/// "line:column: fact" of every mistake.
Told syntax_told(std::string_view text) {
  Told told;
  for (const SiteFinding& finding : syntax_mistakes(text)) {
    CHECK(finding.is_mistake);
    CHECK_FALSE(finding.remedy.empty());
    told.push_back(fmt::format("{}:{}: {}", finding.line, finding.column, finding.fact));
  }
  return told;
}

/// Everything that may go over several lines, and what looks like more than it is.
constexpr std::string_view kManyLines =
    "# 校倉 [[\n[[source]]\r\nname = 'a' # \"\npath = '/[[set]]'\nexclude = [\n  \"*.tmp\", # ]\n\n"
    "  '\\[',\n]\n[[source]]\nname = \"b\"\ncommand = \"\"\"\n[[source]]\nname = \"a\"\n= "
    "'''\n\"\"\"\n"
    "[[pool]]\nname = \"p\"\nevery = \"day\"\non = [ \"mon\" ]\n"
    "set = [ { name = 'c' }, {\"name\" = 'd'} ]\n[media]\nconnected_minutes = 90\n";

}  // namespace

TEST_CASE("syntax_mistakes: none in what is TOML, and one behind it is the only one") {
  CHECK(syntax_told(kManyLines).empty());
  CHECK(syntax_told("").empty());
  CHECK(syntax_told("\xEF\xBB\xBFspool = 3").empty());
  CHECK(syntax_told(fmt::format("{}= 3", kManyLines)) ==
        Told{"24:1: neither a setting nor a table begins like this"});
}

TEST_CASE("syntax_mistakes: each is told for what it is, with its place") {
  const auto check = [](std::string_view text, std::string_view told) {
    CAPTURE(text);
    CHECK(syntax_told(text) == Told{std::string{told}});
  };
  check("[[set]]\nname = \"a\n", "2:10: the text does not end on its line");
  check("name = 'a", "1:10: the text does not end on its line");
  check("name = \"a\r\n", "1:10: the text does not end on its line");
  check("[[set]\n", "1:7: this does not begin a table");
  check("[[my set]]\n", "1:6: this does not begin a table");
  check("[media]]\n", "1:8: this does not begin a table");
  check("[media]\n[media]\n", "2:1: this table is there already");
  check("[[set]]\nname = 'a'\n[set]\n", "3:1: this table is there already");
  check("[[set]]\nname = 'a'\nname = 'b'\n", "3:8: this setting is there already in its table");
  check("[[set]]\nname 'a'\n", "2:6: there is no '=' behind the name");
  check("retention\n", "1:10: there is no '=' behind the name");
  check("= 3\n", "1:1: neither a setting nor a table begins like this");
  check("name =\n", "1:7: there is no value behind '='");
  check("name = # 'a'\n", "1:8: there is no value behind '='");
  for (const std::string_view value :
       {"daily", "/srv", "20+2", "3x", "yes", "True", "2026-02-30", "12:61", "007", "_", "inF",
        "2026-12-29T25:00:00", "[ mon ]"}) {
    CAPTURE(value);
    const Told told = syntax_told(fmt::format("name = {}\n", value));
    REQUIRE(told.size() == 1);
    CHECK(told[0].starts_with("1:"));
    CHECK(told[0].ends_with(": this is no value"));
  }
  check("path = \"C:\\data\"\n",
        "1:12: a '\\' of this text is not followed by what it can stand before");
  check("path = \"\\user\"\n",
        "1:11: a '\\' of this text is not followed by what it can stand before");
  check("name = 'a' path = '/b'\n", "1:12: something stands behind the value");
  check("command = \"echo \"x\"\"\n", "1:18: something stands behind the value");
  check("on = ['mon' 'tue']\n", "1:13: the list is not written as it should be");
  check("on = ['mon',, 'tue']\n", "1:13: the list is not written as it should be");
  check("name = 'a\x01'\n", "1:10: a control character stands here");
  check("# \x7F\n", "1:3: a control character stands here");
  check("name ＝ 'a'\n", "1:6: '＝' stands neither in a text nor in a comment");
  check("name = “a”\n", "1:8: '“' stands neither in a text nor in a comment");
  check("　name = 'a'\n", "1:1: '　' stands neither in a text nor in a comment");
  check("［media］\n", "1:1: '［' stands neither in a text nor in a comment");
  check("# ok\n# \x95\x5C\n# \x95\x5C\n= 3\n", "2:0: this line is not UTF-8");
  check("set = { name = 'a'\n}\n", "1:19: this is no value");
}

TEST_CASE("syntax_mistakes: all of a file, the first first") {
  CHECK(syntax_told(
            "[[source]\nname = a\npath = '/a'\n[[source]]\nname = 'a'\npath = '/b\n"
            "[[source]]\nname = 'a'\nname = 'b'\npath = '/c'\non = [mon]\n[media]\n[media]\n") ==
        Told{"1:10: this does not begin a table", "2:8: this is no value",
             "6:11: the text does not end on its line",
             "9:8: this setting is there already in its table", "11:7: this is no value",
             "13:1: this table is there already"});
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += "name = a\n";
  }
  CHECK(syntax_told(many).size() == 20);
  CHECK(syntax_told("command = 'echo\nx'\nname\n") ==
        Told{"1:16: the text does not end on its line"});  // the next may be the rest of it
}

TEST_CASE("syntax_mistakes: what goes over several lines ends the search, and is told with them") {
  CHECK(syntax_told("[[source]]\nexclude = [\n  'a'\n  'b'\n]\nname\n") ==
        Told{"4:3: the list is not written as it should be, in the list or text that begins on "
             "line 2"});
  CHECK(syntax_told("on = ['mon',\n[[source]]\nname = 'a'\n") ==
        Told{"2:3: this is no value, in the list or text that begins on line 1"});
  CHECK(syntax_told("name = 'a'\ncommand = '''\necho\n\n") ==
        Told{"2:0: the list or text that begins here does not end"});
  CHECK(syntax_told("x = 1\nx = 2\non = [\n") ==
        Told{"2:5: this setting is there already in its table",
             "3:0: the list or text that begins here does not end"});
}

TEST_CASE("syntax_mistakes: one mistake is told once, wherever it is") {
  constexpr std::string_view kWhole =
      "# what is saved\n[[source]]\nname = \"a\"\npath = '/srv/a'\nexclude = [\n  '*.tmp', # "
      "large\n"
      "  \"/x/\"\n]\nrpo_hours = 26\n\n[[source]]\nname = 'b' # second\ncommand = \"echo 'x' \\\\ "
      "\"\n"
      "pools = [ 'daily', 'weekly' ]\n[[holiday]]\ndate = 2026-12-29\nname = \"年末\"\n"
      "[media]\nconnected_minutes = 90\n";
  REQUIRE(syntax_told(kWhole).empty());
  int wrong = 0;
  for (std::size_t at = 0; at < kWhole.size(); ++at) {
    for (const std::string_view instead : {"", "\"", "'", "[", "]", "=", "#", "\\", "{", ",", "x",
                                           " ", "\n", "\x01", "\xFF", "　"}) {
      std::string text{kWhole};
      text.replace(at, 1, instead);
      const Told told = syntax_told(text);
      CAPTURE(text);
      CHECK(told.size() == (read_site_file(text).is_toml ? 0 : 1));
      wrong += told.empty() ? 0 : 1;
    }
  }
  CHECK(wrong > 1000);
}

TEST_CASE("read_site_file: names too deep for any stack are refused") {
  std::string deep = "a";
  for (int i = 0; i < 2'000'000; ++i) {
    deep += ".a";
  }
  for (const std::string& text : {deep + " = 1", "[" + deep + "]"}) {
    const SiteReading reading = read_site_file(text);
    CHECK(!reading.is_toml);
    REQUIRE(reading.findings.size() == 1);
    CHECK(reading.findings.front().fact == "site.toml has more than 10000 dots");
  }
}

TEST_CASE("syntax_mistakes: what stands for a mistake is none, and long lists end the search") {
  CHECK(syntax_told("\"\\u0001\" = 1\nx =\n").size() == 1);
  std::string lists;
  for (int list = 0; list < 40; ++list) {
    lists += fmt::format("l{} = [\n", list);
    for (int line = 0; line < 250; ++line) {
      lists += "\"" + std::string(400, 'x') + "\",\n";
    }
    lists += "]\n";
  }
  CHECK(syntax_told(lists + "q =\n").size() == 1);  // ended: by the first that the library tells
}

}  // namespace azekura
