#include "core/site_edit.h"

#include "core/error.h"
#include "core/site_config.h"

#include <doctest/doctest.h>

namespace azekura {

TEST_CASE("with_folder: only the folder of that set is another") {
  const std::string valid =
      "# 校倉の設定\n[[set]]  # 一つ目\nname = 'a'\nfolder = '/前'  # 注\n"
      "[[set]]\nname = \"b\"\r\n\tfolder   =\t\"/b\\tb\" # '/前'\n";
  CHECK(with_folder(valid, "a", "/new \"1\"") ==
        "# 校倉の設定\n[[set]]  # 一つ目\nname = 'a'\nfolder = '/new \"1\"'  # 注\n"
        "[[set]]\nname = \"b\"\r\n\tfolder   =\t\"/b\\tb\" # '/前'\n");
  const std::string b = with_folder(valid, "b", "/後");
  CHECK(b.find("\tfolder   =\t") != std::string::npos);
  CHECK(b.find(" # '/前'\n") != std::string::npos);
  CHECK(SiteConfig::parse(b).set("b").folder == "/後");
  CHECK(SiteConfig::parse(b).set("a").folder == "/前");
}

TEST_CASE("with_folder: of a text over several lines, and of a set written in one") {
  const std::string lines = "[[set]]\nname = 'a'\nfolder = \"\"\"/x\\\n   y\"\"\" # kept\n";
  CHECK(SiteConfig::parse(lines).set("a").folder == "/xy");
  const std::string edited = with_folder(lines, "a", "/z");
  CHECK(SiteConfig::parse(edited).set("a").folder == "/z");
  CHECK(edited.ends_with(" # kept\n"));
  const std::string valid = "set = [{name = 'a', folder = '/図'}, {folder = '/図', name = 'b'}]\n";
  CHECK(SiteConfig::parse(with_folder(valid, "b", "/m")).set("b").folder == "/m");
  CHECK(SiteConfig::parse(with_folder(valid, "b", "/m")).set("a").folder == "/図");
}

TEST_CASE("with_folder: a folder that cannot stand in a site file is refused") {
  CHECK_THROWS_AS(static_cast<void>(with_folder("[[set]]\nname='a'\nfolder='/m'\n", "a", "/\xFF")),
                  UsageError);
}

}  // namespace azekura
