#include "core/site_reader.h"

#include "core/error.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace azekura {

namespace {

/// The schedule of a hospital of 100 to 399 beds.
constexpr std::string_view kHospital = R"(
[[source]]
name = "ehr"
command = "pg_dump ehr"
rpo_hours = 4
[[source]]
name = "images"
path = "/srv/images"
pools = ["weekly", "monthly"]
[[pool]]
name = "daily"
every = "day"
on = ["mon", "tue", "wed", "thu"]
[[pool]]
name = "weekly"
every = "week"
on = "fri"
[[pool]]
name = "monthly"
every = "month"
on = "first sat"
[[set]]
name = "daily-1"
pool = "daily"
[[set]]
name = "daily-2"
pool = "daily"
[[set]]
name = "weekly-1"
pool = "weekly"
[[set]]
name = "weekly-2"
pool = "weekly"
[[set]]
name = "monthly-1"
pool = "monthly"
[[set]]
name = "monthly-2"
pool = "monthly"
parity = "10+3"
[[holiday]]
date = 2026-12-29
until = 2027-01-03
name = "年末年始"
[[holiday]]
date = 2027-04-29
name = "昭和の日"
[media]
connected_minutes = 90
overhang_minutes = 10
[spool]
limit_gib = 200
)";

/// "line: fact" of every finding that is, or is not, a mistake.
std::vector<std::string> told(std::string_view text, bool mistakes) {
  std::vector<std::string> lines;
  for (const SiteFinding& finding : read_site_file(text).findings) {
    CHECK_FALSE(finding.remedy.empty());
    if (finding.is_mistake == mistakes) {
      lines.push_back(fmt::format("{}: {}", finding.line, finding.fact));
    }
  }
  return lines;
}

using Lines = std::vector<std::string>;

/// Of a daily pool and its two sets, on 10 lines, and what follows from line 11 on.
std::string with_daily_pool(std::string_view rest) {
  return "[[pool]]\nname = 'daily'\nevery = 'day'\non = ['mon', 'tue']\n"
         "[[set]]\nname = 'd1'\npool = 'daily'\n[[set]]\nname = 'd2'\npool = 'daily'\n" +
         std::string{rest};
}

}  // namespace

TEST_CASE("read_site_file: pools, holidays, media and spool") {
  const SiteConfig config = SiteConfig::parse(kHospital);
  CHECK(told(kHospital, true).empty());
  CHECK(told(kHospital, false).empty());
  CHECK(config.source("ehr").rpo == std::chrono::hours{4});
  CHECK(config.source("ehr").pools.empty());
  CHECK(config.source("images").pools == Lines{"weekly", "monthly"});
  CHECK(config.source("images").rpo == std::chrono::hours{26});
  REQUIRE(config.pools.size() == 3);
  const PoolDays four_days = PoolDays::daily(
      {std::chrono::Monday, std::chrono::Tuesday, std::chrono::Wednesday, std::chrono::Thursday});
  CHECK(config.pools[0] == PoolConfig{"daily", four_days});
  CHECK(config.pools[1] == PoolConfig{"weekly", PoolDays::weekly(std::chrono::Friday)});
  CHECK(config.pools[2] == PoolConfig{"monthly", PoolDays::monthly("first sat").value()});
  CHECK(config.set("monthly-2") == SetConfig{"monthly-2", "", {10, 3}, "monthly"});
  REQUIRE(config.holidays.size() == 2);
  CHECK(config.holidays[0].name == "年末年始");
  CHECK(date_text(config.holidays[0].first) == "2026-12-29");
  CHECK(date_text(config.holidays[0].last) == "2027-01-03");
  CHECK(config.holidays[1].first == config.holidays[1].last);
  CHECK(config.media == MediaConfig{std::chrono::minutes{90}, std::chrono::minutes{10}});
  CHECK(config.spool_limit == 200 * kGiB);
}

TEST_CASE("read_site_file: what is not said is as the comments say") {
  const SiteConfig config = SiteConfig::parse(
      "[[pool]]\nname='p'\nevery='day'\n[[set]]\n"
      "name='a'\npool='p'\n");
  CHECK(config.pools.at(0).days == PoolDays::daily());
  CHECK(config.media.connected == std::chrono::minutes{240});
  CHECK(config.media.overhang == std::chrono::minutes{30});
  CHECK_FALSE(config.spool_limit.has_value());
}

