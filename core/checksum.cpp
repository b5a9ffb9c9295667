#include "core/checksum.h"

#include <xxhash.h>

namespace azekura {

std::uint64_t checksum(ByteView bytes) noexcept { return XXH3_64bits(bytes.data(), bytes.size()); }

std::uint64_t keyed_checksum(ByteView bytes, ByteView secret) noexcept {
  return XXH3_64bits_withSecret(bytes.data(), bytes.size(), secret.data(), secret.size());
}

}  // namespace azekura
