#include "core/calendar.h"

#include "core/pool_days.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

namespace azekura {

namespace {

using std::chrono::days;
using std::chrono::sys_days;

Date date_of(std::string_view text) {
  const std::optional<Date> date = parse_date(text);
  REQUIRE(date.has_value());
  return date.value_or(Date{});
}

/// The host's time zone, for one test.
class TimeZone {
 public:
  // NOLINTBEGIN(concurrency-mt-unsafe): the tests have one thread
  explicit TimeZone(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;
  ~TimeZone() {
    ::unsetenv("TZ");
    ::tzset();
  }
  // NOLINTEND(concurrency-mt-unsafe)
};

/// The night of a local time.
std::string night_at(int year, int month, int day, int hour, int minute) {
  std::tm parts{};
  parts.tm_year = year - 1900;
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  parts.tm_hour = hour;
  parts.tm_min = minute;
  parts.tm_isdst = -1;
  return date_text(night_of({std::mktime(&parts), 0}));
}

/// How many of the days from 2026 to 2053, in which every weekday meets every date, a pool has.
template <typename Predicate>
int count_days(Predicate predicate) {
  int count = 0;
  for (sys_days day{date_of("2026-01-01")}; day < sys_days{date_of("2054-01-01")}; day += days{1}) {
    count += predicate(Date{day}) ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("Date: is written as it is read, and what is none is refused") {
  for (const char* text : {"2026-01-05", "2024-02-29", "0001-12-31", "9999-12-31"}) {
    CHECK(date_text(date_of(text)) == text);
  }
  for (const char* text : {"", "2026-1-5", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-32",
                           "2026/01/05", "2026-01-05 ", "-026-01-05", "2026-+1-05", "２０２６"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_date(text).has_value());
  }
}

TEST_CASE("Weekday: is written as it is read") {
  for (const char* text : {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}) {
    CHECK(weekday_text(parse_weekday(text).value()) == text);
  }
  CHECK(parse_weekday("mon") == std::chrono::Monday);
  CHECK_FALSE(parse_weekday("Mon").has_value());
  CHECK_FALSE(parse_weekday("").has_value());
}

TEST_CASE("night_of: before noon it is still the night of the day before") {
  const TimeZone japan{"JST-9"};
  CHECK(night_at(2026, 11, 23, 12, 0) == "2026-11-23");
  CHECK(night_at(2026, 11, 23, 23, 59) == "2026-11-23");
  CHECK(night_at(2026, 11, 24, 1, 0) == "2026-11-23");
  CHECK(night_at(2026, 11, 24, 11, 59) == "2026-11-23");
  CHECK(night_at(2027, 1, 1, 1, 0) == "2026-12-31");
  CHECK(night_at(2028, 3, 1, 0, 30) == "2028-02-29");
}

TEST_CASE("night_of: the night on which the clocks change is one night") {
  const TimeZone europe{"CET-1CEST,M3.5.0,M10.5.0/3"};
  for (const char* change : {"2026-03-28", "2026-10-24"}) {  // of 23 and of 25 hours
    const sys_days night{date_of(change)};
    const auto noon = std::chrono::duration_cast<std::chrono::seconds>(night.time_since_epoch());
    int hours = 0;
    for (int half_hour = 0; half_hour < 80; ++half_hour) {
      const std::int64_t seconds = noon.count() + half_hour * 1800;
      hours += date_text(night_of({seconds, 0})) == change ? 1 : 0;
    }
    CHECK(hours == (std::string_view{change} == "2026-03-28" ? 46 : 50));
  }
}

TEST_CASE("PoolDays: a pool of weekdays has these") {
  const PoolDays workdays = PoolDays::daily({std::chrono::Monday, std::chrono::Friday});
  CHECK(workdays.has(date_of("2026-11-23")));
  CHECK_FALSE(workdays.has(date_of("2026-11-24")));
  CHECK(workdays.has(date_of("2026-11-27")));
  CHECK(count_days([&](const Date& date) { return PoolDays::daily().has(date); }) == 10227);
  CHECK(PoolDays::weekly(std::chrono::Saturday).has(date_of("2026-11-28")));
  CHECK(PoolDays{}.is_empty());
  CHECK(count_days([&](const Date& date) { return PoolDays{}.has(date); }) == 0);
}

TEST_CASE("PoolDays: a month's pool has one night of every month") {
  for (const char* week : {"first", "second", "third", "fourth", "last"}) {
    for (const char* weekday : {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}) {
      const PoolDays pool = PoolDays::monthly(fmt::format("{} {}", week, weekday)).value();
      CHECK(count_days([&](const Date& date) { return pool.has(date); }) == 28 * 12);
      for (sys_days day{date_of("2026-01-01")}; day < sys_days{date_of("2028-01-01")};
           day += days{1}) {
        if (pool.has(day)) {
          CHECK(weekday_text(std::chrono::weekday{day}) == weekday);
        }
      }
    }
  }
  CHECK(PoolDays::monthly("first mon")->has(date_of("2026-02-02")));
  CHECK(PoolDays::monthly("fourth sat")->has(date_of("2026-02-28")));
  CHECK(PoolDays::monthly("last sat")->has(date_of("2026-02-28")));
  CHECK(PoolDays::monthly("last sat")->has(date_of("2026-10-31")));
  CHECK_FALSE(PoolDays::monthly("last sat")->has(date_of("2026-10-24")));
  CHECK(PoolDays::monthly("fourth sat")->has(date_of("2026-10-24")));
  for (unsigned day = 1; day <= 28; ++day) {
    const PoolDays pool = PoolDays::monthly(day).value();
    CHECK(count_days([&](const Date& date) { return pool.has(date); }) == 28 * 12);
  }
  for (const unsigned day : {0U, 29U, 31U, 100U}) {
    CHECK_FALSE(PoolDays::monthly(day).has_value());
  }
  for (const char* text : {"", "first", "first ", " mon", "fifth mon", "first  mon", "First mon",
                           "first monday", "first mon "}) {
    CAPTURE(text);
    CHECK_FALSE(PoolDays::monthly(std::string_view{text}).has_value());
  }
}

TEST_CASE("PoolDays: two months' pools meet if some night is in both") {
  std::vector<PoolDays> pools;
  for (const char* week : {"first", "third", "fourth", "last"}) {
    for (const char* weekday : {"sun", "wed"}) {
      pools.push_back(PoolDays::monthly(fmt::format("{} {}", week, weekday)).value());
    }
  }
  for (const unsigned day : {1U, 7U, 8U, 21U, 22U, 28U}) {
    pools.push_back(PoolDays::monthly(day).value());
  }
  for (std::size_t a = 0; a < pools.size(); ++a) {
    for (std::size_t b = a; b < pools.size(); ++b) {
      CAPTURE(a);
      CAPTURE(b);
      const int common =
          count_days([&](const Date& date) { return pools[a].has(date) && pools[b].has(date); });
      CHECK(pools[a].meets(pools[b]) == (common > 0));
      CHECK(pools[b].meets(pools[a]) == (common > 0));
    }
  }
}

}  // namespace azekura