TEST_CASE("read_site_file: every mistake is found, the first of the file first") {
  const std::string text =
      "[[set]]\nname = 'A'\nfolder = 'mnt'\ncolour = 'red'\n"
      "[[source]]\nname = 'a'\npath = 'x'\nexclude = 3\nrpo_hours = 0\n"
      "[[source]]\nname = 'a'\ncommand = 'true'\n"
      "[spool]\nlimit_gib = '1'\n";
  CHECK(told(text, true) ==
        Lines{"1: a name of a-z, 0-9, '-', '_', '.' (at most 64) is needed",
              "1: the folder of a set must begin with '/'", "4: 'colour' is not a setting",
              "5: a path must begin with '/'", "8: 'exclude' must be a list of texts",
              "9: 'rpo_hours' must be a number from 1 to 8784", "10: the source 'a' is there twice",
              "14: 'limit_gib' must be a number above 0, at most 1048576"});
  CHECK_THROWS_WITH_AS(static_cast<void>(SiteConfig::parse(text)),
                       doctest::Contains("line 1: a name of"), UsageError);
}

TEST_CASE("read_site_file: mistakes in a pool, each once") {
  const auto pool = [](const std::string& rest) {
    return told("[[set]]\nname='s'\npool='p'\n[[pool]]\nname = 'p'\n" + rest, true);
  };
  const std::string no_cycle = ": 'every' of a pool must be \"day\", \"week\" or \"month\"";
  CHECK(pool("") == Lines{"4" + no_cycle});
  CHECK(pool("every = 'year'\n") == Lines{"6" + no_cycle});
  CHECK(pool("every = 1\n") == Lines{"6" + no_cycle});
  CHECK(pool("every = 'day'\non = 'mon'\n") ==
        Lines{"7: 'on' of a daily pool must be a list of weekdays"});
  CHECK(pool("every = 'day'\non = []\n") ==
        Lines{"7: 'on' of a daily pool must be a list of weekdays"});
  CHECK(pool("every = 'day'\non = ['mon', 'mun', 3]\n") ==
        Lines{"7: \"mun\" is not a weekday", "7: 'on' must be a text that is not empty"});
  const std::string no_weekday = ": 'on' of a weekly pool must be a weekday, like \"fri\"";
  CHECK(pool("every = 'week'\n") == Lines{"4" + no_weekday});
  CHECK(pool("every = 'week'\non = ['fri']\n") == Lines{"7" + no_weekday});
  CHECK(pool("every = 'week'\non = 'friday'\n") == Lines{"7: \"friday\" is not a weekday"});
  const std::string no_day = ": 'on' of a monthly pool must be a day that every month has";
  CHECK(pool("every = 'month'\n") == Lines{"4" + no_day});
  for (const char* on :
       {"'fri'", "'fifth fri'", "0", "29", "-1", "4294967297", "1.5", "['last fri']"}) {
    CAPTURE(on);
    CHECK(pool(fmt::format("every = 'month'\non = {}\n", on)) == Lines{"7" + no_day});
  }
  CHECK(pool("every = 'month'\non = 28\n").empty());
}

TEST_CASE("read_site_file: mistakes in holidays, media and spool") {
  const auto holiday = [](std::string_view rest) {
    return told(fmt::format("[[holiday]]\nname = 'h'\n{}", rest), true);
  };
  CHECK(holiday("date = 2026-02-28\nuntil = 2026-03-30\n").empty());
  CHECK(holiday("") == Lines{"1: a holiday needs a date"});
  CHECK(holiday("date = '2026-02-28'\n") == Lines{"3: 'date' must be a date"});
  CHECK(holiday("date = 2026-02-28T10:00:00Z\n") == Lines{"3: 'date' must be a date"});
  CHECK(holiday("date = 2026-02-28\nuntil = 1\n") == Lines{"4: 'until' must be a date"});
  const std::string wrong_end = "4: the holiday ends before it begins, or after more than 31 days";
  CHECK(holiday("date = 2026-02-28\nuntil = 2026-02-27\n") == Lines{wrong_end});
  CHECK(holiday("date = 2026-02-28\nuntil = 2026-03-31\n") == Lines{wrong_end});
  CHECK(told("[[holiday]]\ndate = 2026-02-28\n", true) == Lines{"1: a holiday needs a name"});
  const Lines no_date = told("[[holiday]]\nname = 'h'\ndate = 2026-02-30\n", true);
  REQUIRE(no_date.size() == 1);  // that is no TOML
  CHECK(no_date[0].starts_with("3: "));
  CHECK(told("[media]\nconnected_minutes = 1441\noverhang_minutes = true\n", true) ==
        Lines{"2: 'connected_minutes' must be a number from 1 to 1440",
              "3: 'overhang_minutes' must be a number from 1 to 1440"});
  CHECK(told("[[media]]\nconnected_minutes = 3\n", true) ==
        Lines{"1: 'media' must be written as [media]"});
  for (const std::string_view wrong :
       {"0", "0.0", "-1", "nan", "inf", "1048576.5", "true", "'1'"}) {
    CHECK(told(fmt::format("[spool]\nlimit_gib = {}\n", wrong), true) ==
          Lines{"2: 'limit_gib' must be a number above 0, at most 1048576"});
  }
  CHECK(SiteConfig::parse("[spool]\nlimit_gib = 0.5\n").spool_limit == kGiB / 2);
  CHECK(told("[spool]\nlimit = 3\n", true) == Lines{"2: 'limit' is not a setting"});
}

