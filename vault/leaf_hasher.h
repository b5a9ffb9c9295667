#pragma once

#include "vault/hash.h"

#include <vector>

namespace azekura::vault {

/// SHA-256 of each 64 KiB of bytes that come in any portions; the last leaf may be shorter.
class LeafHasher {
 public:
  void update(ByteView bytes);
  /// The same where the hashes of the leaves in `bytes` may be known: empty if they are not.
  /// Requires, if they are: what came so far were whole leaves.
  void update(ByteView bytes, ByteView leaf_hashes);
  /// The hashes of everything so far, once.
  [[nodiscard]] Buffer finish();

 private:
  std::size_t add_to_leaf(ByteView bytes);

  Sha256 leaf_;
  std::uint64_t leaf_bytes_ = 0;
  Buffer hashes_;
};

/// The hash of leaf `index` in a list of them.
inline ByteView leaf_hash(ByteView hashes, std::uint64_t index) {
  return hashes.subspan(index * Digest::kBytes, Digest::kBytes);
}

/// Leaves whose hashes differ, rising. Requires: lists of one length.
std::vector<std::uint32_t> differing_leaves(ByteView stored, ByteView computed);

}  // namespace azekura::vault
