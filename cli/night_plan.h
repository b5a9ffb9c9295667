#pragma once

#include "core/calendar.h"
#include "core/site_config.h"
#include "vault/rotation.h"
#include "vault/site.h"

#include <string>
#include <vector>

namespace azekura::cli {

/// The sources that are captured on the nights of a pool.
std::vector<SourceConfig> sources_of_pool(const SiteConfig& config, const std::string& pool);
std::vector<SourceConfig> sources_of_night(const SiteConfig& config, const vault::Night& night);
/// Whether something was captured for the set on this night.
bool is_captured_on(const vault::Site& site, const std::string& set, const Date& night);
/// Whether a session was sealed on an enrolled medium of the set on this night.
bool is_written_on(const vault::Site& site, const std::string& set, const Date& night);

}  // namespace azekura::cli
