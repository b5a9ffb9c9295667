#pragma once

#include "core/site_config.h"
#include "core/site_finding.h"

#include <vector>

namespace azekura {

/// A table of the site file and the line it begins on.
template <typename Item>
struct Placed {
  Item item;
  unsigned line = 0;
};

struct PlacedTables {
  std::vector<Placed<SourceConfig>> sources;
  std::vector<Placed<SetConfig>> sets;
  std::vector<Placed<PoolConfig>> pools;
};

/// What must hold between the tables of a site file: every name is there once, every source has
/// nights, every night one pool, every pool sets. Returns what does not.
std::vector<SiteFinding> check_site_rules(const PlacedTables& tables);

}  // namespace azekura
