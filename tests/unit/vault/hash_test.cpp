#include "vault/hash.h"

#include "core/error.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace azekura::vault {
namespace {

struct Case {
  Buffer key;
  Buffer message;
  std::string_view expected;
};

Buffer text(std::string_view characters) {
  Buffer bytes;
  append(bytes, as_bytes(characters));
  return bytes;
}

Buffer repeated(unsigned value, std::size_t count) {
  return Buffer(count, static_cast<std::byte>(value));
}

Buffer counting(std::size_t count) {
  Buffer bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>(i & 0xFFU);
  }
  return bytes;
}

TEST_CASE("sha256: the examples of FIPS 180-4") {
  CHECK(sha256({}).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256(as_bytes("abc")).hex() ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).hex() ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256(repeated('a', 1'000'000)).hex() ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256_each, Hmac::each: what one gives for each") {
  const Buffer whole = counting(70'000);
  const std::vector<ByteView> messages{ByteView{whole}.first(65'536),
                                       {},
                                       ByteView{whole},
                                       ByteView{whole}.first(1),
                                       ByteView{whole}.last(16'400)};
  std::vector<Digest> digests(messages.size());
  std::vector<Digest> expected(messages.size());
  sha256_each(messages, digests);
  std::transform(messages.begin(), messages.end(), expected.begin(), sha256);
  CHECK(digests == expected);
  for (const std::size_t key_bytes : {32U, 64U, 131U}) {
    CAPTURE(key_bytes);
    Hmac hmac{ByteView{whole}.first(key_bytes)};
    Hmac copy = hmac.clone();
    std::transform(messages.begin(), messages.end(), expected.begin(),
                   [&](ByteView message) { return hmac(message); });
    copy.each(messages, digests);
    CHECK(digests == expected);
  }
  CHECK_THROWS_AS(sha256_each(messages, {}), InternalError);
}

TEST_CASE("Sha256: parts give the digest of the whole, and finish starts anew") {
  const Buffer whole = counting(1000);
  Sha256 hash;
  for (const std::size_t step : {1U, 63U, 64U, 65U, 999U}) {
    CAPTURE(step);
    for (std::size_t at = 0; at < whole.size(); at += step) {
      hash.update(ByteView{whole}.subspan(at, std::min(step, whole.size() - at)));
    }
    CHECK(hash.finish() == sha256(whole));
  }
  CHECK(hash.finish() == sha256({}));
  Sha256 moved = std::move(hash);
  CHECK(moved.update(as_bytes("abc")).finish() == sha256(as_bytes("abc")));
}

// RFC 4231, cases 1 to 4, 6 and 7 (5 is a truncation).
TEST_CASE("Hmac: the cases of RFC 4231") {
  const Case cases[] = {
      {repeated(0x0b, 20), text("Hi There"),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {text("Jefe"), text("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {repeated(0xaa, 20), repeated(0xdd, 50),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), repeated(0xcd, 50),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {repeated(0xaa, 131), text("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {repeated(0xaa, 131),
       text("This is a test using a larger than block-size key and a larger than block-size data. "
            "The key needs to be hashed before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const Case& known : cases) {
    CAPTURE(known.expected);
    Hmac hmac{known.key};
    CHECK(hmac(known.message).hex() == known.expected);
    CHECK(hmac(known.message).hex() == known.expected);
  }
}

TEST_CASE("Hmac: a clone gives the same, and lives on its own") {
  const Buffer message = text("what do ya want for nothing?");
  Hmac original{text("Jefe")};
  const Digest expected = original(message);
  Hmac clone = original.clone();
  original = Hmac{text("another key")};
  CHECK(clone(message) == expected);
  CHECK(original(message) != expected);
}

TEST_CASE("Hmac: takes an empty key and an empty message") {
  CHECK(Hmac{ByteView{}}(ByteView{}).hex() ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("hkdf: cases 1 and 3 of RFC 5869") {
  const Buffer input = repeated(0x0b, 22);
  const Secret key = hkdf_extract(from_hex("000102030405060708090a0b0c"), input);
  CHECK(to_hex(key.bytes()) == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  const Secret output = hkdf_expand(key.bytes(), from_hex("f0f1f2f3f4f5f6f7f8f9"), 42);
  CHECK(to_hex(output.bytes()) ==
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");

  const Secret no_salt = hkdf_extract({}, input);
  CHECK(to_hex(no_salt.bytes()) ==
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04");
  CHECK(equal(no_salt.bytes(), hkdf_extract(repeated(0, 32), input).bytes()));
  CHECK(to_hex(hkdf_expand(no_salt.bytes(), {}, 42).bytes()) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST_CASE("hkdf: takes an empty input, a long info and the longest output") {
  CHECK(to_hex(hkdf_extract({}, {}).bytes()) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  const Secret longest = hkdf_expand(counting(32), repeated(0, 5000), 8160);
  CHECK(longest.size() == 8160);
  CHECK(to_hex(longest.bytes().last(8)) == "af8832cb96fbe0e4");
  CHECK_THROWS_AS(hkdf_expand(counting(32), {}, 8161), InternalError);
}

// Expected bytes computed with Python's hmac module.
TEST_CASE("derive: expands label, a zero byte and context") {
  const Secret key = Secret::copy_of(counting(32));
  CHECK(to_hex(derive(key, "azekura test", as_bytes("ctx"), 40).bytes()) ==
        "7163b3967c3c7f2f676fea67608c3a5f4acb50104433ad5f03cdb27b654f1d53d15a91c59fba19af");
  const Secret split = derive(key, "azekura", as_bytes(" testctx"), 40);
  CHECK(to_hex(split.bytes()).substr(0, 8) != "7163b396");
}

}  // namespace
}  // namespace azekura::vault
