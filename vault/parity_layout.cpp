#include "vault/parity_layout.h"

#include "core/limits.h"
#include "vault/pack_format.h"

#include <algorithm>
#include <utility>

namespace azekura::vault {

namespace {

/// Parity of trees in sessions shorter than kShortLeaves may be as long as kFewStripes, in longer
/// ones a kTreeShare of the session.
constexpr std::uint64_t kShortLeaves = 1024;
constexpr std::uint64_t kFewStripes = 64;
constexpr std::uint64_t kTreeShare = 128;

std::uint64_t divided_up(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }

std::uint64_t leaves_of(const PackInfo& pack) {
  return leaf_count(pack_data_bytes(pack.file_bytes));
}

}  // namespace

LeafRow::LeafRow(std::vector<PackInfo> packs, std::uint32_t stripes)
    : packs_{std::move(packs)}, stripes_{stripes} {
  std::uint64_t end = 0;
  for (const PackInfo& pack : packs_) {
    end += leaves_of(pack);
    ends_.push_back(end);
  }
}

std::uint64_t LeafRow::members() const noexcept { return divided_up(leaves(), stripes_); }

LeafRow::Leaf LeafRow::at(std::uint64_t place) const {
  const auto end = std::upper_bound(ends_.begin(), ends_.end(), place);
  const auto pack = static_cast<std::size_t>(end - ends_.begin());
  Leaf leaf;
  leaf.pack = packs_[pack];
  leaf.index = static_cast<std::uint32_t>(place - begin_of(pack));
  return leaf;
}

std::optional<std::uint64_t> LeafRow::first_of(std::uint32_t number) const noexcept {
  const auto found = std::lower_bound(
      packs_.begin(), packs_.end(), number,
      [](const PackInfo& pack, std::uint32_t wanted) { return pack.number < wanted; });
  if (found == packs_.end() || found->number != number) {
    return std::nullopt;
  }
  return begin_of(static_cast<std::size_t>(found - packs_.begin()));
}

ParityLayout::ParityLayout(const ParityInfo& parity, const std::vector<PackInfo>& own_packs) {
  for (const ParityRow& row : parity.rows) {
    std::vector<PackInfo> packs;
    std::copy_if(own_packs.begin(), own_packs.end(), std::back_inserter(packs),
                 [&](const PackInfo& pack) {
                   return std::binary_search(row.packs.begin(), row.packs.end(), pack.number);
                 });
    rows.emplace_back(std::move(packs), row.stripes);
  }
}

std::uint64_t ParityLayout::stripes() const noexcept {
  std::uint64_t sum = 0;
  for (const LeafRow& row : rows) {
    sum += row.stripes();
  }
  return sum;
}

std::uint64_t ParityLayout::leaves() const noexcept {
  std::uint64_t sum = 0;
  for (const LeafRow& row : rows) {
    sum += row.leaves();
  }
  return sum;
}

std::optional<ParityLayout::Place> ParityLayout::find(std::uint32_t pack,
                                                      std::uint32_t leaf) const noexcept {
  Place place;
  for (const LeafRow& row : rows) {
    if (const std::optional<std::uint64_t> first = row.first_of(pack)) {
      place.row = &row;
      place.place = *first + leaf;
      return place;
    }
    place.stripes_before += row.stripes();
    place.leaves_before += row.leaves();
  }
  return std::nullopt;
}

bool is_sound(const ParityLayout& layout) noexcept {
  return std::all_of(layout.rows.begin(), layout.rows.end(), [](const LeafRow& row) {
    return row.stripes() > 0 && row.stripes() <= row.leaves() &&
           row.members() <= limits::kStripeLeavesMax;
  });
}

std::vector<ParityRow> choose_rows(const ParityShape& shape, const std::vector<PackInfo>& own_packs,
                                   const std::vector<std::uint32_t>& tree_packs) {
  if (shape.files == 0) {
    return {};
  }
  ParityRow trees;
  ParityRow others;
  std::uint64_t tree_leaves = 0;
  std::uint64_t longest_tree = 0;
  std::uint64_t other_leaves = 0;
  for (const PackInfo& pack : own_packs) {
    const std::uint64_t leaves = leaves_of(pack);
    if (std::binary_search(tree_packs.begin(), tree_packs.end(), pack.number)) {
      trees.packs.push_back(pack.number);
      tree_leaves += leaves;
      longest_tree = std::max(longest_tree, leaves);
    } else {
      others.packs.push_back(pack.number);
      other_leaves += leaves;
    }
  }
  const std::uint64_t all_leaves = tree_leaves + other_leaves;
  const std::uint64_t affordable =
      all_leaves < kShortLeaves ? kFewStripes : all_leaves / kTreeShare;
  trees.stripes = static_cast<std::uint32_t>(
      std::max(divided_up(tree_leaves, shape.members), std::min(longest_tree, affordable)));
  others.stripes = static_cast<std::uint32_t>(divided_up(other_leaves, shape.members));
  std::vector<ParityRow> rows;
  for (ParityRow* row : {&trees, &others}) {
    if (!row->packs.empty()) {
      rows.push_back(std::move(*row));
    }
  }
  return rows;
}

}  // namespace azekura::vault
