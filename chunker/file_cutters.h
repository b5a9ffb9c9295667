#pragma once

#include "chunker/content_class.h"
#include "chunker/cutter.h"
#include "chunker/page_cutter.h"

#include <optional>

namespace azekura::chunker {

/// Says which way a file is cut: by its class, as long as it lives.
class FileCutters {
 public:
  explicit FileCutters(const CutterKey& key)
      : small_{key, ChunkTarget::small},
        medium_{key, ChunkTarget::medium},
        large_{key, ChunkTarget::large} {}

  /// `head`: its first kHeadBytes, if it has kClassifiedBytes; not looked at otherwise.
  /// Lifetime: until the next call.
  const ChunkEnds& ends_for(std::uint64_t file_bytes, ByteView head);

 private:
  std::optional<PageCutter> pages_;  ///< of the latest file
  const Cutter small_;
  const Cutter medium_;
  const Cutter large_;
};

}  // namespace azekura::chunker
