#pragma once

#include "core/calendar.h"

#include <optional>
#include <string_view>
#include <vector>

namespace azekura {

/// How often a pool's nights come. Of two pools with the same night, the rarer has it.
enum class PoolCycle { day, week, month };

/// The nights of a pool: those of some weekdays, of a month's pool only within a part of the month.
class PoolDays {
 public:
  /// No night at all.
  PoolDays() = default;

  /// Every night, or those of these weekdays.
  static PoolDays daily();
  static PoolDays daily(const std::vector<std::chrono::weekday>& weekdays);
  static PoolDays weekly(const std::chrono::weekday& weekday);
  /// Like "first mon" or "last fri"; nullopt for anything else.
  static std::optional<PoolDays> monthly(std::string_view text);
  /// A day that every month has, 1 to 28; nullopt for any other.
  static std::optional<PoolDays> monthly(unsigned day);

  [[nodiscard]] PoolCycle cycle() const noexcept { return cycle_; }
  [[nodiscard]] bool has(const Date& date) const;
  /// Whether some night is in both.
  [[nodiscard]] bool meets(const PoolDays& other) const;
  /// Whether every weekday of these is a weekday of `others`.
  [[nodiscard]] bool is_within(const std::vector<PoolDays>& others) const;
  [[nodiscard]] bool is_empty() const noexcept { return weekdays_ == 0; }

  bool operator==(const PoolDays&) const = default;

 private:
  PoolCycle cycle_ = PoolCycle::day;
  unsigned weekdays_ = 0;   ///< a bit each, Sunday the lowest
  unsigned first_day_ = 1;  ///< of the month
  unsigned last_day_ = 31;
  bool only_last_ = false;  ///< of these, only those in the last seven days of the month
};

}  // namespace azekura
