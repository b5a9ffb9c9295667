#pragma once

#include "core/pool_days.h"
#include "core/snapshot.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace azekura {

/// A source of the site file, what it leaves out, and when it is captured.
struct SourceConfig {
  Source source;
  std::vector<std::string> exclude;     ///< trees: patterns as in gitignore(5)
  bool exclude_caches = false;          ///< trees: what lies beside a CACHEDIR.TAG
  std::vector<std::string> pools = {};  ///< on whose nights; empty: of all
  std::chrono::hours rpo{26};  ///< older than this, its newest generation on a medium is an alarm

  bool operator==(const SourceConfig&) const = default;
};

/// How much parity a set's sessions get: `files` for every `members`; no files, no parity.
struct ParityShape {
  unsigned members = 20;
  unsigned files = 2;

  bool operator==(const ParityShape&) const = default;
};

/// A media set of the site file, and where its media are found.
struct SetConfig {
  std::string name;
  std::string folder = {};  ///< empty: on media that are enrolled
  ParityShape parity = {};  ///< its own, else its pool's, else 20+2
  std::string pool = {};    ///< empty if the site has no pools

  bool operator==(const SetConfig&) const = default;
};

/// The sets of one rotation; they take turns in the order of the site file.
struct PoolConfig {
  std::string name;
  PoolDays days;

  bool operator==(const PoolConfig&) const = default;
};

/// Nights on which no medium is brought.
struct HolidayConfig {
  Date first{};
  Date last{};
  std::string name;

  bool operator==(const HolidayConfig&) const = default;
};

struct MediaConfig {
  std::chrono::minutes connected{240};  ///< a medium attached longer is detached by force
  std::chrono::minutes overhang{30};    ///< one left in longer after its work is an alarm

  bool operator==(const MediaConfig&) const = default;
};

/// The site file, `site.toml`: what is backed up, onto what, and when.
struct SiteConfig {
  std::vector<SourceConfig> sources;
  std::vector<SetConfig> sets;
  std::vector<PoolConfig> pools = {};  ///< empty: the site has no schedule
  std::vector<HolidayConfig> holidays = {};
  MediaConfig media = {};
  std::optional<std::uint64_t> spool_limit = {};  ///< bytes of all that waits

  /// Errors: UsageError with the line, what is wrong and what to write, if read_site_file finds a
  /// mistake: the first of them.
  static SiteConfig parse(std::string_view text);

  /// Errors: UsageError, naming the sources or sets there are.
  [[nodiscard]] const SourceConfig& source(std::string_view name) const;
  [[nodiscard]] const SetConfig& set(std::string_view name) const;
  /// Those that are captured on the nights of a pool.
  [[nodiscard]] std::vector<SourceConfig> sources_of_pool(const std::string& pool) const;
};

/// Errors: UsageError if `name` cannot be that of a source or set.
void expect_name(const std::string& name);

/// The site file a new site begins with: comments only.
std::string_view empty_site_file();
/// A table to append to the site file. Errors: UsageError for a text that is not UTF-8.
std::string source_table(const SourceConfig& config);
std::string set_table(const SetConfig& set);
/// Of a pool that has every night. Errors: UsageError if it cannot be called so.
std::string daily_pool_table(const std::string& name);

}  // namespace azekura
