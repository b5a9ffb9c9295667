#include "core/pool_days.h"

#include <algorithm>
#include <array>

namespace azekura {

namespace {

constexpr unsigned kAllWeekdays = 0x7F;
constexpr unsigned kDaysOfWeek = 7;
constexpr unsigned kDayOfEveryMonth = 28;
constexpr std::array<std::string_view, 5> kOrdinals{"first", "second", "third", "fourth", "last"};
constexpr std::size_t kLastOrdinal = kOrdinals.size() - 1;

unsigned bit_of(const std::chrono::weekday& weekday) { return 1U << weekday.c_encoding(); }

}  // namespace

PoolDays PoolDays::daily() {
  PoolDays days;
  days.weekdays_ = kAllWeekdays;
  return days;
}

PoolDays PoolDays::daily(const std::vector<std::chrono::weekday>& weekdays) {
  PoolDays days;
  for (const std::chrono::weekday& weekday : weekdays) {
    days.weekdays_ |= bit_of(weekday);
  }
  return days;
}

PoolDays PoolDays::weekly(const std::chrono::weekday& weekday) {
  PoolDays days;
  days.cycle_ = PoolCycle::week;
  days.weekdays_ = bit_of(weekday);
  return days;
}

std::optional<PoolDays> PoolDays::monthly(std::string_view text) {
  const std::size_t blank = text.find(' ');
  const auto* const ordinal = std::find(kOrdinals.begin(), kOrdinals.end(), text.substr(0, blank));
  if (blank == std::string_view::npos || ordinal == kOrdinals.end()) {
    return std::nullopt;
  }
  const std::optional<std::chrono::weekday> weekday = parse_weekday(text.substr(blank + 1));
  if (!weekday) {
    return std::nullopt;
  }
  const auto week = static_cast<std::size_t>(ordinal - kOrdinals.begin());
  PoolDays days;
  days.cycle_ = PoolCycle::month;
  days.weekdays_ = bit_of(*weekday);
  days.only_last_ = week == kLastOrdinal;
  if (days.only_last_) {
    days.first_day_ = kDayOfEveryMonth - kDaysOfWeek + 1;
  } else {
    days.first_day_ = static_cast<unsigned>(week) * kDaysOfWeek + 1;
    days.last_day_ = days.first_day_ + kDaysOfWeek - 1;
  }
  return days;
}

std::optional<PoolDays> PoolDays::monthly(unsigned day) {
  if (day == 0 || day > kDayOfEveryMonth) {
    return std::nullopt;
  }
  PoolDays days;
  days.cycle_ = PoolCycle::month;
  days.weekdays_ = kAllWeekdays;
  days.first_day_ = day;
  days.last_day_ = day;
  return days;
}

bool PoolDays::has(const Date& date) const {
  const std::chrono::sys_days day{date};
  const auto of_month = static_cast<unsigned>(date.day());
  return (weekdays_ & bit_of(std::chrono::weekday{day})) != 0 && first_day_ <= of_month &&
         of_month <= last_day_ &&
         (!only_last_ || Date{day + std::chrono::days{kDaysOfWeek}}.month() != date.month());
}

bool PoolDays::meets(const PoolDays& other) const {
  return (weekdays_ & other.weekdays_) != 0 && first_day_ <= other.last_day_ &&
         other.first_day_ <= last_day_;
}

bool PoolDays::is_within(const std::vector<PoolDays>& others) const {
  unsigned covered = 0;
  for (const PoolDays& other : others) {
    covered |= other.weekdays_;
  }
  return (weekdays_ & ~covered) == 0;
}

}  // namespace azekura