TEST_CASE("read_site_file: a policy that leaves something without a night is refused") {
  CHECK(told(with_daily_pool(""), true).empty());
  CHECK(told(with_daily_pool("[[set]]\nname = 'x'\n"), true) ==
        Lines{"11: the set 'x' is in no pool and would never be written"});
  CHECK(told(with_daily_pool("[[set]]\nname = 'x'\npool = 'weekly'\n"), true) ==
        Lines{"11: the set 'x' names a pool that is not there, 'weekly'"});
  CHECK(told("[[set]]\nname = 'x'\npool = 'p'\n", true) ==
        Lines{"1: the set 'x' names a pool that is not there, 'p'"});
  CHECK(told(with_daily_pool("[[pool]]\nname = 'w'\nevery = 'week'\non = 'wed'\n"), true) ==
        Lines{"11: the pool 'w' has no set"});
  CHECK(told(with_daily_pool("[[source]]\nname = 's'\npath = '/s'\npools = []\n"), true) ==
        Lines{"14: the source 's' has no schedule: its list of pools is empty"});
  CHECK(told(with_daily_pool("[[source]]\nname='s'\npath='/s'\npools=['daily', 'dayly']\n"),
             true) == Lines{"11: the source 's' names a pool that is not there, 'dayly'"});
}

TEST_CASE("read_site_file: two pools of a kind have no night in common") {
  const auto second = [](std::string_view pool) {
    return told(with_daily_pool(fmt::format(
                    "[[pool]]\nname = 'b'\n{}\n[[set]]\nname = 'b1'\npool = 'b'\n", pool)),
                true);
  };
  CHECK(second("every = 'day'\non = ['wed', 'sun']").empty());
  CHECK(second("every = 'week'\non = 'mon'").empty());
  CHECK(second("every = 'day'\non = ['wed', 'tue']") ==
        Lines{"11: the pools 'daily' and 'b' have a night in common"});
  CHECK(second("every = 'day'") == Lines{"11: the pools 'daily' and 'b' have a night in common"});
  CHECK(second("every = 'week'\non = 'mon'\n[[pool]]\nname = 'c'\nevery = 'week'\non = 'tue'\n"
               "[[set]]\nname = 'c1'\npool = 'c'") ==
        Lines{"1: the pool 'daily' has no night: weekly pools have all of its weekdays"});
  CHECK(second("every = 'month'\non = 'last mon'\n[[pool]]\nname = 'c'\nevery = 'month'\non = 22\n"
               "[[set]]\nname = 'c1'\npool = 'c'") ==
        Lines{"15: the pools 'b' and 'c' have a night in common"});
}

TEST_CASE("read_site_file: warns of folders, and of pools without two sets to put away") {
  CHECK(told(with_daily_pool(""), false).empty());
  CHECK(told("[[set]]\nname = 'x'\nfolder = '/m'\n", false) ==
        Lines{"1: the set 'x' is a folder: it is not offline"});
  const std::string two =
      "[[pool]]\nname = 'p'\nevery = 'day'\n[[set]]\nname = 'a'\npool = 'p'\n"
      "[[set]]\nname = 'b'\npool = 'p'\nfolder = '/m'\n";
  CHECK(told(two, true).empty());
  CHECK(told(two, false) == Lines{"1: the pool 'p' has 1 sets on media that can be put away",
                                  "7: the set 'b' is a folder: it is not offline"});
}

TEST_CASE("SiteConfig: tables with pools are read back as they were meant") {
  const SetConfig set{"d3", "/m", {10, 3}, "daily"};
  SourceConfig source{{"s", SourceKind::tree, "/s"}, {"*.tmp"}, true};
  source.pools = {"daily"};
  source.rpo = std::chrono::hours{48};
  const std::string text = with_daily_pool(set_table(set) + source_table(source));
  const SiteConfig config = SiteConfig::parse(text);
  CHECK(config.set("d3") == set);
  CHECK(config.source("s") == source);
  CHECK(config.set("d1") == SetConfig{"d1", "", {}, "daily"});
}

}  // namespace azekura
