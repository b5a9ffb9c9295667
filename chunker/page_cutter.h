#pragma once

#include "chunker/chunk_ends.h"
#include "core/bytes.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace azekura::chunker {

/// Pages of databases and blocks of file systems have 4 to 64 KiB, at multiples of their size.
inline constexpr std::size_t kPageBytes = 8 * kKiB;

/// Ends chunks at multiples of a page: in a file whose bytes change where they are and never
/// move, what changes is then all that is stored anew.
/// Source: docs/format.md, section 5; docs/adr/0017.
class PageCutter final : public ChunkEnds {
 public:
  [[nodiscard]] std::optional<std::size_t> find(ByteView bytes, std::uint64_t offset,
                                                std::size_t /*searched*/) const noexcept override {
    const auto length = static_cast<std::size_t>(kPageBytes - offset % kPageBytes);
    return bytes.size() < length ? std::nullopt : std::optional{length};
  }
};

}  // namespace azekura::chunker
