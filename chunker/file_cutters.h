#pragma once

#include "chunker/content_class.h"
#include "chunker/cutter.h"
#include "chunker/page_cutter.h"

#include <optional>

namespace azekura::chunker {

/// In a smaller file that is neither of pages nor written once, every few KiB are a chunk.
inline constexpr std::uint64_t kSmallFileBytes = 1 * kMiB;

/// Says which way a file is cut: by its class and whether it is a small one.
/// Source: docs/format.md, section 5; docs/adr/0028, with the measurements.
class FileCutters {
 public:
  explicit FileCutters(const CutterKey& key)
      : tiny_{key, ChunkTarget::tiny},
        small_{key, ChunkTarget::small},
        large_{key, ChunkTarget::large} {}

  /// `head`: its first kHeadBytes, if it has kClassifiedBytes; not looked at otherwise.
  /// Lifetime: until the next call.
  const ChunkEnds& ends_for(std::uint64_t file_bytes, ByteView head);

 private:
  std::optional<PageCutter> pages_;  ///< of the latest file
  const Cutter tiny_;
  const Cutter small_;
  const Cutter large_;
};

}  // namespace azekura::chunker
