#pragma once

#include "core/bytes.h"
#include "core/entry.h"
#include "core/extent_source.h"
#include "core/spare_source.h"
#include "restore/spill_file.h"

#include <functional>
#include <optional>
#include <span>
#include <string>

namespace azekura::restore {

/// Takes the next bytes of a content.
using ByteOutput = std::function<void(ByteView)>;

/// Hands `output` the bytes of a content in file order, holes as zeros; none before it is proven.
///
/// An extent beyond 64 MiB is kept in `spill` until it is proven. What the source has not is asked
/// of `spare`, if there is one, as of the file at `path`.
/// Errors: at the first extent that cannot be had, its error, after all bytes before it; those of
/// `output` and resolve_extents; SystemError for the spill.
void write_content(ExtentSource& source, const Content& content, const ByteOutput& output,
                   const SpillFile& spill, SpareSource* spare = nullptr,
                   const std::string& path = {});

/// Bytes of a content, whose extents these are, proven; nullopt if it ends before, or they cannot
/// be had. Only the chunks that have them are read. Errors: MediumError.
std::optional<Buffer> read_range(ExtentSource& source, std::span<const Extent> extents,
                                 std::uint64_t offset, std::uint32_t length);

/// Whether every byte of a content can be had; reads it all. Errors: MediumError.
bool is_whole(ExtentSource& source, const Content& content);

}  // namespace azekura::restore
