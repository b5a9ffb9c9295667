#pragma once

#include "core/bytes.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace azekura::chunker {

/// Says where the chunks of a stream end. Threads: any, it has no state.
class ChunkEnds {
 public:
  ChunkEnds() = default;
  ChunkEnds(const ChunkEnds&) = default;
  ChunkEnds& operator=(const ChunkEnds&) = default;
  virtual ~ChunkEnds() = default;

  /// The length of the chunk that starts with `bytes`, `offset` bytes into its stream, or nullopt
  /// if it does not end in them.
  ///
  /// `searched` leading bytes are known not to end it (an earlier call had only those).
  /// Shape: 0 < result <= bytes.size().
  [[nodiscard]] virtual std::optional<std::size_t> find(ByteView bytes, std::uint64_t offset,
                                                        std::size_t searched) const noexcept = 0;
};

}  // namespace azekura::chunker
