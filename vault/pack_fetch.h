#pragma once

#include "core/extent_source.h"
#include "vault/hash.h"
#include "vault/pack_reader.h"

#include <memory>
#include <span>
#include <vector>

namespace azekura::vault {

/// A block's plain bytes and what they prove to be.
struct OpenBlock {
  std::uint32_t pack = 0;
  std::uint32_t index = 0;
  Buffer plain;
  std::vector<ChunkId> ids;
};

/// What is wanted from one pack: its blocks come by in order, and every extent is delivered and
/// proven, or failed.
///
/// Threads: one at a time.
class PackFetch {
 public:
  /// `indexes` are those of the extents in `wanted` that lie in `pack`, by rising position.
  /// Lifetime: `wanted` and the receiver outlive it.
  PackFetch(std::shared_ptr<const PackReader> pack, std::span<const WantedExtent> wanted,
            std::span<const std::size_t> indexes, ExtentReceiver& receiver);

  [[nodiscard]] const PackReader& pack() const noexcept { return *pack_; }

  /// The blocks that hold something wanted, rising: take() or fail() each, in this order.
  [[nodiscard]] std::vector<std::uint32_t> blocks() const;
  /// The block must stay until the receiver's block_done(), which is the caller's to call.
  void take(const OpenBlock& block);
  void fail(std::uint32_t block, const Error& error);
  /// Fails what lies in no block.
  void finish();

 private:
  /// One wanted extent on its way: its chunks are hashed as its blocks come by.
  struct Extent {
    std::size_t index = 0;  ///< in `wanted`
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t next = 0;  ///< where the next chunk must begin
    Sha256 hash;
    bool is_done = false;
  };

  /// Calls `step` for every extent that has bytes in the block and is not done.
  template <typename Step>
  void for_each_in(std::uint32_t block, Step&& step);
  void take_part(Extent& extent, const OpenBlock& block);
  void hash_chunks(Extent& extent, const OpenBlock& block, std::uint64_t from, std::uint64_t to);
  void conclude(Extent& extent);
  void fail_extent(Extent& extent, const Error& error);

  std::shared_ptr<const PackReader> pack_;
  std::span<const WantedExtent> wanted_;
  ExtentReceiver& receiver_;
  std::vector<Extent> extents_;
  std::size_t first_open_ = 0;  ///< all extents before it are done
};

}  // namespace azekura::vault
