#pragma once

#include "core/bytes.h"
#include "core/ids.h"
#include "vault/secret.h"

#include <optional>

/// HPKE base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-GCM. Source: RFC 9180.
namespace azekura::vault {

using RecipientKey = FixedId<struct RecipientKeyKind, 32>;  ///< X25519 public key
using EncapsulatedKey = FixedId<struct EncapsulatedKeyKind, 32>;

/// AEAD identifiers of RFC 9180, section 7.3. The format uses aes_256_gcm only; aes_128_gcm is
/// here for the RFC's published vectors.
enum class HpkeAead : std::uint16_t { aes_128_gcm = 1, aes_256_gcm = 2 };

struct HpkeSealed {
  EncapsulatedKey encapsulated;
  Buffer sealed;  ///< ciphertext and tag
};

RecipientKey recipient_key_of(const Secret& private_key);

/// Seals `plain` to `recipient` with a fresh ephemeral key.
/// Errors: AuthenticityError if `recipient` is a low-order point.
HpkeSealed hpke_seal(const RecipientKey& recipient, ByteView info, ByteView associated,
                     ByteView plain);

/// The same with a given ephemeral private key and AEAD; for test vectors.
HpkeSealed hpke_seal_with(const Secret& ephemeral, HpkeAead aead, const RecipientKey& recipient,
                          ByteView info, ByteView associated, ByteView plain);

/// nullopt if it was not sealed to this key with this info and associated data.
std::optional<Secret> hpke_open(const Secret& private_key, const EncapsulatedKey& encapsulated,
                                ByteView info, ByteView associated, ByteView sealed,
                                HpkeAead aead = HpkeAead::aes_256_gcm);

}  // namespace azekura::vault
