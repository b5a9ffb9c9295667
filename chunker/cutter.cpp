#include "chunker/cutter.h"

#include "core/checksum.h"
#include "core/error.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace azekura::chunker {

namespace {

constexpr std::size_t kConfirmWindow = 64;

/// Of the candidates, one in 2^zero_bits positions, so many are cuts that the mean is met.
std::uint64_t threshold_of(const CutterLimits& limits) noexcept {
  return std::numeric_limits<std::uint64_t>::max() / limits.mean << limits.zero_bits;
}

}  // namespace

CutterLimits limits_of(ChunkTarget target) noexcept {
  const auto bytes = static_cast<std::uint32_t>(target);
  // One candidate in T/64 positions, as long as that leaves enough of them to confirm.
  const unsigned zero_bits = std::min(10U, static_cast<unsigned>(std::bit_width(bytes)) - 7U);
  return {.min = std::size_t{bytes} * 3 / 5,
          .max = std::size_t{bytes} * 4,
          .mean = std::uint64_t{bytes} * 2 / 5,
          .zero_bits = zero_bits};
}

Cutter::Cutter(const CutterKey& key, ChunkTarget target, GearScan scan)
    : limits_{limits_of(target)},
      table_{make_gear_table(key)},
      secret_{key.confirm},
      mask_{top_bits(limits_.zero_bits)},
      threshold_{threshold_of(limits_)},
      scan_{scan} {
  AZK_CHECK(limits_.min > kGearMargin);
}

bool Cutter::is_confirmed(ByteView bytes, std::size_t end) const noexcept {
  // The minimum is longer than the window, so the window lies inside the chunk.
  const ByteView window = bytes.subspan(end + 1 - kConfirmWindow, kConfirmWindow);
  return keyed_checksum(window, secret_) < threshold_;
}

std::optional<std::size_t> Cutter::find(ByteView bytes, std::uint64_t /*offset*/,
                                        std::size_t searched) const noexcept {
  // At position max - 1 the chunk ends whatever the hash says.
  const std::size_t stop = std::min(bytes.size(), limits_.max - 1);
  std::size_t position = std::max(limits_.min - 1, searched);
  while (position < stop) {
    position = scan_(bytes, {position, stop}, table_, mask_);
    if (position < stop && is_confirmed(bytes, position)) {
      return position + 1;
    }
    ++position;
  }
  if (bytes.size() >= limits_.max) {
    return limits_.max;
  }
  return std::nullopt;
}

std::vector<std::uint32_t> Cutter::cut(ByteView stream) const {
  std::vector<std::uint32_t> lengths;
  while (!stream.empty()) {
    const std::size_t length = find(stream, 0, 0).value_or(stream.size());
    lengths.push_back(static_cast<std::uint32_t>(length));
    stream = stream.subspan(length);
  }
  return lengths;
}

}  // namespace azekura::chunker
