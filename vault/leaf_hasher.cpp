#include "vault/leaf_hasher.h"

#include "core/limits.h"

#include <algorithm>
#include <utility>

namespace azekura::vault {

void LeafHasher::update(ByteView bytes) {
  if (leaf_bytes_ > 0) {
    bytes = bytes.subspan(add_to_leaf(bytes));
  }
  const std::size_t whole = bytes.size() / limits::kLeafBytes;
  std::vector<ByteView> leaves(whole);
  for (ByteView& leaf : leaves) {
    leaf = bytes.first(limits::kLeafBytes);
    bytes = bytes.subspan(limits::kLeafBytes);
  }
  std::vector<Digest> digests(whole);
  sha256_each(leaves, digests);
  for (const Digest& digest : digests) {
    append(hashes_, digest.bytes());
  }
  add_to_leaf(bytes);
}

/// Returns how many bytes of these the leaf lacked.
std::size_t LeafHasher::add_to_leaf(ByteView bytes) {
  const std::size_t part = std::min<std::size_t>(bytes.size(), limits::kLeafBytes - leaf_bytes_);
  leaf_.update(bytes.first(part));
  leaf_bytes_ += part;
  if (leaf_bytes_ == limits::kLeafBytes) {
    append(hashes_, leaf_.finish().bytes());
    leaf_bytes_ = 0;
  }
  return part;
}

void LeafHasher::update(ByteView bytes, ByteView leaf_hashes) {
  if (leaf_hashes.empty()) {
    update(bytes);
  } else {
    append(hashes_, leaf_hashes);
  }
}

Buffer LeafHasher::finish() {
  if (leaf_bytes_ > 0) {
    append(hashes_, leaf_.finish().bytes());
    leaf_bytes_ = 0;
  }
  return std::exchange(hashes_, {});
}

std::vector<std::uint32_t> differing_leaves(ByteView stored, ByteView computed) {
  std::vector<std::uint32_t> leaves;
  for (std::uint32_t leaf = 0; leaf < computed.size() / Digest::kBytes; ++leaf) {
    if (!equal(leaf_hash(stored, leaf), leaf_hash(computed, leaf))) {
      leaves.push_back(leaf);
    }
  }
  return leaves;
}

}  // namespace azekura::vault
