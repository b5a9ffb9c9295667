#include "vault/tree_lane.h"

#include "core/error.h"
#include "core/limits.h"
#include "vault/block.h"
#include "vault/content_builder.h"

namespace azekura::vault {

namespace {
/// A pack of trees is closed when it has so much: short packs, so that parity outlives the loss of
/// one at little cost (ADR 0018).
constexpr std::uint64_t kTreePackBytes = 1 * kMiB;
}  // namespace

TreeLane::TreeLane(Capture& capture, Catalogue& catalogue, Hmac chunk_hasher)
    : capture_{capture}, catalogue_{catalogue}, hasher_{std::move(chunk_hasher)} {}

Content TreeLane::put(const Piece& piece) {
  ContentBuilder builder;
  ByteView rest = piece.bytes;
  for (const std::uint32_t length : piece.chunk_lengths) {
    const ByteView chunk = rest.first(length);
    rest = rest.subspan(length);
    const ChunkId id = ChunkId::from_bytes(hasher_(chunk).bytes());
    Position position;
    if (const auto open = in_open_pack_.find(id); open != in_open_pack_.end()) {
      position = open->second;
    } else if (const std::optional<Position> known = catalogue_.find(id, length)) {
      position = *known;
    } else {
      position = store(id, chunk);
    }
    builder.add_chunk(id, length, position);
  }
  AZK_CHECK(rest.empty());
  return builder.finish();
}

Position TreeLane::store(const ChunkId& id, ByteView chunk) {
  if (block_.plain_bytes + chunk.size() > limits::kBlockPlainMax ||
      block_.ids.size() == limits::kBlockChunksMax) {
    flush_block();
  }
  // At worst nothing compresses; what fits then fits always.
  if (pack_ != nullptr && !pack_->fits(block_.plain_bytes + chunk.size(),
                                       block_.plain_bytes + chunk.size(), block_.ids.size() + 1)) {
    finish_pack();
  }
  if (pack_ == nullptr) {
    pack_ = capture_.begin_pack();
  }
  const Position position{pack_->number(), pack_->plain_bytes() + block_.plain_bytes};
  block_.ids.push_back(id);
  block_.lengths.push_back(static_cast<std::uint32_t>(chunk.size()));
  append(block_.payload, chunk);
  block_.plain_bytes += static_cast<std::uint32_t>(chunk.size());
  in_open_pack_.emplace(id, position);
  if (block_.plain_bytes >= limits::kBlockPlainTarget) {
    flush_block();
    if (pack_->file_bytes() >= kTreePackBytes) {
      finish_pack();
    }
  }
  return position;
}

void TreeLane::flush_block() {
  if (block_.ids.empty()) {
    return;
  }
  compress_block(block_);
  pack_->append(block_);
  block_ = {};
}

void TreeLane::finish_pack() {
  flush_block();
  capture_.finish_tree_pack(std::move(pack_));
  pack_ = nullptr;
  in_open_pack_.clear();
}

void TreeLane::finish() { finish_pack(); }

}  // namespace azekura::vault
