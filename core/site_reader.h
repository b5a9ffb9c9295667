#pragma once

#include "core/site_config.h"
#include "core/site_finding.h"

#include <string_view>
#include <vector>

namespace azekura {

struct SiteReading {
  SiteConfig config;                  ///< where there are mistakes, what could be read
  std::vector<SiteFinding> findings;  ///< by rising line
};

/// Reads a site file and finds every mistake in it, but that what is no TOML is not read beyond
/// its first. Never fails.
SiteReading read_site_file(std::string_view text);

}  // namespace azekura
