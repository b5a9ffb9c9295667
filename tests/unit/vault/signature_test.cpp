#include "vault/signature.h"

#include "core/error.h"

#include <doctest/doctest.h>
#include <sodium.h>

namespace azekura::vault {
namespace {

struct Known {
  std::string_view seed;
  std::string_view public_key;
  std::string_view message;
  std::string_view signature;
};

// RFC 8032, section 7.1, tests 1 to 3.
constexpr Known kKnown[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

SigningKey key_of(std::string_view seed_hex) {
  return SigningKey{Secret::copy_of(from_hex(seed_hex))};
}

// Ours always signs a domain and a zero byte in front, which the RFC's messages have not: the
// library is held to the RFC, and ours to the library.
TEST_CASE("SigningKey: public keys of RFC 8032, and its signatures by the same library") {
  for (const Known& known : kKnown) {
    CAPTURE(known.seed);
    CHECK(key_of(known.seed).public_key().hex() == known.public_key);
    Buffer secret = from_hex(known.seed);
    append(secret, from_hex(known.public_key));
    const Buffer message = from_hex(known.message);
    Signature signature;
    REQUIRE(::crypto_sign_detached(as_uchar(signature.mutable_bytes()), nullptr,
                                   as_uchar(ByteView{message}), message.size(),
                                   as_uchar(ByteView{secret})) == 0);
    CHECK(signature.hex() == known.signature);
  }
}

TEST_CASE("SigningKey: signs the domain, a zero byte and the bytes") {
  const Known& known = kKnown[1];
  Buffer secret = from_hex(known.seed);
  append(secret, from_hex(known.public_key));
  const std::string_view message{"azekura seal v1\0body", 20};
  Signature expected;
  REQUIRE(::crypto_sign_detached(as_uchar(expected.mutable_bytes()), nullptr,
                                 as_uchar(as_bytes(message)), message.size(),
                                 as_uchar(ByteView{secret})) == 0);
  CHECK(key_of(known.seed).sign("azekura seal v1", as_bytes("body")) == expected);
}

TEST_CASE("verify_signature: accepts what was signed and nothing else") {
  const SigningKey key{Secret::random(SigningKey::kSeedBytes)};
  const Signature signature = key.sign("azekura seal v1", as_bytes("body"));
  CHECK(verify_signature(key.public_key(), "azekura seal v1", as_bytes("body"), signature));
  CHECK_FALSE(verify_signature(key.public_key(), "azekura label v1", as_bytes("body"), signature));
  CHECK_FALSE(verify_signature(key.public_key(), "azekura seal v1", as_bytes("bodY"), signature));
  CHECK_FALSE(verify_signature(key.public_key(), "azekura seal v1", {}, signature));
  const SigningKey other{Secret::random(SigningKey::kSeedBytes)};
  CHECK_FALSE(verify_signature(other.public_key(), "azekura seal v1", as_bytes("body"), signature));
  for (std::size_t bit = 0; bit < Signature::kBytes * 8; ++bit) {
    CAPTURE(bit);
    Signature changed = signature;
    changed.mutable_bytes()[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    CHECK_FALSE(verify_signature(key.public_key(), "azekura seal v1", as_bytes("body"), changed));
  }
}

// With the point of order 1 as key, R = that point and s = 0 fit every message in the equation.
TEST_CASE("verify_signature: refuses a low-order key") {
  PublicSigningKey key;
  key.mutable_bytes()[0] = std::byte{1};
  Signature signature;
  signature.mutable_bytes()[0] = std::byte{1};
  CHECK_FALSE(verify_signature(key, "azekura seal v1", as_bytes("body"), signature));
}

TEST_CASE("SigningKey: bytes cannot move over the border of the domain") {
  const SigningKey key{Secret::random(SigningKey::kSeedBytes)};
  const Signature signature = key.sign("azekura", as_bytes("seal"));
  CHECK_FALSE(verify_signature(key.public_key(), "azekuras", as_bytes("eal"), signature));
  const std::string_view with_zero{"a\0b", 3};
  CHECK_THROWS_AS(static_cast<void>(key.sign(with_zero, {})), InternalError);
}

// SHA-256 of the key computed with Python's hashlib.
TEST_CASE("authority_fingerprint: 32 digits in groups of four") {
  const auto key = PublicSigningKey::from_bytes(from_hex(kKnown[0].public_key));
  CHECK(authority_fingerprint(key) == "21fe 31df a154 a261 626b f854 046f d227");
}

}  // namespace
}  // namespace azekura::vault
