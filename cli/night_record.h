#pragma once

#include "core/calendar.h"
#include "vault/site.h"

#include <string>

namespace azekura::cli {

/// Whether something was captured for the set on this night.
bool is_captured_on(const vault::Site& site, const std::string& set, const Date& night);
/// Whether that is on its medium, nothing more waits for it, and it was captured less than half a
/// day ago: not what somebody captured and wrote long before the night's own run.
bool is_done_on(const vault::Site& site, const std::string& set, const Date& night);

}  // namespace azekura::cli
