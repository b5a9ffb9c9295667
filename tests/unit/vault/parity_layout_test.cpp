#include "vault/parity_layout.h"

#include "core/error.h"
#include "core/limits.h"
#include "tests/support/random_bytes.h"
#include "vault/pack_format.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace azekura::vault {

namespace {

std::uint64_t leaves_of(const PackInfo& pack) {
  return leaf_count(pack_data_bytes(pack.file_bytes));
}

PackInfo pack_of(std::uint32_t number, std::uint64_t data_bytes) {
  return {number, 1, pack_file_bytes(data_bytes), {}};
}

/// A pack of so many leaves, the last of them short.
PackInfo pack_of_leaves(std::uint32_t number, std::uint64_t leaves) {
  return pack_of(number, std::max(leaves * limits::kLeafBytes - 4096, limits::kPackDataMin));
}

/// Packs of a session by rising number, with gaps between the numbers, and those of trees of them.
struct TestPacks {
  std::vector<PackInfo> all;
  std::vector<std::uint32_t> trees;
  std::uint64_t leaves = 0;
  std::uint64_t longest_tree = 0;

  void add(tests::RandomNumbers& numbers, std::uint64_t data_bytes, bool is_tree) {
    const std::uint32_t last = all.empty() ? 0 : all.back().number;
    all.push_back(pack_of(last + 1 + static_cast<std::uint32_t>(numbers.next() % 3), data_bytes));
    leaves += leaves_of(all.back());
    if (is_tree) {
      trees.push_back(all.back().number);
      longest_tree = std::max(longest_tree, leaves_of(all.back()));
    }
  }
};

/// Data packs of up to `data_max`, tree packs of up to `tree_max` in between.
TestPacks random_packs(std::uint64_t seed, std::uint64_t count, std::uint64_t data_max,
                       std::uint64_t tree_max) {
  tests::RandomNumbers numbers{seed};
  TestPacks packs;
  for (std::uint64_t i = 0; i < count; ++i) {
    const bool is_tree = numbers.next() % 4 == 0;
    const std::uint64_t max = is_tree ? tree_max : data_max;
    const bool is_full = !is_tree && numbers.next() % 2 == 0;
    packs.add(
        numbers,
        is_full ? max : limits::kPackDataMin + numbers.next() % (max - limits::kPackDataMin + 1),
        is_tree);
  }
  return packs;
}

void check_layout(const ParityLayout& layout, const std::vector<PackInfo>& packs) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  std::uint64_t stripes_before = 0;
  std::uint64_t leaves_before = 0;
  for (const LeafRow& row : layout.rows) {
    for (std::uint64_t place = 0; place < row.leaves(); ++place) {
      const LeafRow::Leaf leaf = row.at(place);
      REQUIRE(seen.emplace(leaf.pack.number, leaf.index).second);
      REQUIRE(leaf.index < leaves_of(leaf.pack));
      const bool is_last = leaf.index + 1 == leaves_of(leaf.pack);
      const std::size_t bytes = leaf_bytes(leaf.pack, leaf.index);
      const std::uint64_t end = leaf.index * limits::kLeafBytes + bytes;
      REQUIRE(is_last == (end == pack_data_bytes(leaf.pack.file_bytes)));
      REQUIRE((is_last || bytes == limits::kLeafBytes));
      REQUIRE(row.first_of(leaf.pack.number) == place - leaf.index);
      const std::optional<ParityLayout::Place> found = layout.find(leaf.pack.number, leaf.index);
      REQUIRE(found.has_value());
      REQUIRE(found->row == &row);
      REQUIRE(found->place == place);
      REQUIRE(found->stripes_before == stripes_before);
      REQUIRE(found->leaves_before == leaves_before);
    }
    stripes_before += row.stripes();
    leaves_before += row.leaves();
  }
  std::uint64_t leaves = 0;
  for (const PackInfo& pack : packs) {
    leaves += leaves_of(pack);
  }
  CHECK(seen.size() == leaves);
  CHECK(layout.leaves() == leaves);
  CHECK(layout.stripes() == stripes_before);
}

/// Members of one stripe are as many leaves apart as the row has stripes: no run of damage that is
/// shorter than that hits two of them.
void check_members_are_apart(const LeafRow& row) {
  std::uint64_t counted = 0;
  std::uint64_t fullest = 0;
  for (std::uint64_t stripe = 0; stripe < row.stripes(); ++stripe) {
    std::uint64_t members = 0;
    for (std::uint64_t place = stripe; place < row.leaves(); place += row.stripes()) {
      ++members;
    }
    counted += members;
    fullest = std::max(fullest, members);
  }
  CHECK(counted == row.leaves());
  CHECK(fullest == row.members());
}

void check_rows(const std::vector<ParityRow>& rows, const TestPacks& packs) {
  std::vector<std::uint32_t> listed;
  for (const ParityRow& row : rows) {
    CHECK(std::is_sorted(row.packs.begin(), row.packs.end()));
    listed.insert(listed.end(), row.packs.begin(), row.packs.end());
  }
  std::sort(listed.begin(), listed.end());
  CHECK(
      std::equal(listed.begin(), listed.end(), packs.all.begin(), packs.all.end(),
                 [](std::uint32_t number, const PackInfo& pack) { return number == pack.number; }));
}

}  // namespace

