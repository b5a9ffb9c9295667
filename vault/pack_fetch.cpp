#include "vault/pack_fetch.h"

#include "core/sabotage.h"
#include "vault/content_builder.h"

#include <algorithm>
#include <utility>

namespace azekura::vault {

namespace {

std::uint64_t end_of(const BlockInfo& block) {
  return std::uint64_t{block.plain_offset} + block.plain_bytes;
}

}  // namespace

PackFetch::PackFetch(std::shared_ptr<const PackReader> pack, std::span<const WantedExtent> wanted,
                     std::span<const std::size_t> indexes, ExtentReceiver& receiver)
    : pack_{std::move(pack)}, wanted_{wanted}, receiver_{receiver} {
  extents_.reserve(indexes.size());
  for (const std::size_t index : indexes) {
    Extent extent;
    extent.index = index;
    extent.begin = wanted[index].position.byte;
    extent.end = extent.begin + wanted[index].length;
    extent.next = extent.begin;
    extents_.push_back(std::move(extent));
  }
}

std::vector<std::uint32_t> PackFetch::blocks() const {
  std::vector<std::uint32_t> numbers;
  std::size_t first = 0;    // extents before it end before the block
  std::uint64_t reach = 0;  // where the farthest extent that begins before the block's end ends
  const auto& blocks = pack_->table().blocks;
  for (std::uint32_t i = 0; i < blocks.size(); ++i) {
    while (first < extents_.size() && extents_[first].begin < end_of(blocks[i])) {
      reach = std::max(reach, extents_[first].end);
      ++first;
    }
    if (reach > blocks[i].plain_offset) {
      numbers.push_back(i);
    }
  }
  return numbers;
}

template <typename Step>
void PackFetch::for_each_in(std::uint32_t block, Step&& step) {
  const BlockInfo& info = pack_->table().blocks[block];
  while (first_open_ < extents_.size() && extents_[first_open_].is_done) {
    ++first_open_;
  }
  for (std::size_t i = first_open_; i < extents_.size(); ++i) {
    Extent& extent = extents_[i];
    if (extent.begin >= end_of(info)) {
      return;
    }
    if (!extent.is_done && extent.end > info.plain_offset) {
      step(extent);
    }
  }
}

void PackFetch::take(const OpenBlock& block) {
  for_each_in(block.index, [&](Extent& extent) { take_part(extent, block); });
}

void PackFetch::fail(std::uint32_t block, const Error& error) {
  for_each_in(block, [&](Extent& extent) { fail_extent(extent, error); });
}

void PackFetch::finish() {
  for (Extent& extent : extents_) {
    if (!extent.is_done) {
      fail_extent(extent, DamageError{"bytes {} to {} lie outside pack {:08x}", extent.begin,
                                      extent.end, pack_->number()});
    }
  }
}

void PackFetch::take_part(Extent& extent, const OpenBlock& block) {
  const BlockInfo& info = pack_->table().blocks[block.index];
  const std::uint64_t from = std::max<std::uint64_t>(extent.begin, info.plain_offset);
  const std::uint64_t to = std::min(extent.end, end_of(info));
  receiver_.bytes(extent.index, from - extent.begin,
                  ByteView{block.plain}.subspan(from - info.plain_offset, to - from));
  hash_chunks(extent, block, from, to);
  if (to == extent.end) {
    conclude(extent);
  }
}

void PackFetch::hash_chunks(Extent& extent, const OpenBlock& block, std::uint64_t from,
                            std::uint64_t to) {
  const BlockInfo& info = pack_->table().blocks[block.index];
  std::uint64_t at = info.plain_offset;
  for (std::uint32_t i = 0; i < info.chunk_count && at < to; ++i) {
    const std::uint32_t length = pack_->table().chunk_lengths[info.first_chunk + i];
    if (at >= from) {
      if (at != extent.next) {
        return;  // does not begin with a chunk: the digest will not match
      }
      extent.hash.update(chunk_item(block.ids[i], length));
      extent.next = at + length;
    }
    at += length;
  }
}

void PackFetch::conclude(Extent& extent) {
  const bool is_right =
      extent.next == extent.end && extent.hash.finish() == wanted_[extent.index].digest;
  if (!is_right && !sabotaged(Sabotage::chunk_ids_unchecked)) {
    fail_extent(extent, DamageError{"bytes {} to {} of pack {:08x} are not what was backed up",
                                    extent.begin, extent.end, pack_->number()});
    return;
  }
  extent.is_done = true;
  receiver_.proven(extent.index);
}

void PackFetch::fail_extent(Extent& extent, const Error& error) {
  extent.is_done = true;
  receiver_.failed(extent.index, error);
}

}  // namespace azekura::vault
