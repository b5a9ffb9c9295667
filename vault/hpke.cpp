#include "vault/hpke.h"

#include "core/error.h"
#include "vault/hash.h"
#include "vault/sealer.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>

// Names in quotes and their order are RFC 9180's, sections 4, 4.1 and 5.1.
namespace azekura::vault {

namespace {

constexpr std::size_t kX25519Bytes = crypto_scalarmult_BYTES;
static_assert(RecipientKey::kBytes == kX25519Bytes && EncapsulatedKey::kBytes == kX25519Bytes);

using SuiteId = Buffer;

std::array<std::byte, 2> two_bytes(std::size_t value) {
  return {static_cast<std::byte>(value >> 8U), static_cast<std::byte>(value & 0xFFU)};
}

Buffer joined(std::initializer_list<ByteView> parts) {
  Buffer whole;
  for (const ByteView part : parts) {
    append(whole, part);
  }
  return whole;
}

/// DHKEM(X25519, HKDF-SHA256).
SuiteId kem_suite() { return joined({as_bytes("KEM"), two_bytes(0x0020)}); }

/// The KEM above, HKDF-SHA256 and the AEAD.
SuiteId hpke_suite(HpkeAead aead) {
  return joined({as_bytes("HPKE"), two_bytes(0x0020), two_bytes(0x0001),
                 two_bytes(static_cast<std::uint16_t>(aead))});
}

Secret labeled_extract(const SuiteId& suite, ByteView salt, std::string_view label,
                       ByteView input) {
  const Buffer head = joined({as_bytes("HPKE-v1"), suite, as_bytes(label)});
  Secret labeled{head.size() + input.size()};
  std::ranges::copy(head, labeled.mutable_bytes().begin());
  std::ranges::copy(input, labeled.mutable_bytes().subspan(head.size()).begin());
  return hkdf_extract(salt, labeled.bytes());
}

Secret labeled_expand(const SuiteId& suite, const Secret& key, std::string_view label,
                      ByteView info, std::size_t length) {
  const Buffer labeled =
      joined({two_bytes(length), as_bytes("HPKE-v1"), suite, as_bytes(label), info});
  return hkdf_expand(key.bytes(), labeled, length);
}

/// nullopt if the result is all zero: `theirs` is a low-order point and the secret no secret.
std::optional<Secret> diffie_hellman(const Secret& ours, ByteView theirs) {
  AZK_CHECK(ours.size() == kX25519Bytes);
  AZK_CHECK(theirs.size() == kX25519Bytes);
  Secret shared{kX25519Bytes};
  const int result = ::crypto_scalarmult(as_uchar(shared.mutable_bytes()), as_uchar(ours.bytes()),
                                         as_uchar(theirs));
  const Secret zero{kX25519Bytes};
  if (result != 0 || equal_in_constant_time(shared.bytes(), zero.bytes())) {
    return std::nullopt;
  }
  return shared;
}

Secret shared_secret(const Secret& agreed, const EncapsulatedKey& encapsulated,
                     const RecipientKey& recipient) {
  const SuiteId suite = kem_suite();
  const Secret key = labeled_extract(suite, {}, "eae_prk", agreed.bytes());
  const Buffer context = joined({encapsulated.bytes(), recipient.bytes()});
  return labeled_expand(suite, key, "shared_secret", context, kX25519Bytes);
}

/// What the key schedule gives for the first and only message.
struct Message {
  Sealer sealer;
  Nonce nonce;
};

Message message_for(HpkeAead aead, const Secret& shared, ByteView info) {
  constexpr std::array kBaseMode{std::byte{0}};
  const SuiteId suite = hpke_suite(aead);
  const Secret psk_id_hash = labeled_extract(suite, {}, "psk_id_hash", {});
  const Secret info_hash = labeled_extract(suite, {}, "info_hash", info);
  const Buffer context = joined({kBaseMode, psk_id_hash.bytes(), info_hash.bytes()});
  const Secret secret = labeled_extract(suite, shared.bytes(), "secret", {});
  const std::size_t key_size = aead == HpkeAead::aes_128_gcm ? 16 : 32;
  Message message{Sealer{labeled_expand(suite, secret, "key", context, key_size)}, {}};
  const Secret base_nonce = labeled_expand(suite, secret, "base_nonce", context, kNonceBytes);
  std::ranges::copy(base_nonce.bytes(), message.nonce.begin());
  return message;
}

}  // namespace

RecipientKey recipient_key_of(const Secret& private_key) {
  AZK_CHECK(private_key.size() == kX25519Bytes);
  RecipientKey key;
  AZK_CHECK(
      ::crypto_scalarmult_base(as_uchar(key.mutable_bytes()), as_uchar(private_key.bytes())) == 0);
  return key;
}

HpkeSealed hpke_seal(const RecipientKey& recipient, ByteView info, ByteView associated,
                     ByteView plain) {
  return hpke_seal_with(Secret::random(kX25519Bytes), HpkeAead::aes_256_gcm, recipient, info,
                        associated, plain);
}

HpkeSealed hpke_seal_with(const Secret& ephemeral, HpkeAead aead, const RecipientKey& recipient,
                          ByteView info, ByteView associated, ByteView plain) {
  const std::optional<Secret> agreed = diffie_hellman(ephemeral, recipient.bytes());
  if (!agreed) {
    throw AuthenticityError{"recipient key {} is a low-order point: nothing sealed to it is secret",
                            recipient.short_hex()};
  }
  const auto encapsulated = EncapsulatedKey::from_bytes(recipient_key_of(ephemeral).bytes());
  Message message = message_for(aead, shared_secret(*agreed, encapsulated, recipient), info);
  return {encapsulated, message.sealer.seal(message.nonce, associated, plain)};
}

std::optional<Secret> hpke_open(const Secret& private_key, const EncapsulatedKey& encapsulated,
                                ByteView info, ByteView associated, ByteView sealed,
                                HpkeAead aead) {
  const std::optional<Secret> agreed = diffie_hellman(private_key, encapsulated.bytes());
  if (!agreed || sealed.size() < kTagBytes) {
    return std::nullopt;
  }
  const RecipientKey recipient = recipient_key_of(private_key);
  Message message = message_for(aead, shared_secret(*agreed, encapsulated, recipient), info);
  Secret plain{sealed.size() - kTagBytes};
  if (!message.sealer.open(message.nonce, associated, sealed, plain.mutable_bytes())) {
    return std::nullopt;
  }
  return plain;
}

}  // namespace azekura::vault
