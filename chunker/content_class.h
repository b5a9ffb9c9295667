#pragma once

#include "core/bytes.h"

#include <cstddef>
#include <cstdint>

namespace azekura::chunker {

/// Of a file's beginning, what classifying it looks at.
inline constexpr std::size_t kHeadBytes = 4 * kKiB;
/// A smaller file is cut into few chunks whatever it is, and is not looked into first.
inline constexpr std::uint64_t kClassifiedBytes = 128 * kKiB;

/// What becomes of a file from one night to the next.
enum class ContentClass : std::uint8_t {
  pages,         ///< changed in place, a page here and there: databases, disk images
  written_once,  ///< never changed, does not compress: images, video, archives
  other,         ///< edited, grown, or written anew with much of it as before
};

/// The class of a file that begins with `head`; a shorter head than kHeadBytes is the whole file.
///
/// A file's beginning names its format as long as it lives, so its chunks end alike from one
/// version to the next.
/// Source: docs/adr/0014, 0017 and 0028, with the measurements.
ContentClass class_of(ByteView head) noexcept;

}  // namespace azekura::chunker
