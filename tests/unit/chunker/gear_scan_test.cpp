#include "chunker/gear_scan.h"

#include "tests/support/memory_sink.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

namespace azekura::chunker {

namespace {

/// h(position) summed from its 16 bytes.
std::uint16_t hash_at(ByteView bytes, std::size_t position, const CutterKey& key) {
  std::uint32_t sum = 0;
  for (std::size_t j = 0; j < 16; ++j) {
    const auto byte = std::to_integer<unsigned>(bytes[position - j]);
    sum += static_cast<std::uint32_t>(key.low[byte & 15U] ^ key.high[byte >> 4U]) << j;
  }
  return static_cast<std::uint16_t>(sum);
}

}  // namespace

TEST_CASE("Gear scan: finds exactly the positions whose summed hash starts with zeros") {
  const CutterKey key = tests::make_cutter_key(4);
  const GearTable table = make_gear_table(key);
  const Buffer data = tests::random_bytes(8, 40'000);
  for (const unsigned bits : {8U, 10U}) {
    CAPTURE(bits);
    std::size_t found = 0;
    std::size_t next = find_candidate(data, {15, data.size()}, table, top_bits(bits));
    for (std::size_t i = 15; i < data.size(); ++i) {
      CAPTURE(i);
      const bool is_candidate = hash_at(data, i, key) >> (16U - bits) == 0;
      REQUIRE((i == next) == is_candidate);
      if (is_candidate) {
        ++found;
        next = find_candidate(data, {i + 1, data.size()}, table, top_bits(bits));
      }
    }
    CHECK(next == data.size());
    CHECK(found > 10);
  }
}

TEST_CASE("Gear scan: an empty range has no candidate") {
  const GearTable table{};  // every position hashes to zero
  const Buffer data(100, std::byte{0});
  CHECK(find_candidate(data, {50, 50}, table, top_bits(10)) == 50);
  CHECK(find_candidate(data, {15, 100}, table, top_bits(10)) == 15);
}

}  // namespace azekura::chunker
