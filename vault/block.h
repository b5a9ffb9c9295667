#pragma once

#include "vault/pack_writer.h"

namespace azekura::vault {

/// Replaces a block's plain payload by its compressed form if that is smaller, and expands it
/// again to compare: what a faulty memory or library spoils must not count as stored.
/// Errors: InternalError if the round trip fails.
void compress_block(PreparedBlock& block);

}  // namespace azekura::vault
