#pragma once

#include "core/ids.h"

#include <optional>
#include <string>

namespace azekura::cli {

/// Where the static azekura-restore lies: beside this program, or where it was installed.
std::string restore_program_path();
/// Its SHA-256, for the recovery kit; nullopt if it is not there.
std::optional<Digest> restore_program_digest();
/// A fresh random site id.
SiteId random_site_id();

}  // namespace azekura::cli
