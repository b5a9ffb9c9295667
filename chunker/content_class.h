#pragma once

#include "chunker/cutter.h"
#include "core/bytes.h"

#include <cstddef>
#include <cstdint>

namespace azekura::chunker {

/// Of a file's beginning, what classifying it looks at.
inline constexpr std::size_t kHeadBytes = 4 * kKiB;
/// A smaller file has so few chunks that its class does not matter.
inline constexpr std::uint64_t kClassifiedBytes = 128 * kKiB;

/// T for a file that begins with `head`; a shorter head than kHeadBytes is the whole file.
///
/// Small for what is changed in place, a page here and there, or dumped anew every night:
/// databases, disk images, SQL dumps. Large for what is written once and does not compress:
/// images, video, archives. Medium for all else. A file's beginning names its format as long as
/// it lives, so T stays from one version to the next.
/// Source: docs/adr/0014, with the measurements.
ChunkTarget target_of(ByteView head) noexcept;

}  // namespace azekura::chunker
