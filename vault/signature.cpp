#include "vault/signature.h"

#include "core/error.h"
#include "vault/hash.h"

#include <sodium.h>

namespace azekura::vault {

namespace {

static_assert(SigningKey::kSeedBytes == crypto_sign_SEEDBYTES);
static_assert(PublicSigningKey::kBytes == crypto_sign_PUBLICKEYBYTES);
static_assert(Signature::kBytes == crypto_sign_BYTES);

/// domain ‖ 0x00 ‖ bytes; a domain has no zero byte, so no two pairs give the same message.
Buffer message_of(std::string_view domain, ByteView bytes) {
  AZK_CHECK(domain.find('\0') == std::string_view::npos);
  Buffer message;
  message.reserve(domain.size() + 1 + bytes.size());
  append(message, as_bytes(domain));
  message.push_back(std::byte{0});
  append(message, bytes);
  return message;
}

}  // namespace

SigningKey::SigningKey(const Secret& seed) : secret_{crypto_sign_SECRETKEYBYTES} {
  AZK_CHECK(seed.size() == kSeedBytes);
  AZK_CHECK(::crypto_sign_seed_keypair(as_uchar(public_key_.mutable_bytes()),
                                       as_uchar(secret_.mutable_bytes()),
                                       as_uchar(seed.bytes())) == 0);
}

Signature SigningKey::sign(std::string_view domain, ByteView bytes) const {
  const Buffer message = message_of(domain, bytes);
  Signature signature;
  AZK_CHECK(::crypto_sign_detached(as_uchar(signature.mutable_bytes()), nullptr,
                                   as_uchar(ByteView{message}), message.size(),
                                   as_uchar(secret_.bytes())) == 0);
  return signature;
}

// Works before sodium_init: verification draws no random bytes and has one implementation.
bool verify_signature(const PublicSigningKey& key, std::string_view domain, ByteView bytes,
                      const Signature& signature) {
  const Buffer message = message_of(domain, bytes);
  return ::crypto_sign_verify_detached(as_uchar(signature.bytes()), as_uchar(ByteView{message}),
                                       message.size(), as_uchar(key.bytes())) == 0;
}

std::string authority_fingerprint(const PublicSigningKey& key) {
  constexpr std::size_t kShownDigits = 32;
  constexpr std::size_t kGroupDigits = 4;
  const std::string digits = sha256(key.bytes()).hex().substr(0, kShownDigits);
  std::string fingerprint;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && i % kGroupDigits == 0) {
      fingerprint.push_back(' ');
    }
    fingerprint.push_back(digits[i]);
  }
  return fingerprint;
}

}  // namespace azekura::vault
