#pragma once

#include "cli/output.h"
#include "vault/medium_register.h"

#include <chrono>
#include <string>

namespace azekura::cli {

/// Waits until a person has pulled the medium that was detached last, and notes in the register
/// how long that took. After `overhang` it says so, again and again.
/// Errors: PolicyError if nobody comes for half a day. A signal ends the waiting, not the run.
void wait_until_pulled(vault::MediumRegister& media, const std::string& name,
                       std::chrono::seconds overhang, Output& output);

}  // namespace azekura::cli
