#include "vault/block_maker.h"

#include "core/interrupt.h"
#include "core/limits.h"
#include "vault/pack_format.h"

#include <utility>

namespace azekura::vault {

namespace {

bool goes_on(const ChunkOrigin& before, const ChunkOrigin& next) {
  return before.holder == next.holder && before.source == next.source && before.path == next.path &&
         before.offset + before.bytes == next.offset;
}

/// The header of a pack follows from its session's keys.
void offer_header(VaultReader& reader, std::uint32_t pack) {
  const OpenedSlot& slot = reader.slot(reader.packs().at(pack).session.number);
  reader.healer().offer(
      pack, 0,
      pack_header(slot.identity, pack, PackKeys::of(slot.session_key, slot.identity, pack)));
}

/// The block table bounds what its block may take of memory.
void expect_same_lengths(const BlockTable& blocks, const BlockInfo& block, const ChunkTable& chunks,
                         std::uint32_t pack) {
  for (std::uint32_t i = block.first_chunk; i < block.first_chunk + block.chunk_count; ++i) {
    if (i >= chunks.size() || chunks[i].length != blocks.chunk_lengths[i]) {
      throw DamageError{"the tables of pack {:08x} contradict each other", pack};
    }
  }
}

}  // namespace

std::vector<std::uint32_t> lost_blocks(VaultReader& reader, std::uint32_t pack) {
  const std::shared_ptr<PackReader> opened = reader.pack(pack);
  std::vector<std::uint32_t> lost;
  for (std::uint32_t index = 0; index < opened->table().blocks.size(); ++index) {
    throw_if_interrupted();
    try {
      static_cast<void>(opened->open_block(index));
    } catch (const Error& error) {
      if (!error.is_about_stored_bytes()) {
        throw;
      }
      lost.push_back(index);
    }
  }
  return lost;
}

void add_lost_bytes(VaultReader& reader, std::uint32_t pack, LostBytes& lost) {
  for (const std::uint32_t index : lost_blocks(reader, pack)) {
    const BlockInfo& block = reader.pack(pack)->table().blocks[index];
    lost.add({pack, block.plain_offset}, block.plain_bytes);
  }
}

void BlockMaker::seek(std::span<const std::uint32_t> packs) {
  LostBytes lost;
  for (const std::uint32_t pack : packs) {
    try {
      offer_header(reader_, pack);
      add_lost_bytes(reader_, pack, lost);
    } catch (const Error& error) {
      if (!error.is_about_stored_bytes()) {
        throw;
      }
      // make() says so.
    }
  }
  finder_.seek(lost);
}

std::optional<Buffer> BlockMaker::find_plain(std::span<const ChunkRow> chunks, Hmac& hasher,
                                             std::uint32_t pack,
                                             std::vector<ChunkOrigin>& origins) {
  Buffer plain;
  for (const ChunkRow& chunk : chunks) {
    throw_if_interrupted();
    std::optional<ChunkOrigin> origin =
        finder_.find({pack, chunk.offset}, chunk.length, [&](ByteView bytes) {
          const bool is_right =
              bytes.size() == chunk.length && equal(hasher(bytes).bytes(), chunk.id.bytes());
          if (is_right) {
            append(plain, bytes);
          }
          return is_right;
        });
    if (!origin) {
      return std::nullopt;
    }
    if (!origins.empty() && goes_on(origins.back(), *origin)) {
      origins.back().bytes += origin->bytes;
    } else {
      origins.push_back(*std::move(origin));
    }
  }
  return plain;
}

std::vector<MadeBlock> BlockMaker::make(std::uint32_t pack) {
  const std::vector<std::uint32_t> lost = lost_blocks(reader_, pack);
  if (lost.empty()) {
    return {};
  }
  const std::shared_ptr<PackReader> opened = reader_.pack(pack);
  const OpenedSlot& slot = reader_.slot(reader_.packs().at(pack).session.number);
  const ChunkTable table = opened->chunk_table(slot.set_keys.catalogue);
  const Buffer context = pack_context(slot.identity, pack);
  Hmac hasher = slot.set_keys.chunk_hasher(slot.identity.set);
  Sealer sealer{PackKeys::of(slot.session_key, slot.identity, pack).block};
  std::vector<MadeBlock> made;
  for (const std::uint32_t index : lost) {
    const BlockInfo& block = opened->table().blocks[index];
    expect_same_lengths(opened->table(), block, table, pack);
    MadeBlock one{pack, block.stored_offset, block.stored_bytes, {}};
    std::optional<Buffer> payload = find_plain(
        std::span{table}.subspan(block.first_chunk, block.chunk_count), hasher, pack, one.origins);
    if (!payload) {
      continue;
    }
    if (block.codec != Codec::stored) {
      payload = compress(block.codec, *payload);
    }
    // Under a nonce that was used before only what was sealed with it may be sealed again: what
    // does not turn out the same is never written, for it has no leaf hash.
    if (!payload || payload->size() + kTagBytes != block.stored_bytes) {
      observer_.notice(
          text("block {} of pack {:08x} was compressed otherwise than this program does it", index,
               pack));
      continue;
    }
    reader_.healer().offer(pack, block.stored_offset,
                           sealer.seal(block_nonce(index, block.nonce_part),
                                       block_associated(context, index, block), *payload));
    made.push_back(std::move(one));
  }
  return made;
}

}  // namespace azekura::vault
