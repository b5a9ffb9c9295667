#pragma once

#include "core/site_config.h"
#include "vault/rotation.h"

#include <string>
#include <vector>

namespace azekura::cli {

/// The sources that are captured on the nights of a pool.
std::vector<SourceConfig> sources_of_pool(const SiteConfig& config, const std::string& pool);
std::vector<SourceConfig> sources_of_night(const SiteConfig& config, const vault::Night& night);

}  // namespace azekura::cli
