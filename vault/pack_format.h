#pragma once

#include "core/byte_reader.h"
#include "core/ids.h"
#include "vault/codec.h"
#include "vault/keyring.h"
#include "vault/session.h"

#include <array>
#include <string>
#include <vector>

/// The parts of a pack file that its writer, its reader and its keyless check share.
/// docs/format.md, section 7.
namespace azekura::vault {

inline constexpr std::string_view kPackMagic = "AZKPACK1";
inline constexpr std::string_view kPackTailMagic = "AZKTAIL1";
inline constexpr std::size_t kPackHeaderBytes = 96;
inline constexpr std::size_t kPackTailBytes = 64;
inline constexpr std::size_t kLocatorBytes = 16 + kBoxOverhead;
inline constexpr std::size_t kLocatorsBytes = 2 * kLocatorBytes;
inline constexpr std::size_t kCommitmentOffset = 64;

/// What a table or locator is, in its associated data.
enum class PackPart : std::uint8_t {
  block_table = 1,
  chunk_table = 2,
  block_table_locator = 3,
  chunk_table_locator = 4,
};

using NoncePart = std::array<std::byte, 8>;

struct BlockInfo {
  std::uint32_t stored_offset = 0;  ///< in the pack file
  std::uint32_t stored_bytes = 0;   ///< with the tag
  std::uint32_t plain_offset = 0;   ///< in the pack's plain content
  std::uint32_t plain_bytes = 0;
  Codec codec = Codec::stored;
  NoncePart nonce_part{};
  std::uint32_t first_chunk = 0;  ///< in BlockTable::chunk_lengths
  std::uint32_t chunk_count = 0;
};

struct BlockTable {
  std::vector<BlockInfo> blocks;
  std::vector<std::uint32_t> chunk_lengths;

  [[nodiscard]] Buffer encode() const;
  /// Errors: DamageError. `data_bytes` bounds the stored offsets.
  static BlockTable decode(ByteView bytes, std::uint64_t data_bytes);
};

struct ChunkRow {
  ChunkId id;
  std::uint32_t length = 0;
  std::uint32_t offset = 0;  ///< in the pack's plain content; not stored
};
using ChunkTable = std::vector<ChunkRow>;

Buffer encode_chunk_table(const ChunkTable& table);
/// Errors: DamageError.
ChunkTable decode_chunk_table(ByteView bytes);

/// Associated data of a table or locator.
Buffer part_associated(ByteView context, PackPart part);
/// Associated data of block `index`.
Buffer block_associated(ByteView context, std::uint32_t index, const BlockInfo& block);
Nonce block_nonce(std::uint32_t index, const NoncePart& part);

/// The chunk table of a pack, from its sealed form. Errors: DamageError.
ChunkTable open_chunk_table(const Secret& catalogue_key, const SessionIdentity& session,
                            std::uint32_t pack, ByteView sealed);

/// The data region's length of a pack that holds `used` bytes and was not closed because it was
/// full: Padmé, within the limits.
std::uint64_t padded_data_bytes(std::uint64_t used) noexcept;

std::size_t leaf_count(std::uint64_t data_bytes) noexcept;
/// Length of a pack file with a data region of `data_bytes`.
std::uint64_t pack_file_bytes(std::uint64_t data_bytes) noexcept;
/// The data region's length of a pack file of `file_bytes`.
/// Errors: DamageError if no pack has that length.
std::uint64_t pack_data_bytes(std::uint64_t file_bytes);
/// Length of one of a pack's leaves; the last may be shorter. Errors: as pack_data_bytes.
std::size_t leaf_bytes(const PackInfo& pack, std::uint32_t leaf);

Digest pack_root(const SetId& set, const SessionId& session, std::uint32_t pack,
                 std::uint64_t data_bytes, ByteView leaf_hashes);

/// What a pack begins with.
Buffer pack_header(const SessionIdentity& session, std::uint32_t pack, const PackKeys& keys);
/// What follows the data region: leaf hashes and tail.
Buffer pack_end(const PackInfo& info, ByteView leaf_hashes);

/// Like "packs/00/0000002a".
std::string pack_path(std::uint32_t number);

}  // namespace azekura::vault
