#pragma once

#include "core/chunk_sink.h"
#include "vault/capture.h"

#include <unordered_map>

namespace azekura::vault {

/// The metadata lane: directories and extent lists, in packs of their own.
///
/// A directory names its children's positions, so a position must be known at once: a pack here is
/// closed by what it could need at worst, not by what it needed.
/// Threads: one.
class TreeLane {
 public:
  /// Lifetime: all outlive the lane.
  TreeLane(Capture& capture, Catalogue& catalogue, Hmac chunk_hasher);

  /// Stores chunks that are not on the set yet; the content is level 0 unless it is very large.
  Content put(const Piece& piece);
  /// Finishes the open pack.
  void finish();

 private:
  Position store(const ChunkId& id, ByteView chunk);
  void flush_block();
  void finish_pack();

  Capture& capture_;
  Catalogue& catalogue_;
  Hmac hasher_;
  std::unique_ptr<PackWriter> pack_;
  PreparedBlock block_;  ///< payload is plain until it is flushed
  std::unordered_map<ChunkId, Position, IdHash<ChunkId>> in_open_pack_;
};

}  // namespace azekura::vault
