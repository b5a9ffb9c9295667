#pragma once

#include "vault/medium_layout.h"

#include <string>

namespace azekura::vault {

/// Replaces all that is on the disk with a GPT of our two partitions.
/// Requires: it has kLaidOutBytesMin. Errors: SystemError; MediumError if it does not give it back.
MediumLayout write_layout(const std::string& device);

}  // namespace azekura::vault
