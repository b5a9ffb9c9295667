#pragma once

#include "core/site_finding.h"
#include "vault/site.h"

#include <vector>

namespace azekura::cli {

/// All that is wrong or doubtful about a site: its site file, and whether what that names is there
/// on this host. Errors: SystemError.
std::vector<SiteFinding> check_site(const vault::Site& site);

}  // namespace azekura::cli
