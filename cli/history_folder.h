#pragma once

#include <string>

namespace azekura::cli {

/// The folder where histories of verifications are kept, made if it is missing: `wanted`; if that
/// is empty $XDG_STATE_HOME/azekura-verify, else for root /var/lib/azekura-verify, else
/// ~/.local/state/azekura-verify. Returns its absolute path. Errors: SystemError, UsageError.
std::string history_folder(const std::string& wanted);

}  // namespace azekura::cli
