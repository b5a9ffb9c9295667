#include "vault/sha256_lanes.h"

#include "tests/support/random_bytes.h"
#include "vault/hash.h"

#include <doctest/doctest.h>

#include <vector>

namespace azekura::vault {
namespace {

/// The first bytes of one random text, for each length.
std::vector<ByteView> prefixes(const Buffer& text, const std::vector<std::size_t>& lengths) {
  std::vector<ByteView> views;
  for (const std::size_t length : lengths) {
    views.push_back(ByteView{text}.first(length));
  }
  return views;
}

void check_against_openssl(const std::vector<ByteView>& messages) {
  std::vector<Digest> digests(messages.size());
  hash_in_lanes(kSha256Start, 0, messages, digests);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    CAPTURE(i);
    CAPTURE(messages[i].size());
    CHECK(digests[i] == sha256(messages[i]));
  }
}

TEST_SUITE("sha256 in lanes") {
  TEST_CASE("every length about the ends of blocks, beside every other") {
    const Buffer text = tests::random_bytes(1, 200);
    for (std::size_t one = 0; one <= text.size(); ++one) {
      for (const std::size_t other : {0U, 1U, 55U, 56U, 63U, 64U, 65U, 119U, 120U, 128U, 200U}) {
        check_against_openssl(prefixes(text, {one, other}));
        check_against_openssl(prefixes(text, {other, one}));
      }
    }
  }

  TEST_CASE("any number of messages, each in its place") {
    const Buffer text = tests::random_bytes(2, 100'000);
    check_against_openssl({});
    check_against_openssl(prefixes(text, {65'536}));
    check_against_openssl(prefixes(text, {65'536, 65'536, 65'536}));
    check_against_openssl(prefixes(text, {100'000, 1, 2, 3, 4, 5, 6, 7, 70'000, 0, 64}));
    check_against_openssl(prefixes(text, {0, 0, 0, 99'999, 16'384, 16'385, 61'440}));
  }

  TEST_CASE("a message goes on where its first blocks ended") {
    const Buffer text = tests::random_bytes(3, 64 * 3 + 17);
    Sha256Lane lane{.next = text.data()};
    compress_one(lane, 2);
    CHECK(lane.next == text.data() + 128);
    Digest digest;
    const ByteView rest = ByteView{text}.subspan(128);
    hash_in_lanes(lane.words, 2, {&rest, 1}, {&digest, 1});
    CHECK(digest == sha256(text));
  }
}

}  // namespace
}  // namespace azekura::vault
