#include "chunker/gear_scan.h"

#include "tests/support/gear_form.h"
#include "tests/support/memory_sink.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace azekura::chunker {

namespace {

/// h of every position from the margin on, each summed from its 16 bytes.
std::vector<std::uint16_t> summed_hashes(ByteView bytes, const CutterKey& key) {
  std::vector<std::uint16_t> hashes(bytes.size());
  for (std::size_t i = kGearMargin; i < bytes.size(); ++i) {
    std::uint32_t sum = 0;
    for (std::size_t j = 0; j < kGearWindow; ++j) {
      const auto byte = std::to_integer<unsigned>(bytes[i - j]);
      sum += static_cast<std::uint32_t>(key.low[byte & 15U] ^ key.high[byte >> 4U]) << j;
    }
    hashes[i] = static_cast<std::uint16_t>(sum);
  }
  return hashes;
}

std::vector<std::size_t> candidates(const std::vector<std::uint16_t>& hashes, ScanRange range,
                                    std::uint16_t mask) {
  std::vector<std::size_t> positions;
  for (std::size_t i = range.from; i < range.to; ++i) {
    if ((hashes[i] & mask) == 0) {
      positions.push_back(i);
    }
  }
  return positions;
}

/// What the form finds, each search beginning after the find before it.
std::vector<std::size_t> found_by_form(ByteView bytes, ScanRange range, const GearTable& table,
                                       std::uint16_t mask) {
  std::vector<std::size_t> positions;
  while (true) {
    const std::size_t next = tests::tested_gear_scan()(bytes, range, table, mask);
    if (next == range.to) {
      return positions;
    }
    positions.push_back(next);
    range.from = next + 1;
  }
}

/// Compares over all of the bytes. Returns how many candidates there are.
std::size_t check_all(ByteView bytes, const CutterKey& key, std::uint16_t mask) {
  const ScanRange range{kGearMargin, bytes.size()};
  const std::vector<std::size_t> expected = candidates(summed_hashes(bytes, key), range, mask);
  CHECK(found_by_form(bytes, range, make_gear_table(key), mask) == expected);
  return expected.size();
}

/// The 16 bytes that end with the first candidate of random bytes.
Buffer candidate_window(const CutterKey& key, std::uint16_t mask) {
  const Buffer bytes = tests::random_bytes(77, 40'000);
  const std::vector<std::size_t> positions =
      candidates(summed_hashes(bytes, key), {kGearMargin, bytes.size()}, mask);
  REQUIRE(!positions.empty());
  const ByteView window = ByteView{bytes}.subspan(positions.front() + 1 - kGearWindow, kGearWindow);
  return {window.begin(), window.end()};
}

}  // namespace

TEST_CASE("Gear scan: finds exactly the positions whose summed hash starts with zeros") {
  std::size_t found = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    const CutterKey key = tests::make_cutter_key(seed);
    const Buffer bytes = tests::random_bytes(seed + 1000, 10'000 + seed);
    for (const unsigned bits : {1U, 8U, 10U, 16U}) {
      CAPTURE(bits);
      const std::size_t count = check_all(bytes, key, top_bits(bits));
      found += bits == 10 ? count : 0;
    }
  }
  CHECK(found > 300);  // one position in 1024
}

TEST_CASE("Gear scan: runs of one byte, and bytes that repeat") {
  const CutterKey key = tests::make_cutter_key(5);
  for (unsigned value = 0; value < 256; ++value) {
    CAPTURE(value);
    Buffer bytes(300, static_cast<std::byte>(value));
    const Buffer other = tests::random_bytes(value, 100);
    append(bytes, other);
    check_all(bytes, key, top_bits(2));
  }
  for (std::size_t period = 1; period < 100; ++period) {
    CAPTURE(period);
    const Buffer pattern = tests::random_bytes(period, period);
    Buffer bytes;
    while (bytes.size() < 1000) {
      append(bytes, pattern);
    }
    check_all(bytes, key, top_bits(4));
  }
}

TEST_CASE("Gear scan: values that carry through all 16 bits") {
  CutterKey key;
  const Buffer bytes = tests::random_bytes(3, 5000);
  CHECK(check_all(bytes, key, top_bits(16)) == bytes.size() - kGearMargin);  // all hash to zero
  key.low.fill(0xFFFF);
  CHECK(check_all(bytes, key, top_bits(16)) == 0);  // all hash to one
  CHECK(check_all(bytes, key, top_bits(15)) == bytes.size() - kGearMargin);
  tests::RandomNumbers numbers{9};
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    for (std::size_t nibble = 0; nibble < 16; ++nibble) {
      const std::uint64_t number = numbers.next();
      key.low[nibble] = (number & 1U) != 0 ? 0xFFFF : 0x00FF;
      key.high[nibble] = (number & 2U) != 0 ? 0x8000 : 0x0101;
    }
    check_all(bytes, key, top_bits(4));
  }
}

TEST_CASE("Gear scan: a candidate at every offset of a step") {
  const CutterKey key = tests::make_cutter_key(6);
  const std::uint16_t mask = top_bits(10);
  const Buffer window = candidate_window(key, mask);
  for (std::size_t offset = 0; offset < 200; ++offset) {
    CAPTURE(offset);
    Buffer bytes(kGearMargin + 400, std::byte{0x20});
    std::copy(window.begin(), window.end(),
              bytes.begin() + static_cast<std::ptrdiff_t>(kGearMargin + offset + 1 - kGearWindow));
    CHECK(check_all(bytes, key, mask) >= 1);
    const ScanRange range{kGearMargin, bytes.size()};
    CHECK(tests::tested_gear_scan()(bytes, range, make_gear_table(key), mask) <=
          kGearMargin + offset);
  }
}

TEST_CASE("Gear scan: ranges of every length at every alignment, nothing read beyond the bytes") {
  const CutterKey key = tests::make_cutter_key(8);
  const GearTable table = make_gear_table(key);
  const Buffer source = tests::random_bytes(4, 1000);
  const std::vector<std::uint16_t> hashes = summed_hashes(source, key);
  for (std::size_t from = kGearMargin; from < kGearMargin + 65; ++from) {
    CAPTURE(from);
    for (std::size_t to = from; to <= from + 200; ++to) {
      CAPTURE(to);
      // As much memory as bytes: the address sanitizer sees what lies outside.
      const Buffer bytes{source.begin(), source.begin() + static_cast<std::ptrdiff_t>(to)};
      for (const unsigned bits : {3U, 10U}) {
        const std::uint16_t mask = top_bits(bits);
        const std::vector<std::size_t> expected = candidates(hashes, {from, to}, mask);
        const std::size_t first = expected.empty() ? to : expected.front();
        REQUIRE(tests::tested_gear_scan()(bytes, {from, to}, table, mask) == first);
        // What is after the range does not count.
        REQUIRE(tests::tested_gear_scan()(source, {from, to}, table, mask) == first);
      }
    }
  }
}

TEST_CASE("Gear scan: chooses the fastest form that the machine can run") {
  GearScan fastest = nullptr;
  for (const GearForm form : {GearForm::portable, GearForm::avx2, GearForm::avx512}) {
    if (const GearScan scan = find_gear_scan(form)) {
      fastest = scan;
    }
  }
  CHECK((fastest_gear_scan() == fastest));
}

}  // namespace azekura::chunker
