#pragma once

#include "core/entry.h"
#include "core/extent_source.h"

#include <cstdint>
#include <span>
#include <vector>

namespace azekura::restore {

/// A data extent and where its bytes belong.
struct PlannedExtent {
  WantedExtent wanted;
  std::uint32_t file = 0;    ///< number the caller gave the file
  std::uint64_t offset = 0;  ///< of its first byte in that file
};

/// Collects the data extents of many files and hands them out in medium order.
class ExtentPlan {
 public:
  /// Extents of a plan that is worth fetching: about 120 MiB of memory.
  static constexpr std::size_t kFull = 2'000'000;

  /// Adds the data extents of file `file`, of `size` bytes; returns how many.
  /// Errors: DamageError if the extents are not those of a file of that size; nothing is added.
  std::uint32_t add(std::uint32_t file, std::span<const Extent> extents, std::uint64_t size);

  [[nodiscard]] std::size_t size() const noexcept { return extents_.size(); }

  /// Sorts by position; no extent is added from then until clear().
  void sort();
  /// The next extents in medium order, cut between two packs where that is near; empty at the end.
  /// Lifetime: until clear().
  std::span<const PlannedExtent> next_batch();
  void clear();

 private:
  std::vector<PlannedExtent> extents_;
  std::size_t next_ = 0;
};

}  // namespace azekura::restore
