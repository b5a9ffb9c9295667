#pragma once

#include "core/site_config.h"
#include "core/site_finding.h"

#include <string_view>
#include <vector>

namespace azekura {

struct SiteReading {
  SiteConfig config;                  ///< where there are mistakes, what could be read
  std::vector<SiteFinding> findings;  ///< by rising line
  bool is_toml = true;                ///< else the findings are syntax_mistakes(): no more is known
};

/// Reads a site file and finds every mistake in it. Never fails.
SiteReading read_site_file(std::string_view text);

}  // namespace azekura
