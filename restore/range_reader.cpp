#include "restore/range_reader.h"

#include "core/error.h"
#include "core/interrupt.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace azekura::restore {

namespace {

/// Extents up to here are fetched whole: their records would cost as much as their bytes.
constexpr std::uint64_t kFetchedWholeMax = 1 * kMiB;

/// Keeps what of extents lies in a range.
class RangeReceiver : public ExtentReceiver {
 public:
  /// Memory of the range is zeros until bytes come.
  explicit RangeReceiver(const ByteRange& range)
      : range_{range}, kept_(static_cast<std::size_t>(range.length), std::byte{0}) {}

  /// Wants an extent that begins at `start` of the content, unless all of it lies elsewhere.
  void want(const WantedExtent& extent, std::uint64_t start) {
    if (start < range_.offset + range_.length && start + extent.length > range_.offset) {
      wanted_.push_back(extent);
      starts_.push_back(start);
    }
  }
  Buffer fetch_from(ExtentSource& source) && {
    source.fetch(wanted_, *this);
    AZK_CHECK(proven_ == wanted_.size());
    return std::move(kept_);
  }

  void bytes(std::size_t index, std::uint64_t offset, ByteView bytes) override {
    throw_if_interrupted();
    const std::uint64_t at = starts_[index] + offset;
    const std::uint64_t first = std::max(at, range_.offset);
    const std::uint64_t end = std::min(at + bytes.size(), range_.offset + range_.length);
    if (first < end) {
      const ByteView part = bytes.subspan(static_cast<std::size_t>(first - at),
                                          static_cast<std::size_t>(end - first));
      std::copy(part.begin(), part.end(),
                kept_.begin() + static_cast<std::ptrdiff_t>(first - range_.offset));
    }
  }
  void proven(std::size_t /*index*/) override { ++proven_; }
  void failed(std::size_t /*index*/, const Error& error) override { throw Error{error}; }

 private:
  ByteRange range_;
  Buffer kept_;
  std::vector<WantedExtent> wanted_;
  std::vector<std::uint64_t> starts_;
  std::size_t proven_ = 0;
};

}  // namespace

Buffer read_range(ExtentSource& source, std::span<const Extent> extents, const ByteRange& range) {
  RangeReceiver receiver{range};
  std::uint64_t start = 0;
  for (const Extent& extent : extents) {
    const bool is_needed =
        start < range.offset + range.length && start + extent.length > range.offset;
    if (is_needed && extent.kind == ExtentKind::data) {
      const WantedExtent whole{extent.position, static_cast<std::uint32_t>(extent.length),
                               extent.digest};
      const std::vector<WantedExtent> chunks =
          extent.length > kFetchedWholeMax ? source.chunks_of(whole) : std::vector<WantedExtent>{};
      for (const WantedExtent& chunk : chunks) {
        receiver.want(chunk, start + (chunk.position.byte - extent.position.byte));
      }
      if (chunks.empty()) {
        receiver.want(whole, start);
      }
    }
    start += extent.length;
  }
  AZK_CHECK(start >= range.offset + range.length);
  return std::move(receiver).fetch_from(source);
}

}  // namespace azekura::restore
