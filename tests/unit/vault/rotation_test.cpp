#include "vault/rotation.h"

#include "core/error.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

namespace azekura::vault {

namespace {

using std::chrono::days;
using std::chrono::sys_days;
using Names = std::vector<std::string>;

Date on(std::string_view text) { return parse_date(text).value(); }

/// Daily sets in turn on Monday to Thursday, weekly ones on Friday, monthly ones on the first
/// Saturday; nobody brings a medium on other nights.
std::string hospital(int daily, int weekly, int monthly, std::string_view rest = {}) {
  std::string text = R"(
[[source]]
name = "ehr"
command = "pg_dump ehr"
[[source]]
name = "images"
path = "/srv/images"
pools = ["weekly"]
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
)";
  for (const auto& [pool, count] :
       {std::pair{"daily", daily}, std::pair{"weekly", weekly}, std::pair{"monthly", monthly}}) {
    for (int i = 1; i <= count; ++i) {
      text += fmt::format("[[set]]\nname = '{}-{}'\npool = '{}'\n", pool, i, pool);
    }
  }
  return text += rest;
}

constexpr std::string_view kNewYear =
    "[[holiday]]\ndate = 2026-12-29\nuntil = 2027-01-03\nname = '年末年始'\n";

/// "date medium captured-for" of each night, "-" for no medium.
Names lines_of(const std::vector<Night>& list) {
  Names lines;
  for (const Night& one : list) {
    lines.push_back(fmt::format("{} {} {}", date_text(one.date), one.medium_of_set.value_or("-"),
                                one.captured_for));
  }
  return lines;
}

}  // namespace

TEST_CASE("nights: a month goes before a week before a day, and sets take turns") {
  const SiteConfig config = SiteConfig::parse(hospital(4, 3, 3));
  CHECK(lines_of(nights(config, on("2026-01-05"), 16)) ==
        Names{"2026-01-05 daily-1 daily-1", "2026-01-06 daily-2 daily-2",
              "2026-01-07 daily-3 daily-3", "2026-01-08 daily-4 daily-4",
              "2026-01-09 weekly-1 weekly-1", "2026-01-10 - daily-1", "2026-01-11 - daily-1",
              "2026-01-12 daily-1 daily-1", "2026-01-13 daily-2 daily-2",
              "2026-01-14 daily-3 daily-3", "2026-01-15 daily-4 daily-4",
              "2026-01-16 weekly-2 weekly-2", "2026-01-17 - daily-1", "2026-01-18 - daily-1",
              "2026-01-19 daily-1 daily-1", "2026-01-20 daily-2 daily-2"});
  CHECK(lines_of(nights(config, on("2026-02-06"), 3)) == Names{"2026-02-06 weekly-2 weekly-2",
                                                               "2026-02-07 monthly-1 monthly-1",
                                                               "2026-02-08 - daily-1"});
  CHECK(nights(config, on("2026-02-06"), 0).empty());
}

TEST_CASE("nights: a night that another pool or a holiday has passes no set over") {
  // Every night daily, Friday weekly, the fourth Friday monthly.
  const auto text = [](std::string_view rest) {
    return fmt::format(
        "[[pool]]\nname='d'\nevery='day'\n[[pool]]\nname='w'\nevery='week'\non='fri'\n"
        "[[pool]]\nname='m'\nevery='month'\non='fourth fri'\n[[set]]\nname='d1'\npool='d'\n"
        "[[set]]\nname='d2'\npool='d'\n[[set]]\nname='w1'\npool='w'\n[[set]]\nname='w2'\npool='w'\n"
        "[[set]]\nname='m1'\npool='m'\n{}",
        rest);
  };
  CHECK(lines_of(nights(SiteConfig::parse(text("")), on("2026-01-14"), 18)) ==
        Names{"2026-01-14 d1 d1", "2026-01-15 d2 d2", "2026-01-16 w2 w2", "2026-01-17 d1 d1",
              "2026-01-18 d2 d2", "2026-01-19 d1 d1", "2026-01-20 d2 d2", "2026-01-21 d1 d1",
              "2026-01-22 d2 d2", "2026-01-23 m1 m1", "2026-01-24 d1 d1", "2026-01-25 d2 d2",
              "2026-01-26 d1 d1", "2026-01-27 d2 d2", "2026-01-28 d1 d1", "2026-01-29 d2 d2",
              "2026-01-30 w1 w1", "2026-01-31 d1 d1"});
  const SiteConfig closed =
      SiteConfig::parse(text("[[holiday]]\ndate=2026-01-15\nuntil=2026-01-17\nname='closed'\n"));
  const std::vector<Night> list = nights(closed, on("2026-01-14"), 7);
  CHECK(lines_of(list) == Names{"2026-01-14 d1 d1", "2026-01-15 - d2", "2026-01-16 - d2",
                                "2026-01-17 - d2", "2026-01-18 d2 d2", "2026-01-19 d1 d1",
                                "2026-01-20 d2 d2"});
  CHECK(list[1].holiday == "closed");
  CHECK(list[3].holiday == "closed");
  CHECK(list[4].holiday.empty());
}

