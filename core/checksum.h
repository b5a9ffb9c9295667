#pragma once

#include "core/bytes.h"

#include <cstdint>

namespace azekura {

/// XXH3-64 for journals and in-memory checks; never an identity.
std::uint64_t checksum(ByteView bytes) noexcept;

/// XXH3-64 of `bytes` with a 192-byte secret. Requires: secret.size() >= 136.
/// Source: xxHash 0.8.1, XXH3_64bits_withSecret.
std::uint64_t keyed_checksum(ByteView bytes, ByteView secret) noexcept;

}  // namespace azekura
