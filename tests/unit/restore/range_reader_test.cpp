#include "restore/range_reader.h"

#include "core/error.h"
#include "tests/support/memory_extents.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

namespace azekura::restore {

namespace {

Buffer part_of(const Buffer& whole, const ByteRange& range) {
  const auto first = whole.begin() + static_cast<std::ptrdiff_t>(range.offset);
  return {first, first + static_cast<std::ptrdiff_t>(range.length)};
}

constexpr Extent gap(ExtentKind kind, std::uint64_t length) { return {kind, length, {}, {}}; }

}  // namespace

TEST_CASE("Range reader: any range of small extents, holes and zeros") {
  tests::MemoryExtents vault;
  Buffer wanted = tests::random_bytes(1, 10'000);
  std::vector<Extent> extents = vault.store(wanted).extents;
  extents.push_back(gap(ExtentKind::hole, 3000));
  extents.push_back(gap(ExtentKind::zero, 5));
  wanted.insert(wanted.end(), 3005, std::byte{0});
  const Buffer end = tests::random_bytes(2, 5000);
  for (const Extent& extent : vault.store(end).extents) {
    extents.push_back(extent);
  }
  append(wanted, end);
  tests::RandomNumbers random{3};
  for (int i = 0; i < 500; ++i) {
    ByteRange range{random.next() % wanted.size(), 0};
    range.length = random.next() % (wanted.size() - range.offset + 1);
    REQUIRE(read_range(vault, extents, range) == part_of(wanted, range));
  }
  CHECK(read_range(vault, extents, {0, wanted.size()}) == wanted);
  CHECK(read_range(vault, {}, {0, 0}).empty());
}

TEST_CASE("Range reader: of a long extent only the chunks that are needed are fetched") {
  tests::MemoryExtents vault{kGiB, kGiB};
  const Buffer wanted = tests::random_bytes(1, 3 * kMiB);
  const std::vector<Extent> extents = vault.store(wanted).extents;
  REQUIRE(extents.size() == 1);
  const ByteRange range{2 * kMiB + 17, 2500};
  CHECK(read_range(vault, extents, range) == part_of(wanted, range));
  CHECK(vault.fetches().back().size() <= 4);  // chunks of 1,000 bytes
}

TEST_CASE("Range reader: damage is an error only where it is wanted") {
  tests::MemoryExtents vault{kGiB, kGiB};
  const Buffer wanted = tests::random_bytes(1, 3 * kMiB);
  const std::vector<Extent> extents = vault.store(wanted).extents;
  vault.damage(Position{0, 2 * kMiB});
  const ByteRange intact{0, kMiB};
  CHECK(read_range(vault, extents, intact) == part_of(wanted, intact));
  CHECK_THROWS_AS(read_range(vault, extents, {2 * kMiB, 1}), Error);
}

}  // namespace azekura::restore
