#pragma once

#include "chunker/chunk_ends.h"
#include "chunker/gear_scan.h"
#include "core/bytes.h"
#include "core/chunk_sink.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace azekura::chunker {

/// T: the chunk length aimed at, in bytes.
enum class ChunkTarget : std::uint32_t {
  tiny = 4 * kKiB,
  small = 16 * kKiB,
  medium = 64 * kKiB,
  large = 256 * kKiB,
};

/// T by what is cut; for files see file_cutters.h. Commands dump databases, most of the time.
inline constexpr ChunkTarget kStreamTarget = ChunkTarget::small;
inline constexpr ChunkTarget kDirectoryTarget = ChunkTarget::medium;

/// Where cuts may fall, in bytes.
struct CutterLimits {
  std::size_t min = 0;
  std::size_t max = 0;
  std::uint64_t mean = 0;  ///< of the exponential part after the minimum
  unsigned zero_bits = 0;  ///< of the window hash of a candidate
};

CutterLimits limits_of(ChunkTarget target) noexcept;

/// Finds content-defined chunk ends with a keyed, position-local hash (Gear16).
///
/// The byte at e ends a chunk of L bytes when L = max; or when L >= min, e is a candidate
/// (gear_scan.h) and the keyed hash of bytes e-63..e is below a threshold; or when the stream
/// ends. Equal bytes, key and target give equal chunks, however the stream is fed.
/// Threads: any, it has no state. Source: docs/format.md, section 5.
class Cutter final : public ChunkEnds {
 public:
  /// Every form of the scan cuts equally; only tests and benchmarks name one.
  Cutter(const CutterKey& key, ChunkTarget target, GearScan scan = fastest_gear_scan());

  [[nodiscard]] const CutterLimits& limits() const noexcept { return limits_; }

  /// Shape: min <= result <= max. Where in its stream the chunk begins does not matter.
  [[nodiscard]] std::optional<std::size_t> find(ByteView bytes, std::uint64_t offset,
                                                std::size_t searched) const noexcept override;

  /// The chunk lengths of a whole stream; their sum is stream.size().
  [[nodiscard]] std::vector<std::uint32_t> cut(ByteView stream) const;

 private:
  [[nodiscard]] bool is_confirmed(ByteView bytes, std::size_t end) const noexcept;

  CutterLimits limits_;
  GearTable table_;
  std::array<std::byte, 192> secret_;
  std::uint16_t mask_;
  std::uint64_t threshold_;
  GearScan scan_;
};

}  // namespace azekura::chunker
