#include "vault/pack_format.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/limits.h"
#include "vault/hash.h"
#include "vault/object.h"

#include <algorithm>

namespace azekura::vault {

namespace {
constexpr std::string_view kBlockTableObject = "a block table";
constexpr std::string_view kChunkTableObject = "a chunk table";
}  // namespace

Buffer BlockTable::encode() const {
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(blocks.size()));
  for (const BlockInfo& block : blocks) {
    out.u32(block.stored_bytes).u32(block.plain_bytes).u8(static_cast<std::uint8_t>(block.codec));
    out.bytes(block.nonce_part).u32(block.chunk_count);
    for (std::uint32_t i = 0; i < block.chunk_count; ++i) {
      out.u32(chunk_lengths[block.first_chunk + i]);
    }
  }
  return out.take();
}

BlockTable BlockTable::decode(ByteView bytes, std::uint64_t data_bytes) {
  ByteReader in{bytes, kBlockTableObject};
  BlockTable table;
  const std::uint32_t count = in.u32();
  if (count > limits::kPackBlocksMax) {
    in.fail("too many blocks");
  }
  std::uint64_t stored_offset = kPackHeaderBytes;
  std::uint64_t plain_offset = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    BlockInfo block;
    block.stored_bytes = in.u32();
    block.plain_bytes = in.u32();
    const std::uint8_t codec = in.u8();
    const ByteView nonce_part = in.bytes(block.nonce_part.size());
    std::copy(nonce_part.begin(), nonce_part.end(), block.nonce_part.begin());
    block.chunk_count = in.u32();
    if (codec > static_cast<std::uint8_t>(kLastCodec) || block.plain_bytes == 0 ||
        block.plain_bytes > limits::kBlockPlainMax || block.stored_bytes <= kTagBytes ||
        block.stored_bytes > limits::kBlockStoredMax || block.chunk_count == 0 ||
        block.chunk_count > limits::kBlockChunksMax ||
        stored_offset + block.stored_bytes > data_bytes ||
        plain_offset + block.plain_bytes > limits::kPackPlainMax) {
      in.fail("a block is beyond its limits");
    }
    block.codec = static_cast<Codec>(codec);
    block.stored_offset = static_cast<std::uint32_t>(stored_offset);
    block.plain_offset = static_cast<std::uint32_t>(plain_offset);
    block.first_chunk = static_cast<std::uint32_t>(table.chunk_lengths.size());
    std::uint64_t sum = 0;
    for (std::uint32_t c = 0; c < block.chunk_count; ++c) {
      const std::uint32_t length = in.u32();
      if (length == 0 || length > limits::kChunkMax) {
        in.fail("a chunk has an impossible length");
      }
      sum += length;
      table.chunk_lengths.push_back(length);
    }
    if (sum != block.plain_bytes || table.chunk_lengths.size() > limits::kPackChunksMax) {
      in.fail("chunks do not fill their block");
    }
    stored_offset += block.stored_bytes;
    plain_offset += block.plain_bytes;
    table.blocks.push_back(block);
  }
  in.expect_end();
  return table;
}

Buffer encode_chunk_table(const ChunkTable& table) {
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(table.size()));
  for (const ChunkRow& row : table) {
    out.id(row.id).u32(row.length);
  }
  return out.take();
}

ChunkTable decode_chunk_table(ByteView bytes) {
  ByteReader in{bytes, kChunkTableObject};
  const std::uint32_t count = in.u32();
  if (count > limits::kPackChunksMax || count > in.remaining()) {
    in.fail("too many chunks");
  }
  ChunkTable table;
  table.reserve(count);
  std::uint64_t offset = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    ChunkRow row;
    row.id = in.id<ChunkId>();
    row.length = in.u32();
    row.offset = static_cast<std::uint32_t>(offset);
    offset += row.length;
    if (row.length == 0 || row.length > limits::kChunkMax || offset > limits::kPackPlainMax) {
      in.fail("a chunk has an impossible length");
    }
    table.push_back(row);
  }
  in.expect_end();
  return table;
}

Buffer part_associated(ByteView context, PackPart part) {
  return ByteWriter{}
      .text("azekura table v1")
      .u8(0)
      .bytes(context)
      .u8(static_cast<std::uint8_t>(part))
      .take();
}

