#pragma once

#include "core/bytes.h"
#include "core/ids.h"
#include "vault/sha256_kernel.h"

#include <cstdint>
#include <span>

namespace azekura::vault {

/// The SHA-256 (FIPS 180-4, section 6.2) of messages that all began alike: with `begun` whole
/// blocks, which made `start`. Two are on their way at a time. digests[i] is of messages[i].
/// Requires: has_sha_instructions(); as many digests as messages, and in other memory.
void hash_in_lanes(const Sha256Words& start, std::uint64_t begun,
                   std::span<const ByteView> messages, std::span<Digest> digests) noexcept;

}  // namespace azekura::vault
