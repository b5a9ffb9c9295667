#include "restore/extent_plan.h"

#include "core/error.h"
#include "core/limits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

namespace azekura::restore {

TEST_CASE("Extent plan: batches are in medium order, complete and cut between packs") {
  constexpr std::uint32_t kExtents = 100'000;
  constexpr std::uint32_t kPacks = 50;
  std::mt19937 random{1};
  ExtentPlan plan;
  for (std::uint32_t file = 0; file < kExtents; ++file) {
    const Position position{static_cast<std::uint32_t>(random()) % kPacks,
                            static_cast<std::uint32_t>(random()) % 1'000'000};
    const std::vector<Extent> extents{{ExtentKind::hole, 10, {}, {}},
                                      {ExtentKind::data, 5, position, {}}};
    CHECK(plan.add(file, extents, 15) == 1);
  }
  plan.sort();
  std::vector<PlannedExtent> all;
  int batches = 0;
  for (auto batch = plan.next_batch(); !batch.empty(); batch = plan.next_batch()) {
    CHECK((all.empty() || all.back().wanted.position.pack < batch.front().wanted.position.pack));
    all.insert(all.end(), batch.begin(), batch.end());
    ++batches;
  }
  CHECK(batches > 1);
  CHECK(all.size() == kExtents);
  CHECK(std::is_sorted(all.begin(), all.end(), [](const PlannedExtent& a, const PlannedExtent& b) {
    return a.wanted.position < b.wanted.position;
  }));
  CHECK(std::all_of(all.begin(), all.end(),
                    [](const PlannedExtent& extent) { return extent.offset == 10; }));
  plan.clear();
  CHECK(plan.size() == 0);
}

TEST_CASE("Extent plan: extents of another size than the file are damage and add nothing") {
  ExtentPlan plan;
  const Extent data{ExtentKind::data, 5, {1, 2}, {}};
  CHECK_THROWS_AS(plan.add(0, std::vector<Extent>{data}, 6), DamageError);
  CHECK_THROWS_AS(plan.add(0, std::vector<Extent>{data, data}, 5), DamageError);
  const Extent huge{ExtentKind::data, limits::kPackPlainMax + 1, {1, 2}, {}};
  CHECK_THROWS_AS(plan.add(0, std::vector<Extent>{data, huge}, 5 + huge.length), DamageError);
  const Extent hole{ExtentKind::hole, limits::kFileBytesMax, {}, {}};
  CHECK_THROWS_AS(plan.add(0, std::vector<Extent>{hole, hole}, 0), DamageError);
  CHECK(plan.size() == 0);
}

}  // namespace azekura::restore
