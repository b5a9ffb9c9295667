#pragma once

#include "core/bytes.h"
#include "core/chunk_sink.h"

#include <array>
#include <cstddef>
#include <cstdint>

/// The candidate search of the cutter: positions whose 16-byte window hash starts with zeros.
///
///   g(b) = low[b & 15] ^ high[b >> 4]
///   h(i) = sum over j = 0..15 of (g(byte[i - j]) << j), mod 2^16
///
/// It comes in several forms with one result. Source: docs/format.md, section 5.
namespace azekura::chunker {

inline constexpr std::size_t kGearWindow = 16;

/// A search begins so far behind the begin of the bytes, because forms read whole vectors.
inline constexpr std::size_t kGearMargin = 128;

/// g for every byte value, and the tables of its nibbles split in bytes, as vectors look them up.
struct GearTable {
  using Bytes = std::array<std::uint8_t, 16>;

  std::array<std::uint16_t, 256> of_byte{};
  Bytes low_0{};   ///< of the low nibble: the low byte of g's part,
  Bytes low_1{};   ///< the high byte
  Bytes high_0{};  ///< of the high nibble likewise
  Bytes high_1{};
};

GearTable make_gear_table(const CutterKey& key) noexcept;

/// The bits of h that are zero at a candidate: its top `count` bits.
constexpr std::uint16_t top_bits(unsigned count) noexcept {
  return static_cast<std::uint16_t>(0xFFFF0000U >> count);
}

/// A range of positions in one chunk.
struct ScanRange {
  std::size_t from = 0;
  std::size_t to = 0;
};

/// The first position in [range.from, range.to) with h & mask = 0, or range.to.
///
/// Requires: kGearMargin <= range.from <= range.to <= bytes.size(). Threads: any.
using GearScan = std::size_t (*)(ByteView bytes, ScanRange range, const GearTable& table,
                                 std::uint16_t mask) noexcept;

enum class GearForm { portable, avx2, avx512 };

/// The search in this form; nullptr if this machine cannot run it.
GearScan find_gear_scan(GearForm form) noexcept;

/// The search in the fastest form this machine can run. Chosen once.
GearScan fastest_gear_scan() noexcept;

}  // namespace azekura::chunker
