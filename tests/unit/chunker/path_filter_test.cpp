#include "chunker/path_filter.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

// That answers are git's is the business of tests/cli/exclude_test.py; here stand the cases that
// gitignore(5) spells out, and those where git is not what its manual says.
namespace azekura::chunker {

namespace {

bool leaves_out(const std::vector<std::string>& patterns, std::string_view path,
                bool is_directory = false) {
  return PathFilter{patterns}.leaves_out(path, is_directory);
}

}  // namespace

TEST_CASE("Path filter: without patterns, and with comments and blanks alone, all is wanted") {
  CHECK(PathFilter{{}}.empty());
  CHECK(PathFilter{std::vector<std::string>{"", "# *", "   "}}.empty());
  CHECK_FALSE(leaves_out({"#a", "", "/", "!", "!/"}, "#a"));
}

TEST_CASE("Path filter: a pattern without a slash is about names at any depth") {
  CHECK(leaves_out({"*.tmp"}, "a.tmp"));
  CHECK(leaves_out({"*.tmp"}, "ward/3/.tmp"));
  CHECK_FALSE(leaves_out({"*.tmp"}, "a.tmp/b"));  // never asked: its directory is out
  CHECK(leaves_out({"a?c"}, "x/abc"));
  CHECK_FALSE(leaves_out({"a?c"}, "ac"));
  CHECK(leaves_out({"**"}, "x"));
}

TEST_CASE("Path filter: a slash at the beginning or in the middle binds to the root") {
  CHECK(leaves_out({"/a"}, "a"));
  CHECK_FALSE(leaves_out({"/a"}, "x/a"));
  CHECK(leaves_out({"x/*"}, "x/a"));
  CHECK_FALSE(leaves_out({"x/*"}, "x/a/b"));
  CHECK_FALSE(leaves_out({"x/a"}, "y/x/a"));
  CHECK_FALSE(leaves_out({"x?a"}, "x/a"));
  CHECK_FALSE(leaves_out({"x[/]a"}, "x/a"));
}

TEST_CASE("Path filter: a slash at the end is about directories") {
  CHECK(leaves_out({"a/"}, "x/a", true));
  CHECK_FALSE(leaves_out({"a/"}, "x/a", false));
  CHECK_FALSE(leaves_out({"/a/"}, "x/a", true));
}

TEST_CASE("Path filter: two stars between slashes are any number of names") {
  for (const char* const path : {"b", "a/b", "a/x/y/b"}) {
    CAPTURE(path);
    CHECK(leaves_out({"**/b"}, path));
  }
  CHECK(leaves_out({"a/**/b"}, "a/b"));
  CHECK(leaves_out({"a/**/b"}, "a/x/y/b"));
  CHECK_FALSE(leaves_out({"a/**/b"}, "a/x/yb"));
  CHECK(leaves_out({"a/**"}, "a/x/y"));
  CHECK_FALSE(leaves_out({"a/**"}, "a", true));
  CHECK(leaves_out({"**/x*y/**/z"}, "a/x/xay/xby/q/z"));
}

TEST_CASE("Path filter: other stars in a row are one, as gitignore(5) says and git does not") {
  CHECK(leaves_out({"a**/b"}, "ax/b"));
  CHECK_FALSE(leaves_out({"a**/b"}, "ax/y/b"));
  CHECK_FALSE(leaves_out({"a**/b"}, "ab"));
}

TEST_CASE("Path filter: the last pattern that matches decides") {
  CHECK_FALSE(leaves_out({"*.log", "!important.log"}, "important.log"));
  CHECK(leaves_out({"!important.log", "*.log"}, "important.log"));
  CHECK(leaves_out({"*.log", "!a", "a.log"}, "a.log"));
}

TEST_CASE("Path filter: a backslash takes the next byte as it is") {
  CHECK(leaves_out({"\\#a"}, "#a"));
  CHECK(leaves_out({"\\!a"}, "!a"));
  CHECK(leaves_out({"!!a", "\\!a"}, "!a"));
  CHECK(leaves_out({"a\\*"}, "a*"));
  CHECK_FALSE(leaves_out({"a\\*"}, "ab"));
  CHECK(leaves_out({"a  "}, "a"));
  CHECK(leaves_out({"a \\  "}, "a  "));
  CHECK_FALSE(leaves_out({"a\\"}, "a\\"));
}

TEST_CASE("Path filter: bracket expressions") {
  CHECK(leaves_out({"[a-c]x"}, "bx"));
  CHECK_FALSE(leaves_out({"[a-c]x"}, "dx"));
  CHECK(leaves_out({"[!a-c]x"}, "dx"));
  CHECK(leaves_out({"[^a-c]x"}, "dx"));
  CHECK(leaves_out({"[]-]"}, "]"));
  CHECK(leaves_out({"[]-]"}, "-"));
  CHECK(leaves_out({"[[:digit:]a]"}, "7"));
  CHECK_FALSE(leaves_out({"[[:digit:]a]"}, "b"));
  CHECK(leaves_out({"[\\]]"}, "]"));
  for (const char* const malformed : {"[", "[a", "[!", "[a-", "[[:digit:]", "[[:none:]]", "[\\"}) {
    CAPTURE(malformed);
    CHECK_FALSE(leaves_out({malformed}, "a"));
    CHECK_FALSE(leaves_out({malformed}, malformed));
  }
}

TEST_CASE("Path filter: bytes, not characters") {
  CHECK(leaves_out({"??.tmp"}, "\x8F\xC1.tmp"));
  CHECK_FALSE(leaves_out({"?.tmp"}, "\x8F\xC1.tmp"));
  CHECK(leaves_out({"カルテ*"}, "カルテ1"));
  CHECK_FALSE(leaves_out({"[[:alpha:]]"}, "\xE9"));
  CHECK(leaves_out({"a\nb"}, "a\nb"));
}

TEST_CASE("Path filter: no pattern takes forever") {
  std::string stars;
  for (int i = 0; i < 60; ++i) {
    stars += "a*";
  }
  std::string deep;
  for (int i = 0; i < 60; ++i) {
    deep += "**/a*/";
  }
  const std::string name(255, 'a');
  std::string path = name;
  for (int i = 0; i < 15; ++i) {
    path += '/' + name;
  }
  CHECK_FALSE(leaves_out({stars + "b"}, name));
  CHECK_FALSE(leaves_out({deep + "b"}, path));
  CHECK(leaves_out({stars}, name));
}

}  // namespace azekura::chunker