Buffer block_associated(ByteView context, std::uint32_t index, const BlockInfo& block) {
  return ByteWriter{}
      .text("azekura block v1")
      .u8(0)
      .bytes(context)
      .u32(index)
      .u32(block.plain_offset)
      .u32(block.plain_bytes)
      .u32(block.stored_bytes)
      .u8(static_cast<std::uint8_t>(block.codec))
      .take();
}

Nonce block_nonce(std::uint32_t index, const NoncePart& part) {
  const Buffer bytes = ByteWriter{}.u32(index).bytes(part).take();
  Nonce nonce{};
  std::copy(bytes.begin(), bytes.end(), nonce.begin());
  return nonce;
}

ChunkTable open_chunk_table(const Secret& catalogue_key, const SessionIdentity& session,
                            std::uint32_t pack, ByteView sealed) {
  const Buffer context = pack_context(session, pack);
  return decode_chunk_table(open_box(chunk_table_key(catalogue_key, context),
                                     part_associated(context, PackPart::chunk_table), sealed,
                                     kChunkTableObject));
}

std::uint64_t padded_data_bytes(std::uint64_t used) noexcept {
  return std::clamp(padme(used), limits::kPackDataMin, limits::kPackDataBytes);
}

std::size_t leaf_count(std::uint64_t data_bytes) noexcept {
  return static_cast<std::size_t>((data_bytes + limits::kLeafBytes - 1) / limits::kLeafBytes);
}

std::uint64_t pack_file_bytes(std::uint64_t data_bytes) noexcept {
  return data_bytes + leaf_count(data_bytes) * Digest::kBytes + kPackTailBytes;
}

std::uint64_t pack_data_bytes(std::uint64_t file_bytes) {
  if (file_bytes <= pack_file_bytes(limits::kPackDataBytes) &&
      file_bytes >= pack_file_bytes(limits::kPackDataMin)) {
    const std::uint64_t rest = file_bytes - kPackTailBytes;
    const std::uint64_t leaves =
        (rest + limits::kLeafBytes + Digest::kBytes - 1) / (limits::kLeafBytes + Digest::kBytes);
    const std::uint64_t data = rest - leaves * Digest::kBytes;
    if (pack_file_bytes(data) == file_bytes) {
      return data;
    }
  }
  throw DamageError{"no pack has {} bytes", file_bytes};
}

std::size_t leaf_bytes(const PackInfo& pack, std::uint32_t leaf) {
  return static_cast<std::size_t>(
      std::min(limits::kLeafBytes, pack_data_bytes(pack.file_bytes) - leaf * limits::kLeafBytes));
}

Digest pack_root(const SetId& set, const SessionId& session, std::uint32_t pack,
                 std::uint64_t data_bytes, ByteView leaf_hashes) {
  const Buffer head = ByteWriter{}
                          .text("azekura pack root v1")
                          .u8(0)
                          .id(set)
                          .id(session)
                          .u32(pack)
                          .u64(data_bytes)
                          .take();
  return Sha256{}.update(head).update(leaf_hashes).finish();
}

Buffer pack_header(const SessionIdentity& session, std::uint32_t pack, const PackKeys& keys) {
  ByteWriter header;
  header.text(kPackMagic).u16(kFormatVersion).u16(0).u32(pack).id(session.set).id(session.session);
  header.u32(session.number).u32(0).u64(0).id(keys.commitment(pack_context(session, pack)));
  AZK_CHECK(header.size() == kPackHeaderBytes);
  return header.take();
}

Buffer pack_end(const PackInfo& info, ByteView leaf_hashes) {
  const std::uint64_t data_bytes = pack_data_bytes(info.file_bytes);
  ByteWriter end;
  end.bytes(leaf_hashes).text(kPackTailMagic).u32(info.number);
  end.u32(static_cast<std::uint32_t>(leaf_count(data_bytes))).u64(data_bytes).id(info.root);
  end.u64(0);
  return end.take();
}

std::string pack_path(std::uint32_t number) {
  return fmt::format("packs/{:02x}/{:08x}", number / 256, number);
}

}  // namespace azekura::vault
