#pragma once

#include "core/entry.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Dates as people write them, and which night a time belongs to.
namespace azekura {

using Date = std::chrono::year_month_day;

/// Like "2026-12-29".
std::string date_text(const Date& date);
/// nullopt unless it is a date written like that.
std::optional<Date> parse_date(std::string_view text);

/// "mon" to "sun", as in the site file.
std::string_view weekday_text(const std::chrono::weekday& day);
std::optional<std::chrono::weekday> parse_weekday(std::string_view text);

/// The night a time belongs to, on this host's clock. A night is named after the date on which it
/// begins: before noon it is still the night of the day before.
Date night_of(const Timestamp& time);

}  // namespace azekura
