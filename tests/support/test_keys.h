#pragma once

#include "tests/support/random_bytes.h"
#include "vault/recovery_key.h"
#include "vault/secret.h"
#include "vault/signature.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

/// Ids and keys for tests: the same for the same seed, except a recovery key.
namespace azekura::tests {

template <typename Id>
Id id_of(std::uint64_t seed) {
  return Id::from_bytes(random_bytes(seed, Id::kBytes));
}

inline vault::Secret secret_of(std::uint64_t seed) {
  return vault::Secret::copy_of(random_bytes(seed, 32));
}

inline vault::SigningKey signing_key(std::uint64_t seed) {
  return vault::SigningKey{secret_of(seed)};
}

inline vault::RecoveryKey new_recovery_key() {
  return vault::RecoveryKey::generate(vault::random_id<SiteId>());
}

inline bool is_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace azekura::tests
