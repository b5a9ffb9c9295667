#include "chunker/gear_scan_forms.h"

namespace azekura::chunker {

std::size_t scan_portably(ByteView bytes, ScanRange range, const GearTable& table,
                          std::uint16_t mask) noexcept {
  // Pointers, because checked subscripts would take longer than the hash.
  const std::byte* const data = bytes.data();
  const std::uint16_t* const of_byte = table.of_byte.data();
  const auto g = [=](std::size_t position) -> std::uint32_t {
    return of_byte[std::to_integer<std::size_t>(data[position])];
  };
  // A shift a byte pushes a value out of the 16 bits after 16 bytes: the rolling form is the sum.
  std::uint32_t hash = 0;
  for (std::size_t i = range.from - (kGearWindow - 1); i < range.from; ++i) {
    hash = (hash << 1U) + g(i);
  }
  std::size_t i = range.from;
  // Four at a time, so that a hash waits for the one four bytes back instead of its neighbour.
  for (; range.to - i >= 4; i += 4) {
    const std::uint32_t first = (hash << 1U) + g(i);
    const std::uint32_t second = (hash << 2U) + ((g(i) << 1U) + g(i + 1));
    const std::uint32_t third = (second << 1U) + g(i + 2);
    hash = (second << 2U) + ((g(i + 2) << 1U) + g(i + 3));
    if ((first & mask) == 0) {
      return i;
    }
    if ((second & mask) == 0) {
      return i + 1;
    }
    if ((third & mask) == 0) {
      return i + 2;
    }
    if ((hash & mask) == 0) {
      return i + 3;
    }
  }
  for (; i < range.to; ++i) {
    hash = (hash << 1U) + g(i);
    if ((hash & mask) == 0) {
      return i;
    }
  }
  return range.to;
}

}  // namespace azekura::chunker
