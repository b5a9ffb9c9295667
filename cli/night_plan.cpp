#include "cli/night_plan.h"

#include <algorithm>

namespace azekura::cli {

std::vector<SourceConfig> sources_of_pool(const SiteConfig& config, const std::string& pool) {
  std::vector<SourceConfig> sources;
  for (const SourceConfig& source : config.sources) {
    if (source.pools.empty() ||
        std::find(source.pools.begin(), source.pools.end(), pool) != source.pools.end()) {
      sources.push_back(source);
    }
  }
  return sources;
}

std::vector<SourceConfig> sources_of_night(const SiteConfig& config, const vault::Night& night) {
  return sources_of_pool(config, night.pool);
}

}  // namespace azekura::cli
