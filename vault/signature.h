#pragma once

#include "core/bytes.h"
#include "core/ids.h"
#include "vault/secret.h"

#include <string>
#include <string_view>

/// Ed25519 (RFC 8032) under a domain string, from libsodium. docs/format.md, section 4.
namespace azekura::vault {

using PublicSigningKey = FixedId<struct PublicSigningKeyKind, 32>;
using Signature = FixedId<struct SignatureKind, 64>;

/// A signing key, from its 32-byte seed.
class SigningKey {
 public:
  static constexpr std::size_t kSeedBytes = 32;

  explicit SigningKey(const Secret& seed);

  [[nodiscard]] const PublicSigningKey& public_key() const noexcept { return public_key_; }
  /// Signs domain ‖ 0x00 ‖ bytes.
  [[nodiscard]] Signature sign(std::string_view domain, ByteView bytes) const;

 private:
  Secret secret_;
  PublicSigningKey public_key_;
};

[[nodiscard]] bool verify_signature(const PublicSigningKey& key, std::string_view domain,
                                    ByteView bytes, const Signature& signature);

/// What people compare: the first 16 bytes of SHA-256(key) as hex digits in groups of four.
[[nodiscard]] std::string authority_fingerprint(const PublicSigningKey& key);

}  // namespace azekura::vault
