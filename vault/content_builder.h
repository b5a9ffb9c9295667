#pragma once

#include "core/entry.h"
#include "vault/hash.h"

namespace azekura::vault {

/// Builds a content from its chunks and gaps in order: neighbouring chunks of a pack become one
/// extent, and both digests are kept on the way. docs/format.md, sections 5 and 9.
class ContentBuilder {
 public:
  void add_chunk(const ChunkId& id, std::uint32_t length, Position position);
  /// Requires: kind is hole or zero, length > 0.
  void add_gap(ExtentKind kind, std::uint64_t length);
  /// The content, level 0. Requires: called once.
  Content finish();

 private:
  void end_extent();
  void end_gap();

  Content content_;
  Sha256 content_hash_;
  Sha256 extent_hash_;
  bool extent_open_ = false;
};

/// The digest item of a chunk: 0x01 ‖ id ‖ u32 length.
Buffer chunk_item(const ChunkId& id, std::uint32_t length);
/// The digest item of a gap: 0x02 (hole) or 0x03 (zero) ‖ u64 length.
Buffer gap_item(ExtentKind kind, std::uint64_t length);

}  // namespace azekura::vault
