#include "chunker/gear_scan.h"

namespace azekura::chunker {

GearTable make_gear_table(const CutterKey& key) noexcept {
  GearTable table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    table[byte] = static_cast<std::uint16_t>(key.low[byte & 15U] ^ key.high[byte >> 4U]);
  }
  return table;
}

std::size_t find_candidate(ByteView bytes, ScanRange range, const GearTable& table,
                           std::uint16_t mask) noexcept {
  // A shift a byte pushes a value out of the 16 bits after 16 bytes: the rolling form is the sum.
  std::uint32_t hash = 0;
  for (std::size_t i = range.from - (kGearWindow - 1); i < range.from; ++i) {
    hash = (hash << 1U) + table[std::to_integer<std::size_t>(bytes[i])];
  }
  for (std::size_t i = range.from; i < range.to; ++i) {
    hash = (hash << 1U) + table[std::to_integer<std::size_t>(bytes[i])];
    if ((hash & mask) == 0) {
      return i;
    }
  }
  return range.to;
}

}  // namespace azekura::chunker
