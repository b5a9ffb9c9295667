#include "vault/sealer.h"

#include "core/error.h"
#include "core/ids.h"
#include "tests/support/test_keys.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

namespace azekura::vault {
namespace {

Nonce nonce_of(std::string_view hex) {
  Nonce nonce{};
  std::ranges::copy(from_hex(hex), nonce.begin());
  return nonce;
}

struct Sealed {
  Sealer sealer{Secret::copy_of(Buffer(32, std::byte{5}))};
  Nonce nonce = nonce_of("000102030405060708090a0b");
  Buffer associated = Buffer(20, std::byte{1});
  Buffer plain = Buffer(100, std::byte{0xEE});
  Buffer bytes = sealer.seal(nonce, associated, plain);
};

// McGrew and Viega's GCM submission to NIST, test cases 13 and 16.
TEST_CASE("Sealer: the published AES-256-GCM cases") {
  Sealer zero{Secret{32}};
  CHECK(to_hex(zero.seal(Nonce{}, {}, {})) == "530f8afbc74536b9a963b4f1c4cb738b");

  Sealer sealer{Secret::copy_of(
      from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"))};
  const Buffer plain = from_hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
  const Buffer sealed = sealer.seal(nonce_of("cafebabefacedbaddecaf888"),
                                    from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"), plain);
  CHECK(to_hex(sealed) ==
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b");
}

TEST_CASE("Sealer: opens what it sealed, of any size and as often as asked") {
  Sealer sealer{Secret::random(32)};
  std::uint32_t count = 0;
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 4096U, 1048577U}) {
    CAPTURE(size);
    Nonce nonce{};
    nonce[0] = static_cast<std::byte>(++count);
    const Buffer plain(size, std::byte{0x5A});
    const Buffer sealed = sealer.seal(nonce, as_bytes("about"), plain);
    REQUIRE(sealed.size() == size + kTagBytes);
    CHECK(equal(sealer.open(nonce, as_bytes("about"), sealed, "block 7"), plain));
    Buffer again(size);
    CHECK(sealer.open(nonce, as_bytes("about"), sealed, again));
    CHECK(again == plain);
  }
}

TEST_CASE("Sealer: refuses every changed bit and leaves zero bytes") {
  Sealed made;
  for (std::size_t bit = 0; bit < made.bytes.size() * 8; ++bit) {
    CAPTURE(bit);
    Buffer changed = made.bytes;
    changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    Buffer plain(made.plain.size(), std::byte{0xFF});
    REQUIRE_FALSE(made.sealer.open(made.nonce, made.associated, changed, plain));
    REQUIRE(tests::is_zero(plain));
  }
  Buffer plain(made.plain.size());
  CHECK(made.sealer.open(made.nonce, made.associated, made.bytes, plain));
}

TEST_CASE("Sealer: refuses another key, nonce, associated data or length, and leaves zero bytes") {
  Sealed made;
  Buffer plain(made.plain.size(), std::byte{0xFF});
  SUBCASE("key") {
    Sealer other{Secret::copy_of(Buffer(32, std::byte{6}))};
    CHECK_FALSE(other.open(made.nonce, made.associated, made.bytes, plain));
  }
  SUBCASE("nonce") {
    made.nonce[11] ^= std::byte{1};
    CHECK_FALSE(made.sealer.open(made.nonce, made.associated, made.bytes, plain));
  }
  SUBCASE("associated data") {
    made.associated.pop_back();
    CHECK_FALSE(made.sealer.open(made.nonce, made.associated, made.bytes, plain));
  }
  SUBCASE("no associated data") {
    CHECK_FALSE(made.sealer.open(made.nonce, {}, made.bytes, plain));
  }
  SUBCASE("length") {
    plain.pop_back();
    made.bytes.pop_back();
    CHECK_FALSE(made.sealer.open(made.nonce, made.associated, made.bytes, plain));
  }
  CHECK(tests::is_zero(plain));
}

TEST_CASE("Sealer: bytes that do not open are damage, named") {
  Sealed made;
  made.bytes[3] ^= std::byte{1};
  CHECK_THROWS_WITH_AS(
      static_cast<void>(made.sealer.open(made.nonce, made.associated, made.bytes, "block 7")),
      "block 7 does not open: its bytes are not what was sealed", DamageError);
  CHECK_THROWS_WITH_AS(static_cast<void>(made.sealer.open(
                           made.nonce, {}, ByteView{made.bytes}.first(15), "block 7")),
                       "block 7 does not open: it has 15 bytes, less than a tag", DamageError);
}

TEST_CASE("Sealer: a moved sealer goes on") {
  Sealed made;
  Sealer moved = std::move(made.sealer);
  CHECK(moved.seal(made.nonce, made.associated, made.plain) == made.bytes);
}

TEST_CASE("Sealer: takes keys of 16 and 32 bytes only") {
  CHECK_NOTHROW(Sealer{Secret{16}});
  CHECK_THROWS_AS(Sealer{Secret{24}}, InternalError);
}

}  // namespace
}  // namespace azekura::vault
