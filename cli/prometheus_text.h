#pragma once

#include "cli/site_status.h"

#include <string>

namespace azekura::cli {

/// The status in Prometheus' text format, for the textfile collector of its node exporter.
std::string prometheus_text(const SiteStatus& status);

}  // namespace azekura::cli
