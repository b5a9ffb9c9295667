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
/// Source: docs/format.md, section 5.
namespace azekura::chunker {

inline constexpr std::size_t kGearWindow = 16;

/// g for every byte value.
using GearTable = std::array<std::uint16_t, 256>;

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
/// Requires: kGearWindow - 1 <= range.from <= range.to <= bytes.size().
std::size_t find_candidate(ByteView bytes, ScanRange range, const GearTable& table,
                           std::uint16_t mask) noexcept;

}  // namespace azekura::chunker