TEST_CASE("Parity layout: rows hold every leaf once, and every place finds its way back") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    const TestPacks packs = random_packs(seed, 1 + seed * 2, 3 * kMiB, 1 * kMiB);
    const std::vector<ParityRow> rows = choose_rows({20, 2}, packs.all, packs.trees);
    const ParityLayout layout{{rows, {}}, packs.all};
    check_layout(layout, packs.all);
    for (const LeafRow& row : layout.rows) {
      check_members_are_apart(row);
    }
  }
}

TEST_CASE("Parity layout: stripes step through the packs of a row one after the other") {
  const std::vector<PackInfo> packs{pack_of_leaves(3, 2), pack_of_leaves(5, 1),
                                    pack_of_leaves(9, 4)};
  const LeafRow row{packs, 3};
  CHECK(row.leaves() == 7);
  CHECK(row.members() == 3);
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> order{{3, 0}, {3, 1}, {5, 0}, {9, 0},
                                                                   {9, 1}, {9, 2}, {9, 3}};
  for (std::uint64_t place = 0; place < order.size(); ++place) {
    CHECK(row.at(place).pack.number == order[place].first);
    CHECK(row.at(place).index == order[place].second);
  }
  CHECK(leaf_bytes(row.at(1).pack, row.at(1).index) == limits::kLeafBytes - 4096);
  CHECK(row.first_of(9) == 3);
  CHECK_FALSE(row.first_of(4).has_value());
  CHECK_FALSE(row.first_of(10).has_value());
}

TEST_CASE("Parity layout: a pack in no row is not found; one with an impossible length is damage") {
  const std::vector<PackInfo> packs{pack_of_leaves(1, 3), pack_of_leaves(2, 3)};
  const ParityLayout layout{{{{1, {1}}}, {}}, packs};
  CHECK(layout.find(1, 2).has_value());
  CHECK_FALSE(layout.find(2, 0).has_value());
  CHECK_THROWS_AS(LeafRow({{1, 1, 12'345, {}}}, 1), DamageError);
}

TEST_CASE("Parity layout: a row is sound with leaves for all its stripes, and not too many each") {
  const auto is_sound_with = [](std::uint32_t stripes, std::uint64_t leaves) {
    return is_sound(ParityLayout{{{{stripes, {1}}}, {}}, {pack_of_leaves(1, leaves)}});
  };
  CHECK(is_sound_with(1, 1));
  CHECK(is_sound_with(3, 3));
  CHECK(is_sound_with(1, 128));
  CHECK(is_sound_with(2, 256));
  CHECK_FALSE(is_sound_with(0, 1));
  CHECK_FALSE(is_sound_with(2, 1));
  CHECK_FALSE(is_sound_with(0xFFFFFFFF, 1));
  CHECK_FALSE(is_sound_with(1, 129));
  CHECK_FALSE(is_sound_with(2, 257));
  CHECK_FALSE(is_sound(ParityLayout{{{{1, {}}}, {}}, {pack_of_leaves(1, 1)}}));
}

TEST_CASE("Parity rows: each own pack is in one row, and every row can be read") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const TestPacks packs =
        random_packs(seed, 1 + seed % 40, seed % 2 == 0 ? limits::kPackDataBytes : 3 * kMiB,
                     seed % 3 == 0 ? 8 * kMiB : 1 * kMiB);
    for (const ParityShape shape :
         {ParityShape{20, 2}, ParityShape{10, 3}, ParityShape{1, 1}, ParityShape{128, 4}}) {
      const std::vector<ParityRow> rows = choose_rows(shape, packs.all, packs.trees);
      check_rows(rows, packs);
      const ParityLayout layout{{rows, {}}, packs.all};
      CHECK(is_sound(layout));
      for (const LeafRow& row : layout.rows) {
        CHECK(row.members() <= shape.members);
      }
    }
  }
}

TEST_CASE("Parity rows: with the default shape a long session grows by at most 12 percent") {
  int long_sessions = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    const TestPacks packs = random_packs(seed, 1 + seed % 30, limits::kPackDataBytes,
                                         seed % 3 == 0 ? limits::kPackDataBytes : 2 * kMiB);
    if (packs.leaves < 1024) {
      continue;
    }
    ++long_sessions;
    const ParityShape shape;
    const ParityLayout layout{{choose_rows(shape, packs.all, packs.trees), {}}, packs.all};
    CHECK(layout.stripes() * shape.files * 100 <= packs.leaves * 12);
  }
  CHECK(long_sessions > 100);
}

TEST_CASE("Parity rows: in a short session the loss of any tree pack costs a stripe one leaf") {
  int with_trees = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    const TestPacks packs = random_packs(seed, 1 + seed % 12, 4 * kMiB, 4 * kMiB);
    REQUIRE(packs.leaves < 1024);
    if (packs.trees.empty()) {
      continue;
    }
    ++with_trees;
    const std::vector<ParityRow> rows = choose_rows({20, 2}, packs.all, packs.trees);
    REQUIRE(rows.front().packs == packs.trees);
    CHECK(rows.front().stripes >= packs.longest_tree);
  }
  CHECK(with_trees > 50);
}

TEST_CASE("Parity rows: none without files, none without packs") {
  const TestPacks packs = random_packs(1, 5, 3 * kMiB, 1 * kMiB);
  CHECK(choose_rows({20, 0}, packs.all, packs.trees).empty());
  CHECK(choose_rows({0, 0}, packs.all, packs.trees).empty());
  CHECK(choose_rows({20, 2}, {}, {}).empty());
}

}  // namespace azekura::vault
