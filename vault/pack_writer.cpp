#include "vault/pack_writer.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/limits.h"
#include "core/sabotage.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace azekura::vault {

namespace {
constexpr std::size_t kBlockRowBytes = 4 + 4 + 1 + 8 + 4;
constexpr std::size_t kChunkRowBytes = 4 + ChunkId::kBytes + 4;  // its length is in both tables
}  // namespace

PackWriter::PackWriter(std::string path, const SessionIdentity& session, std::uint32_t number,
                       const Secret& session_key, const Secret& catalogue_key)
    : path_{std::move(path)},
      session_{session},
      number_{number},
      context_{pack_context(session, number)},
      keys_{PackKeys::of(session_key, session, number)},
      chunk_table_key_{vault::chunk_table_key(catalogue_key, context_)},
      sealer_{keys_.block},
      nonce_prf_{keys_.block_nonce.bytes()},
      file_{open_file(path_ + ".part", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)} {
  ByteWriter header;
  header.text(kPackMagic).u16(1).u16(0).u32(number_).id(session_.set).id(session_.session);
  header.u32(session_.number).u32(0).u64(0).id(keys_.commitment(context_));
  AZK_CHECK(header.size() == kPackHeaderBytes);
  write(header.view());
}

std::uint64_t PackWriter::tables_bytes(std::size_t more_blocks,
                                       std::size_t more_chunks) const noexcept {
  return 2 * (4 + kBoxOverhead) + (blocks_.blocks.size() + more_blocks) * kBlockRowBytes +
         (chunks_.size() + more_chunks) * kChunkRowBytes + kLocatorsBytes;
}

bool PackWriter::fits(std::size_t payload_bytes, std::size_t plain_bytes,
                      std::size_t chunks) const noexcept {
  return written_ + payload_bytes + kTagBytes + tables_bytes(1, chunks) <= limits::kPackDataBytes &&
         plain_bytes_ + plain_bytes <= limits::kPackPlainMax &&
         blocks_.blocks.size() < limits::kPackBlocksMax &&
         chunks_.size() + chunks <= limits::kPackChunksMax;
}

void PackWriter::append(const PreparedBlock& block) {
  AZK_CHECK(fits(block.payload.size(), block.plain_bytes, block.ids.size()));
  const auto index = static_cast<std::uint32_t>(blocks_.blocks.size());
  BlockInfo info;
  info.stored_offset = static_cast<std::uint32_t>(written_);
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
  const Buffer sealed = sealer_.seal(nonce, associated, block.payload);
  Buffer opened(block.payload.size());
  // The round trip that must hold before the block counts.
  AZK_CHECK(sealer_.open(nonce, associated, sealed, opened) && opened == block.payload);
  write(sealed);

  blocks_.blocks.push_back(info);
  std::uint32_t offset = plain_bytes_;
  for (std::size_t i = 0; i < block.ids.size(); ++i) {
    blocks_.chunk_lengths.push_back(block.lengths[i]);
    chunks_.push_back({block.ids[i], block.lengths[i], offset});
    offset += block.lengths[i];
  }
  plain_bytes_ = offset;
}

void PackWriter::write(ByteView bytes) {
  write_all(file_.get(), bytes, path_);
  hash_leaves(bytes);
  written_ += bytes.size();
}

void PackWriter::hash_leaves(ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t part = std::min<std::size_t>(bytes.size(), limits::kLeafBytes - leaf_bytes_);
    leaf_.update(bytes.first(part));
    leaf_bytes_ += part;
    bytes = bytes.subspan(part);
    if (leaf_bytes_ == limits::kLeafBytes) {
      azekura::append(leaf_hashes_, leaf_.finish().bytes());
      leaf_bytes_ = 0;
    }
  }
}

void PackWriter::write_tables(bool full) {
  const Buffer block_table = seal_box(
      keys_.block_table, part_associated(context_, PackPart::block_table), blocks_.encode());
  sealed_chunks_ = seal_box(chunk_table_key_, part_associated(context_, PackPart::chunk_table),
                            encode_chunk_table(chunks_));
  const std::uint64_t block_table_offset = written_;
  write(block_table);
  const std::uint64_t chunk_table_offset = written_;
  write(sealed_chunks_);

  const std::uint64_t used = written_ + kLocatorsBytes;
  const std::uint64_t data_bytes = full ? limits::kPackDataBytes : padded_data_bytes(used);
  AZK_CHECK(used <= data_bytes);
  Buffer padding(static_cast<std::size_t>(data_bytes - used));
  fill_random(padding);
  write(padding);
  const auto locator = [](std::uint64_t offset, std::uint64_t length) {
    return ByteWriter{}.u64(offset).u64(length).take();
  };
  write(seal_box(keys_.block_table, part_associated(context_, PackPart::block_table_locator),
                 locator(block_table_offset, block_table.size())));
  write(seal_box(chunk_table_key_, part_associated(context_, PackPart::chunk_table_locator),
                 locator(chunk_table_offset, sealed_chunks_.size())));
}

PackInfo PackWriter::finish(bool full) {
  write_tables(full);
  const std::uint64_t data_bytes = written_;
  if (leaf_bytes_ > 0) {
    azekura::append(leaf_hashes_, leaf_.finish().bytes());
    leaf_bytes_ = 0;
  }
  PackInfo info;
  info.number = number_;
  info.session = session_.number;
  info.file_bytes = pack_file_bytes(data_bytes);
  info.root = pack_root(session_.set, session_.session, number_, data_bytes, leaf_hashes_);
  ByteWriter tail;
  tail.bytes(leaf_hashes_).text(kPackTailMagic).u32(number_);
  tail.u32(static_cast<std::uint32_t>(leaf_count(data_bytes))).u64(data_bytes).id(info.root);
  tail.u64(0);
  write_all(file_.get(), tail.view(), path_);
  if (!sabotaged(Sabotage::no_fsync)) {
    sync_file(file_.get(), path_);
  }
  file_.close();
  if (::rename((path_ + ".part").c_str(), path_.c_str()) != 0) {
    throw SystemError{errno, "rename a finished pack in the spool"};
  }
  return info;
}

}  // namespace azekura::vault
