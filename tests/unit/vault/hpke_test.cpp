#include "vault/hpke.h"

#include "core/error.h"

#include <doctest/doctest.h>

namespace azekura::vault {
namespace {

constexpr std::string_view kInfo = "4f6465206f6e2061204772656369616e2055726e";
constexpr std::string_view kPlain = "4265617574792069732074727574682c20747275746820626561757479";
constexpr std::string_view kRecipientPrivate =
    "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8";

Secret secret_of(std::string_view hex) { return Secret::copy_of(from_hex(hex)); }

EncapsulatedKey encapsulated_of(std::string_view hex) {
  return EncapsulatedKey::from_bytes(from_hex(hex));
}

// RFC 7748, section 6.1.
TEST_CASE("recipient_key_of: the X25519 keys of RFC 7748") {
  CHECK(recipient_key_of(
            secret_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
            .hex() == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  CHECK(recipient_key_of(
            secret_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
            .hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
}

// RFC 9180, appendix A.1.1, sequence number 0.
TEST_CASE("hpke: RFC 9180's base mode vector with AES-128-GCM") {
  const RecipientKey recipient = recipient_key_of(secret_of(kRecipientPrivate));
  CHECK(recipient.hex() == "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d");
  const HpkeSealed sealed =
      hpke_seal_with(secret_of("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736"),
                     HpkeAead::aes_128_gcm, recipient, from_hex(kInfo), from_hex("436f756e742d30"),
                     from_hex(kPlain));
  CHECK(sealed.encapsulated.hex() ==
        "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431");
  CHECK(
      to_hex(sealed.sealed) ==
      "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a");
  const std::optional<Secret> opened =
      hpke_open(secret_of(kRecipientPrivate), sealed.encapsulated, from_hex(kInfo),
                from_hex("436f756e742d30"), sealed.sealed, HpkeAead::aes_128_gcm);
  REQUIRE(opened.has_value());
  CHECK(to_hex(opened->bytes()) == kPlain);
}

// Sealed by another implementation: the hpke module of pyca/cryptography 48.
TEST_CASE("hpke: opens what another implementation sealed with AES-256-GCM") {
  const std::optional<Secret> opened =
      hpke_open(secret_of(kRecipientPrivate),
                encapsulated_of("3d2c7a88193f8bb99fc8b2835d63eea73db2034412db7f9fbe98c52e8bacc260"),
                from_hex(kInfo), {},
                from_hex("af3c65cbb5da96a8eb18b2662dd0bbd1897b851e0d393d8e3613f2faf0691288"
                         "a1e8d8d804fb05fc34ca0a25f2"));
  REQUIRE(opened.has_value());
  CHECK(to_hex(opened->bytes()) == kPlain);
}

TEST_CASE("hpke: opens with the same key, info and associated data only") {
  const Secret key = Secret::random(32);
  const ByteView info = as_bytes("info");
  const ByteView about = as_bytes("about");
  const HpkeSealed sealed = hpke_seal(recipient_key_of(key), info, about, as_bytes("session key"));
  const std::optional<Secret> opened =
      hpke_open(key, sealed.encapsulated, info, about, sealed.sealed);
  REQUIRE(opened.has_value());
  CHECK(as_text(opened->bytes()) == "session key");

  CHECK_FALSE(hpke_open(Secret::random(32), sealed.encapsulated, info, about, sealed.sealed));
  CHECK_FALSE(hpke_open(key, sealed.encapsulated, about, about, sealed.sealed));
  CHECK_FALSE(hpke_open(key, sealed.encapsulated, info, info, sealed.sealed));
  CHECK_FALSE(
      hpke_open(key, sealed.encapsulated, info, about, sealed.sealed, HpkeAead::aes_128_gcm));
  CHECK_FALSE(hpke_open(key, sealed.encapsulated, info, about, ByteView{sealed.sealed}.first(15)));
  Buffer changed = sealed.sealed;
  changed[0] ^= std::byte{1};
  CHECK_FALSE(hpke_open(key, sealed.encapsulated, info, about, changed));
}

TEST_CASE("hpke: every sealing has a fresh ephemeral key") {
  const RecipientKey recipient = recipient_key_of(Secret::random(32));
  const HpkeSealed first = hpke_seal(recipient, {}, {}, as_bytes("same"));
  const HpkeSealed second = hpke_seal(recipient, {}, {}, as_bytes("same"));
  CHECK(first.encapsulated != second.encapsulated);
  CHECK(first.sealed != second.sealed);
}

// The points of order 1, 2, 4 and 8 (two) on Curve25519; RFC 7748, section 6.1, asks for the check.
TEST_CASE("hpke: refuses low-order points on both sides") {
  constexpr std::string_view kPoints[] = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"};
  for (const std::string_view point : kPoints) {
    CAPTURE(point);
    const auto recipient = RecipientKey::from_bytes(from_hex(point));
    CHECK_THROWS_AS(hpke_seal(recipient, {}, {}, as_bytes("secret")), AuthenticityError);
    CHECK_FALSE(
        hpke_open(Secret::random(32), encapsulated_of(point), {}, {}, Buffer(48, std::byte{0})));
  }
}

}  // namespace
}  // namespace azekura::vault
