#pragma once

#include "core/bytes.h"
#include "core/entry.h"
#include "core/extent_source.h"
#include "restore/report.h"

#include <span>

namespace azekura::restore {

/// Some bytes of a content, proven, holes as zeros. Of a long extent only the chunks that have them
/// are fetched, if the records of its chunks can be had.
///
/// Memory: `range`, whatever the extents are. Requires: `extents` cover it. Errors: the first of an
/// extent that cannot be had; a medium that is gone.
Buffer read_range(ExtentSource& source, std::span<const Extent> extents, const ByteRange& range);

}  // namespace azekura::restore
