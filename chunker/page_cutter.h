#pragma once

#include "chunker/chunk_ends.h"
#include "core/bytes.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace azekura::chunker {

/// Pages of databases and blocks of file systems have 4 to 64 KiB, at multiples of their size.
inline constexpr std::uint64_t kPageBytesMin = 8 * kKiB;
inline constexpr std::uint64_t kPageBytesMax = 256 * kKiB;
/// With every page somewhere else, a file has so many extents; all of them are in memory at once.
inline constexpr std::uint64_t kPagesAimedAt = 1U << 21U;

/// Ends chunks at multiples of a page: in a file whose bytes change where they are and never
/// move, what changes is then all that is stored anew.
///
/// A page has 8 KiB in files of up to 16 GiB, and is twice as long for each doubling, up to 256.
/// Source: docs/format.md, section 5; docs/adr/0017.
class PageCutter final : public ChunkEnds {
 public:
  explicit PageCutter(std::uint64_t file_bytes) noexcept {
    while (page_bytes_ < kPageBytesMax && page_bytes_ * kPagesAimedAt < file_bytes) {
      page_bytes_ *= 2;
    }
  }

  [[nodiscard]] std::optional<std::size_t> find(ByteView bytes, std::uint64_t offset,
                                                std::size_t /*searched*/) const noexcept override {
    const std::uint64_t length = page_bytes_ - offset % page_bytes_;
    return bytes.size() < length ? std::nullopt : std::optional{static_cast<std::size_t>(length)};
  }

 private:
  std::uint64_t page_bytes_ = kPageBytesMin;
};

}  // namespace azekura::chunker
