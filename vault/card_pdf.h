#pragma once

#include "vault/medium_card.h"

#include <string>

namespace azekura::vault {

/// Writes the sticker to `path` as a PDF of one page of its size, all fonts embedded; a file that
/// is there is replaced.
///
/// Errors: UsageError if this machine has no font for the text; SystemError.
void write_pdf(const MediumCard& card, const std::string& path);

}  // namespace azekura::vault
