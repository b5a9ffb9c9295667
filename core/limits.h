#pragma once

#include "core/bytes.h"

/// Every bound of the format and of the engine, each with its reason. docs/format.md, section 3.
namespace azekura::limits {

/// Plain bytes of a block: large enough to compress well, small enough for a core's L2.
inline constexpr std::uint32_t kBlockPlainTarget = 1 * kMiB;
inline constexpr std::uint32_t kBlockPlainMax = 2 * kMiB;
/// A block that does not shrink is stored as it is, so it never grows.
inline constexpr std::uint32_t kBlockStoredMax = kBlockPlainMax + 16;
inline constexpr std::uint32_t kChunkMax = 1 * kMiB;
inline constexpr std::uint32_t kBlockChunksMax = 16384;

/// Data region of a full pack: the unit of I/O, integrity and parity.
inline constexpr std::uint64_t kPackDataBytes = 64 * kMiB;
inline constexpr std::uint64_t kPackPlainMax = 1 * kGiB;
inline constexpr std::uint64_t kPackDataMin = 16 * kKiB;
inline constexpr std::uint32_t kPackBlocksMax = 65536;
/// A writer closes a pack at kPackChunksTarget, so that of very small files it holds few at a time.
inline constexpr std::uint32_t kPackChunksTarget = 1U << 17U;
inline constexpr std::uint32_t kPackChunksMax = 1U << 20U;
inline constexpr std::uint64_t kLeafBytes = 64 * kKiB;

/// Parity of a session: leaves of a stripe, files of parity, rows of packs.
inline constexpr unsigned kStripeLeavesMax = 128;
inline constexpr unsigned kParityFilesMax = 4;
inline constexpr unsigned kParityRowsMax = 4;

/// Names: what Linux allows.
inline constexpr std::size_t kNameMax = 255;
inline constexpr std::size_t kSymlinkMax = 4095;
inline constexpr std::size_t kXattrNameMax = 255;
inline constexpr std::size_t kXattrValueMax = 64 * kKiB;
inline constexpr std::size_t kXattrsMax = 4096;
/// Directories below each other that a reader follows; a deeper tree is hostile.
inline constexpr std::size_t kTreeDepthMax = 4096;
/// Extents kept inside an entry; a longer list is stored as bytes of its own.
inline constexpr std::size_t kInlineExtents = 16;
inline constexpr std::uint64_t kExtentListBytesMax = 1 * kGiB;
/// Largest logical file size Linux can address (off_t).
inline constexpr std::uint64_t kFileBytesMax = (1ULL << 63U) - 1;

/// Session objects that a reader takes into memory.
inline constexpr std::uint64_t kHeaderBytesMax = 64 * kMiB;
inline constexpr std::uint64_t kManifestBytesMax = 256 * kMiB;
inline constexpr std::uint64_t kSealBytesMax = 64 * kKiB;
inline constexpr std::uint64_t kLabelBytesMax = 64 * kKiB;
inline constexpr std::uint32_t kRecipientsMax = 16;
inline constexpr std::uint32_t kSourcesMax = 4096;
inline constexpr std::uint32_t kSessionsMax = 1'000'000;
inline constexpr std::size_t kTextMax = 64 * kKiB;

}  // namespace azekura::limits
