#pragma once

#include "cli/output.h"
#include "vault/connection.h"

#include <string>

namespace azekura::cli {

/// docs/json.md, "Media", event `connection`. `key` is what says whose it is: name or medium.
Json connection_object(const std::string& key, const std::string& whose,
                       const vault::Connection& connection);

}  // namespace azekura::cli
