#pragma once

#include "vault/pack_file.h"
#include "vault/pack_format.h"

#include <string>
#include <vector>

namespace azekura::vault {

/// A block on its way into a pack: chunks of one lane, compressed if that helped.
struct PreparedBlock {
  std::vector<ChunkId> ids;
  std::vector<std::uint32_t> lengths;
  std::uint32_t plain_bytes = 0;
  Codec codec = Codec::stored;
  Buffer payload;
};

/// Writes one pack file in its final form: blocks, tables, padding, leaf hashes, tail.
///
/// The file is finished, durable and at its path only after finish(); until then it is a PackFile
/// in the making.
/// Errors: SystemError (kind space on a full disk).
class PackWriter {
 public:
  PackWriter(std::string path, const SessionIdentity& session, std::uint32_t number,
             const Secret& session_key, const Secret& catalogue_key);

  [[nodiscard]] std::uint32_t number() const noexcept { return number_; }
  [[nodiscard]] bool empty() const noexcept { return blocks_.blocks.empty(); }
  /// Where the next block's plain bytes begin.
  [[nodiscard]] std::uint32_t plain_bytes() const noexcept { return plain_bytes_; }
  /// Length of the file so far.
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_.size(); }
  /// True if a block of these sizes still fits into a pack of kPackDataBytes.
  [[nodiscard]] bool fits(std::size_t payload_bytes, std::size_t plain_bytes,
                          std::size_t chunks) const noexcept;
  /// False if it does not fit so many more chunks, whatever their size.
  [[nodiscard]] bool fits_chunks(std::size_t chunks) const noexcept;

  /// Encrypts, opens again to compare, and appends. Requires: it fits.
  void append(const PreparedBlock& block);

  /// Writes tables, padding, hashes and tail. `full`: pad to kPackDataBytes, else by Padmé.
  PackInfo finish(bool full);

  /// After finish(): the sealed chunk table, for the catalogue.
  [[nodiscard]] const Buffer& sealed_chunk_table() const noexcept { return sealed_chunks_; }
  [[nodiscard]] const ChunkTable& chunks() const noexcept { return chunks_; }

 private:
  [[nodiscard]] std::uint64_t tables_bytes(std::size_t more_blocks,
                                           std::size_t more_chunks) const noexcept;
  void write_tables(bool full);

  SessionIdentity session_;
  std::uint32_t number_;
  Buffer context_;
  PackKeys keys_;
  Secret chunk_table_key_;
  Sealer sealer_;
  Hmac nonce_prf_;
  Buffer opened_;  ///< kept for its memory
  PackFile file_;
  BlockTable blocks_;
  ChunkTable chunks_;
  Buffer sealed_chunks_;
  std::uint32_t plain_bytes_ = 0;
};

}  // namespace azekura::vault
