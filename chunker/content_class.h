#pragma once

#include "core/bytes.h"

#include <cstddef>
#include <cstdint>

namespace azekura::chunker {

/// Of a file's beginning, what classifying it looks at.
inline constexpr std::size_t kHeadBytes = 4 * kKiB;
/// A smaller file has so few chunks that its class does not matter.
inline constexpr std::uint64_t kClassifiedBytes = 128 * kKiB;

/// What becomes of a file from one night to the next.
enum class ContentClass : std::uint8_t {
  pages,         ///< changed in place, a page here and there: databases, disk images
  dump,          ///< written anew every night, much of it as before: SQL dumps
  written_once,  ///< never changed, does not compress: images, video, archives
  other,
};

/// The class of a file that begins with `head`; a shorter head than kHeadBytes is the whole file.
///
/// A file's beginning names its format as long as it lives, so its chunks end alike from one
/// version to the next.
/// Source: docs/adr/0014 and 0017, with the measurements.
ContentClass class_of(ByteView head) noexcept;

}  // namespace azekura::chunker
