#pragma once

#include "core/bytes.h"
#include "core/entry.h"
#include "core/extent_source.h"
#include "restore/spill_file.h"

#include <functional>

namespace azekura::restore {

/// Takes the next bytes of a content.
using ByteOutput = std::function<void(ByteView)>;

/// Hands `output` the bytes of a content in file order, holes as zeros; none before it is proven.
///
/// An extent beyond 64 MiB is kept in `spill` until it is proven.
/// Errors: at the first extent that cannot be had, its error, after all bytes before it; those of
/// `output` and resolve_extents; SystemError for the spill.
void write_content(ExtentSource& source, const Content& content, const ByteOutput& output,
                   const SpillFile& spill);

}  // namespace azekura::restore
