#include "restore/extent_plan.h"

#include "core/error.h"
#include "core/limits.h"
#include "core/tree_codec.h"

#include <algorithm>
#include <tuple>

namespace azekura::restore {

namespace {

// Large enough that a block opened twice, at a cut inside a pack, does not count.
constexpr std::size_t kBatchMin = 32'768;
constexpr std::size_t kBatchMax = 262'144;

}  // namespace

std::uint32_t ExtentPlan::add(std::uint32_t file, std::span<const Extent> extents,
                              std::uint64_t size) {
  if (covered_bytes(extents) != size) {
    throw DamageError{"extents do not cover a file of {} bytes", size};
  }
  const std::size_t before = extents_.size();
  std::uint64_t offset = 0;
  for (const Extent& extent : extents) {
    if (extent.kind == ExtentKind::data) {
      if (extent.length > limits::kPackPlainMax) {
        extents_.resize(before);
        throw DamageError{"an extent of {} bytes is larger than a pack", extent.length};
      }
      const auto length = static_cast<std::uint32_t>(extent.length);
      extents_.push_back({{extent.position, length, extent.digest}, file, offset});
    }
    offset += extent.length;
  }
  return static_cast<std::uint32_t>(extents_.size() - before);
}

void ExtentPlan::sort() {
  std::sort(extents_.begin(), extents_.end(), [](const PlannedExtent& a, const PlannedExtent& b) {
    return std::tie(a.wanted.position, a.file, a.offset) <
           std::tie(b.wanted.position, b.file, b.offset);
  });
}

std::span<const PlannedExtent> ExtentPlan::next_batch() {
  const std::size_t first = next_;
  const std::size_t end = std::min(extents_.size(), first + kBatchMax);
  next_ = std::min(end, first + kBatchMin);
  while (next_ < end &&
         extents_[next_].wanted.position.pack == extents_[next_ - 1].wanted.position.pack) {
    ++next_;
  }
  return std::span{extents_}.subspan(first, next_ - first);
}

void ExtentPlan::clear() {
  extents_.clear();
  next_ = 0;
}

}  // namespace azekura::restore
