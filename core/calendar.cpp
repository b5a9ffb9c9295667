#include "core/calendar.h"

#include "core/error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>

namespace azekura {

namespace {

constexpr std::size_t kDateLength = 10;
constexpr int kNoon = 12;
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed",
                                                    "thu", "fri", "sat"};

/// Digits only.
std::optional<unsigned> parse_digits(std::string_view text) {
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && read == end ? std::optional{number} : std::nullopt;
}

}  // namespace

std::string date_text(const Date& date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::optional<Date> parse_date(std::string_view text) {
  if (text.size() != kDateLength || text[4] != '-' || text[7] != '-') {
    return std::nullopt;
  }
  const std::optional<unsigned> year = parse_digits(text.substr(0, 4));
  const std::optional<unsigned> month = parse_digits(text.substr(5, 2));
  const std::optional<unsigned> day = parse_digits(text.substr(8, 2));
  if (!year || !month || !day) {
    return std::nullopt;
  }
  const Date date{std::chrono::year{static_cast<int>(*year)}, std::chrono::month{*month},
                  std::chrono::day{*day}};
  return date.ok() ? std::optional{date} : std::nullopt;
}

std::string_view weekday_text(const std::chrono::weekday& day) {
  return kWeekdays.at(day.c_encoding());
}

std::optional<std::chrono::weekday> parse_weekday(std::string_view text) {
  const auto* const found = std::find(kWeekdays.begin(), kWeekdays.end(), text);
  if (found == kWeekdays.end()) {
    return std::nullopt;
  }
  return std::chrono::weekday{static_cast<unsigned>(found - kWeekdays.begin())};
}

Date night_of(const Timestamp& time) {
  const std::time_t seconds = time.seconds;
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) {
    throw SystemError{errno, "tell the date of second {}", time.seconds};
  }
  const Date date{std::chrono::year{parts.tm_year + 1900},
                  std::chrono::month{static_cast<unsigned>(parts.tm_mon) + 1},
                  std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
  return std::chrono::sys_days{date} - std::chrono::days{parts.tm_hour < kNoon ? 1 : 0};
}

}  // namespace azekura