TEST_CASE("nights: over New Year what is captured waits for the set that is due next") {
  const SiteConfig config = SiteConfig::parse(hospital(4, 3, 3, kNewYear));
  const std::vector<Night> list = nights(config, on("2026-12-27"), 10);
  const std::string due = list[8].captured_for;
  for (std::size_t i = 2; i < 8; ++i) {
    CAPTURE(i);
    CHECK(list[i].holiday == "年末年始");
    CHECK_FALSE(list[i].medium_of_set.has_value());
    CHECK(list[i].captured_for == due);
    CHECK(list[i].pool == "daily");
  }
  CHECK(date_text(list[8].date) == "2027-01-04");
  CHECK(list[8].medium_of_set == due);
  // Monday 2026-12-28 was the last before it: the next in turn goes on after the holiday.
  CHECK(list[1].medium_of_set != due);
  CHECK(list[9].medium_of_set != due);
}

TEST_CASE("nights: a source is captured on the nights of its pools, for the set that is due") {
  const SiteConfig config = SiteConfig::parse(hospital(4, 3, 3));
  for (const Night& one : nights(config, on("2026-01-05"), 100)) {
    CAPTURE(date_text(one.date));
    CHECK(one.sources == (one.pool == "weekly" ? Names{"ehr", "images"} : Names{"ehr"}));
  }
}

TEST_CASE("nights: a night is the same however the schedule is asked for it") {
  const SiteConfig config = SiteConfig::parse(hospital(4, 3, 3, kNewYear));
  // Before the day from which turns are counted too: a clock may be wrong.
  const std::vector<Night> all = nights(config, on("2025-06-01"), 800);
  for (std::size_t i = 0; i < all.size(); i += 7) {
    CAPTURE(i);
    CHECK(night(config, all[i].date) == all[i]);
    CHECK(nights(config, all[i].date, 3).front() == all[i]);
  }
  CHECK_FALSE(night(config, on("1970-01-01")).captured_for.empty());
  CHECK_FALSE(night(config, on("2099-12-31")).captured_for.empty());
}

TEST_CASE("nights: a holiday that is added changes nothing before it") {
  const SiteConfig before = SiteConfig::parse(hospital(4, 3, 3));
  const SiteConfig after = SiteConfig::parse(hospital(4, 3, 3, kNewYear));
  const std::vector<Night> old = nights(before, on("2026-01-05"), 358);  // until 2026-12-28
  CHECK(lines_of(old) == lines_of(nights(after, on("2026-01-05"), 358)));
  CHECK(night(before, on("2026-12-29")) != night(after, on("2026-12-29")));
}

TEST_CASE("nights: every set gets its turn as often as the others of its pool") {
  const SiteConfig config = SiteConfig::parse(hospital(4, 3, 3, kNewYear));
  std::map<std::string, int> turns;
  for (const Night& one : nights(config, on("2026-01-05"), 7 * 200)) {
    if (one.medium_of_set) {
      ++turns[*one.medium_of_set];
      CHECK(*one.medium_of_set == one.captured_for);
    }
  }
  CHECK(turns.size() == 10);
  for (const auto& [pool, count] :
       {std::pair{"daily", 4}, std::pair{"weekly", 3}, std::pair{"monthly", 3}}) {
    const int most = turns[fmt::format("{}-1", pool)];
    CHECK(most > 0);
    for (int i = 2; i <= count; ++i) {
      CHECK(most - turns[fmt::format("{}-{}", pool, i)] <= 1);
      CHECK(most >= turns[fmt::format("{}-{}", pool, i)]);
    }
  }
}

TEST_CASE("nights: how far back the media reach on any of 400 nights, by their number") {
  // Nights since the medium that was away longest was written: what a rotation promises.
  const auto reach = [](int daily, int weekly, int monthly) {
    const SiteConfig config = SiteConfig::parse(hospital(daily, weekly, monthly));
    std::map<std::string, sys_days> written;
    days least{100000};
    const std::vector<Night> list = nights(config, on("2026-01-05"), 800);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const sys_days date{list[i].date};
      if (list[i].medium_of_set) {
        written[*list[i].medium_of_set] = date;
      }
      if (i >= 400) {
        const auto oldest =
            std::min_element(written.begin(), written.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        least = std::min(least, date - oldest->second);
      }
    }
    return least.count();
  };
  CHECK(reach(4, 3, 3) == 56);   // two months between first Saturdays: 8 weeks at least
  CHECK(reach(4, 3, 6) == 147);  // five months: 21 weeks at least
  CHECK(reach(4, 3, 1) == 14);
  CHECK(reach(2, 2, 1) == 7);
}

TEST_CASE("nights: a site without pools has no schedule, and is told what to add") {
  const SiteConfig config = SiteConfig::parse("[[set]]\nname = 'a'\nfolder = '/m'\n");
  CHECK_THROWS_WITH_AS(static_cast<void>(night(config, on("2026-01-05"))),
                       doctest::Contains("no [[pool]]"), UsageError);
}

}  // namespace azekura::vault
