#include "core/site_config.h"

#include "core/error.h"

#include <doctest/doctest.h>

namespace azekura {

namespace {

/// Refused with the line's number in the message.
void check_mistake(std::string_view text, int line) {
  CAPTURE(text);
  try {
    static_cast<void>(SiteConfig::parse(text));
    FAIL("a mistake was accepted");
  } catch (const UsageError& error) {
    CAPTURE(error.what());
    const std::string place = fmt::format("site.toml, line {}", line);
    REQUIRE(std::string{error.what()}.starts_with(place));
    CHECK(std::string{":,"}.find(error.what()[place.size()]) != std::string::npos);
    CHECK_FALSE(error.hint().empty());
  }
}

}  // namespace

TEST_CASE("SiteConfig: trees, streams and sets are read") {
  const SiteConfig config = SiteConfig::parse(R"(
[[source]]
name = "documents"
path = "/srv/documents"
exclude = ["*.tmp", '!\ x']
exclude_caches = true
[[source]]
name = "ehr"
command = "pg_dump ehr"
[[set]]
name = "daily"
folder = "/mnt/daily"
)");
  REQUIRE(config.sources.size() == 2);
  const Source documents{"documents", SourceKind::tree, "/srv/documents"};
  CHECK(config.source("documents") == SourceConfig{documents, {"*.tmp", "!\\ x"}, true});
  const Source ehr{"ehr", SourceKind::stream, "pg_dump ehr"};
  CHECK(config.source("ehr") == SourceConfig{ehr, {}, false});
  CHECK(config.set("daily") == SetConfig{"daily", "/mnt/daily"});
}

TEST_CASE("SiteConfig: a new site's file is valid and empty") {
  const SiteConfig config = SiteConfig::parse(empty_site_file());
  CHECK(config.sources.empty());
  CHECK(config.sets.empty());
  CHECK(SiteConfig::parse("").sources.empty());
}

TEST_CASE("SiteConfig: a name that is not there is answered with those that are") {
  const SiteConfig config = SiteConfig::parse("[[set]]\nname='daily'\nfolder='/m'\n");
  CHECK_THROWS_WITH_AS(static_cast<void>(config.set("weekly")), doctest::Contains("daily"),
                       UsageError);
  CHECK_THROWS_AS(static_cast<void>(config.source("ehr")), UsageError);
}

TEST_CASE("SiteConfig: every mistake is told with its line") {
  check_mistake("[[source]\nname = 'a'\n", 1);                                // not TOML
  check_mistake("\n\nname = \"unfinished\n", 3);                              // not TOML
  check_mistake("\n[[sauce]]\nname = 'a'\n", 2);                              // unknown table
  check_mistake("\nretention = 3\n", 2);                                      // unknown setting
  check_mistake("[[source]]\nname = 'a'\npath = '/a'\nincludes = '*'\n", 4);  // unknown setting
  check_mistake("[[source]]\nname = 'a'\npath = '/a'\nexclude = '*'\n", 4);   // not a list
  check_mistake("[[source]]\nname = 'a'\npath = '/a'\nexclude = [\n'b', 3]\n", 5);
  check_mistake("[[source]]\nname = 'a'\npath = '/a'\nexclude = ['']\n", 4);
  check_mistake("[[source]]\nname = 'a'\npath = '/a'\nexclude_caches = 'yes'\n", 4);
  check_mistake("[[source]]\nname = 'a'\ncommand = 'b'\nexclude = ['*']\n", 4);
  check_mistake("[[source]]\nname = 'a'\ncommand = 'b'\nexclude_caches = false\n", 4);
  check_mistake("[[source]]\npath = '/a'\n", 1);                // no name
  check_mistake("[[source]]\nname = 'A b'\npath = '/a'\n", 1);  // bad name
  check_mistake("[[source]]\nname = 7\npath = '/a'\n", 2);      // name is no text
  check_mistake("[[source]]\nname = 'a'\npath = ''\n", 3);      // empty
  check_mistake("[[source]]\nname = 'a'\npath = 'relative'\n", 1);
  check_mistake("[[source]]\nname = 'a'\n", 1);  // neither path nor command
  check_mistake("[[source]]\nname = 'a'\npath = '/a'\ncommand = 'b'\n", 1);
  check_mistake("[[source]]\nname='a'\npath='/a'\n[[source]]\nname='a'\npath='/b'\n", 4);
  check_mistake("\n[source]\nname = 'a'\npath = '/a'\n", 2);  // one table, not a list
  check_mistake("source = 'a'\n", 1);
  check_mistake("source = ['a']\n", 1);
  check_mistake("[[set]]\nname = 'a'\nfolder = 'mnt'\n", 1);
  check_mistake("[[set]]\nname = 'a'\nfolder = '/m'\npath = '/m'\n", 4);
  check_mistake("[[set]]\nname='a'\nfolder='/m'\n\n[[set]]\nname='a'\nfolder='/n'\n", 5);
}

TEST_CASE("SiteConfig: tables that are appended are read back as they were meant") {
  std::string text{empty_site_file()};
  std::vector<SourceConfig> sources;
  const std::vector<std::string> origins{
      "/plain",
      "/with \"quotes\" and \\backslashes\\",
      "/with 'single'",
      "/tab\tand\nnewline",
      "/カルテ",
      "/#not a comment",
      "/'''",
      "/\"\"\"",
      "/[[set]]\nname = \"evil\"\nfolder = \"/evil\"",
      "/\x01\x1B[2J\x7F",
  };
  for (std::size_t i = 0; i < origins.size(); ++i) {
    const bool is_tree = i % 2 == 0;
    SourceConfig config{
        {fmt::format("s{}", i), is_tree ? SourceKind::tree : SourceKind::stream, origins[i]},
        {},
        false};
    if (is_tree) {
      config.exclude.assign(origins.begin(), origins.begin() + static_cast<std::ptrdiff_t>(i));
      config.exclude_caches = i % 4 == 0;
    }
    sources.push_back(std::move(config));
    text += source_table(sources.back());
  }
  const std::vector<SetConfig> sets{{"daily", "/mnt/a b"}, {"weekly", "/mnt/\"w\"\n"}};
  for (const SetConfig& set : sets) {
    text += set_table(set);
  }
  const SiteConfig config = SiteConfig::parse(text);
  CHECK(config.sources == sources);
  CHECK(config.sets == sets);
}

TEST_CASE("SiteConfig: a text that is not UTF-8 is refused before it is written") {
  const Source good{"a", SourceKind::tree, "/a"};
  const Source bad{"a", SourceKind::tree, "/\x8F\xC1"};
  CHECK_THROWS_WITH_AS(static_cast<void>(source_table({bad, {}, false})),
                       doctest::Contains("\\x8f\\xc1\" is not UTF-8"), UsageError);
  CHECK_THROWS_AS(static_cast<void>(source_table({good, {"*.\xFF"}, false})), UsageError);
}

}  // namespace azekura
