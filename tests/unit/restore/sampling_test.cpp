#include "restore/sampling.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

namespace azekura::restore {

namespace {

/// The items of a row of `count` that are chosen, by their places.
std::vector<std::uint64_t> choose_from(std::uint64_t count, std::size_t places,
                                       KernelRandom& random) {
  Reservoir reservoir{places};
  std::vector<std::uint64_t> chosen;
  for (std::uint64_t item = 0; item < count; ++item) {
    const std::optional<std::size_t> place = reservoir.place_next(random);
    REQUIRE((!place || *place <= chosen.size()));
    if (place && *place == chosen.size()) {
      chosen.push_back(item);
    } else if (place) {
      chosen[*place] = item;
    }
  }
  return chosen;
}

}  // namespace

TEST_CASE("Sampling: all items are chosen if there are no more than places") {
  KernelRandom random;
  CHECK(choose_from(0, 5, random).empty());
  std::vector<std::uint64_t> all(5);
  std::iota(all.begin(), all.end(), 0U);
  CHECK(choose_from(5, 5, random) == all);
  CHECK(choose_from(5, 50, random) == all);
}

TEST_CASE("Sampling: every item has the same chance, wherever it is in the row") {
  constexpr std::uint64_t kItems = 20;
  constexpr std::size_t kPlaces = 5;
  constexpr int kRows = 20'000;
  KernelRandom random;
  std::vector<int> counts(kItems);
  for (int row = 0; row < kRows; ++row) {
    std::vector<std::uint64_t> chosen = choose_from(kItems, kPlaces, random);
    REQUIRE(chosen.size() == kPlaces);
    std::sort(chosen.begin(), chosen.end());
    REQUIRE(std::adjacent_find(chosen.begin(), chosen.end()) == chosen.end());
    for (const std::uint64_t item : chosen) {
      ++counts[item];
    }
  }
  // 5,000 of each, with a deviation of 61: a good one fails in less than one run of 10^14.
  for (const int count : counts) {
    CHECK(count > 4'500);
    CHECK(count < 5'500);
  }
}

TEST_CASE("Sampling: of a file the beginning and a window anywhere, never beyond its end") {
  KernelRandom random;
  CHECK(sampled_ranges(0, random) == std::vector<ByteRange>{{0, 0}});
  CHECK(sampled_ranges(1, random) == std::vector<ByteRange>{{0, 1}});
  CHECK(sampled_ranges(kSampledWindow, random) == std::vector<ByteRange>{{0, kSampledWindow}});
  constexpr std::uint64_t kSize = 4 * kSampledWindow;
  std::uint64_t first = kSize;
  std::uint64_t last = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::vector<ByteRange> ranges = sampled_ranges(kSize, random);
    REQUIRE(ranges.front().offset == 0);
    const std::uint64_t end = ranges.back().offset + ranges.back().length;
    REQUIRE(end <= kSize);
    if (ranges.size() == 1) {
      REQUIRE(end >= kSampledWindow);
      REQUIRE(end <= kSampledHead + kSampledWindow);
    } else {
      REQUIRE(ranges.size() == 2);
      REQUIRE(ranges.front().length == kSampledHead);
      REQUIRE(ranges.back().length == kSampledWindow);
      REQUIRE(ranges.back().offset > kSampledHead);
    }
    first = std::min(first, end - kSampledWindow);
    last = std::max(last, end);
  }
  // Of 2,000 windows, none near an end: less than once in 10^13 runs.
  CHECK(first < kSize / 64);
  CHECK(last > kSize - kSize / 64);
}

TEST_CASE("Sampling: the numbers of two generators are others") {
  KernelRandom one;
  KernelRandom other;
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 100; ++i) {
    numbers.push_back(one());
    numbers.push_back(other());
  }
  std::sort(numbers.begin(), numbers.end());
  CHECK(std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end());
}

}  // namespace azekura::restore
