#include "vault/pack_writer.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/limits.h"

#include <algorithm>
#include <utility>

namespace azekura::vault {

namespace {
constexpr std::size_t kBlockRowBytes = 4 + 4 + 1 + 8 + 4;
constexpr std::size_t kChunkRowBytes = 4 + ChunkId::kBytes + 4;  // its length is in both tables
}  // namespace

PackWriter::PackWriter(std::string path, const SessionIdentity& session, std::uint32_t number,
                       const Secret& session_key, const Secret& catalogue_key)
    : session_{session},
      number_{number},
      context_{pack_context(session, number)},
      keys_{PackKeys::of(session_key, session, number)},
      chunk_table_key_{vault::chunk_table_key(catalogue_key, context_)},
      sealer_{keys_.block},
      nonce_prf_{keys_.block_nonce.bytes()},
      file_{std::move(path)} {
  file_.append(pack_header(session_, number_, keys_));
}

std::uint64_t PackWriter::tables_bytes(std::size_t more_blocks,
                                       std::size_t more_chunks) const noexcept {
  return 2 * (4 + kBoxOverhead) + (blocks_.blocks.size() + more_blocks) * kBlockRowBytes +
         (chunks_.size() + more_chunks) * kChunkRowBytes + kLocatorsBytes;
}

bool PackWriter::fits(std::size_t payload_bytes, std::size_t plain_bytes,
                      std::size_t chunks) const noexcept {
  return file_.size() + payload_bytes + kTagBytes + tables_bytes(1, chunks) <=
             limits::kPackDataBytes &&
         plain_bytes_ + plain_bytes <= limits::kPackPlainMax &&
         blocks_.blocks.size() < limits::kPackBlocksMax && fits_chunks(chunks);
}

bool PackWriter::fits_chunks(std::size_t chunks) const noexcept {
  return chunks_.size() + chunks <= limits::kPackChunksTarget;
}

void PackWriter::append(const PreparedBlock& block) {
  AZK_CHECK(fits(block.payload.size(), block.plain_bytes, block.ids.size()));
  const auto index = static_cast<std::uint32_t>(blocks_.blocks.size());
  BlockInfo info;
  info.stored_offset = static_cast<std::uint32_t>(file_.size());
  info.stored_bytes = static_cast<std::uint32_t>(block.payload.size() + kTagBytes);
  info.plain_offset = plain_bytes_;
  info.plain_bytes = block.plain_bytes;
  info.codec = block.codec;
  info.first_chunk = static_cast<std::uint32_t>(blocks_.chunk_lengths.size());
  info.chunk_count = static_cast<std::uint32_t>(block.ids.size());
  ByteWriter prf_input;
  prf_input.u32(index).u8(static_cast<std::uint8_t>(info.codec)).u32(info.stored_bytes);
  for (const ChunkId& id : block.ids) {
    prf_input.id(id);
  }
  const Digest prf = nonce_prf_(prf_input.view());
  std::copy_n(prf.bytes().begin(), info.nonce_part.size(), info.nonce_part.begin());

  const Nonce nonce = block_nonce(index, info.nonce_part);
  const Buffer associated = block_associated(context_, index, info);
  Buffer sealed = sealer_.seal(nonce, associated, block.payload);
  opened_.resize(block.payload.size());
  // The round trip that must hold before the block counts.
  AZK_CHECK(sealer_.open(nonce, associated, sealed, opened_) && equal(opened_, block.payload));
  file_.append(std::move(sealed));

  blocks_.blocks.push_back(info);
  std::uint32_t offset = plain_bytes_;
  for (std::size_t i = 0; i < block.ids.size(); ++i) {
    blocks_.chunk_lengths.push_back(block.lengths[i]);
    chunks_.push_back({block.ids[i], block.lengths[i], offset});
    offset += block.lengths[i];
  }
  plain_bytes_ = offset;
}

void PackWriter::write_tables(bool full) {
  const Buffer block_table = seal_box(
      keys_.block_table, part_associated(context_, PackPart::block_table), blocks_.encode());
  sealed_chunks_ = seal_box(chunk_table_key_, part_associated(context_, PackPart::chunk_table),
                            encode_chunk_table(chunks_));
  const std::uint64_t block_table_offset = file_.size();
  file_.append(block_table);
  const std::uint64_t chunk_table_offset = file_.size();
  file_.append(sealed_chunks_);

  const std::uint64_t used = file_.size() + kLocatorsBytes;
  const std::uint64_t data_bytes = full ? limits::kPackDataBytes : padded_data_bytes(used);
  AZK_CHECK(used <= data_bytes);
  Buffer padding(static_cast<std::size_t>(data_bytes - used));
  fill_random(padding);
  file_.append(std::move(padding));
  const auto locator = [](std::uint64_t offset, std::uint64_t length) {
    return ByteWriter{}.u64(offset).u64(length).take();
  };
  file_.append(seal_box(keys_.block_table, part_associated(context_, PackPart::block_table_locator),
                        locator(block_table_offset, block_table.size())));
  file_.append(seal_box(chunk_table_key_, part_associated(context_, PackPart::chunk_table_locator),
                        locator(chunk_table_offset, sealed_chunks_.size())));
}

PackInfo PackWriter::finish(bool full) {
  write_tables(full);
  const std::uint64_t data_bytes = file_.size();
  const Buffer leaf_hashes = file_.finish_leaves();
  PackInfo info;
  info.number = number_;
  info.session = session_.number;
  info.file_bytes = pack_file_bytes(data_bytes);
  info.root = pack_root(session_.set, session_.session, number_, data_bytes, leaf_hashes);
  file_.finish(pack_end(info, leaf_hashes));
  return info;
}

}  // namespace azekura::vault
