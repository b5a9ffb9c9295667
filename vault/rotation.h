#pragma once

#include "core/calendar.h"
#include "core/site_config.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace azekura::vault {

/// What is done on one night.
struct Night {
  Date date{};
  /// Whose medium is brought; nobody brings one on a holiday, or if no pool has this night.
  std::optional<std::string> medium_of_set;
  /// The set that is captured for: that one, else the one whose medium is brought next, so that it
  /// gets all it lacks in one go.
  std::string captured_for;
  std::string pool;                  ///< of the set that is captured for
  std::string holiday;               ///< empty: none
  std::vector<std::string> sources;  ///< that are captured: those of this pool

  bool operator==(const Night&) const = default;
};

/// The schedule: a function of the site file and the date alone, so that what was printed stays
/// true as long as the site file does.
///
/// Of the pools that have a night, a month's goes before a week's before a day's. The sets of a
/// pool take turns over the nights it had since 2026-01-05: a night that was a holiday, or another
/// pool's, passes no set over.
/// Errors: UsageError if the site has no pools.
std::vector<Night> nights(const SiteConfig& config, const Date& from, std::size_t count);
Night night(const SiteConfig& config, const Date& date);

}  // namespace azekura::vault
