#pragma once

#include "core/bytes.h"
#include "core/entry.h"
#include "core/extent_source.h"

#include <functional>
#include <string>

namespace azekura::restore {

/// Takes the next bytes of a content.
using ByteOutput = std::function<void(ByteView)>;

/// Hands `output` the bytes of a content in file order, holes as zeros; none before it is proven.
///
/// An extent beyond 64 MiB is kept in an unnamed file in `spill_directory` until it is proven.
/// Errors: at the first extent that cannot be had, its error, after all bytes before it; those of
/// `output` and resolve_extents; SystemError for the spill.
void write_content(ExtentSource& source, const Content& content, const ByteOutput& output,
                   const std::string& spill_directory);

}  // namespace azekura::restore
