#pragma once

#include "core/calendar.h"
#include "vault/site.h"

#include <string>

namespace azekura::cli {

/// Whether something was captured for the set on this night.
bool is_captured_on(const vault::Site& site, const std::string& set, const Date& night);
/// Whether a session was sealed on an enrolled medium of the set on this night.
bool is_written_on(const vault::Site& site, const std::string& set, const Date& night);

}  // namespace azekura::cli
