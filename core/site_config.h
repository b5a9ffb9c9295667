#pragma once

#include "core/snapshot.h"

#include <string>
#include <vector>

namespace azekura {

/// A source of the site file, and what it leaves out.
struct SourceConfig {
  Source source;
  std::vector<std::string> exclude;  ///< trees: patterns as in gitignore(5)
  bool exclude_caches = false;       ///< trees: what lies beside a CACHEDIR.TAG

  bool operator==(const SourceConfig&) const = default;
};

/// How much parity a set's sessions get: `files` for every `members`; no files, no parity.
struct ParityShape {
  unsigned members = 20;
  unsigned files = 2;

  bool operator==(const ParityShape&) const = default;
};

/// A media set of the site file and where its medium is found.
struct SetConfig {
  std::string name;
  std::string folder;
  ParityShape parity = {};

  bool operator==(const SetConfig&) const = default;
};

/// The site file, `site.toml`: what is backed up, and onto what.
struct SiteConfig {
  std::vector<SourceConfig> sources;
  std::vector<SetConfig> sets;

  /// Errors: UsageError with the line and what is wrong.
  static SiteConfig parse(std::string_view text);

  /// Errors: UsageError, naming the sources or sets there are.
  [[nodiscard]] const SourceConfig& source(std::string_view name) const;
  [[nodiscard]] const SetConfig& set(std::string_view name) const;
};

/// Errors: UsageError if `name` cannot be that of a source or set.
void expect_name(const std::string& name);

/// The site file a new site begins with: comments only.
std::string_view empty_site_file();
/// A table to append to the site file. Errors: UsageError for a text that is not UTF-8.
std::string source_table(const SourceConfig& config);
std::string set_table(const SetConfig& set);

}  // namespace azekura
