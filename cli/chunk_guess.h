#pragma once

#include "chunker/chunk_ends.h"
#include "core/extent_source.h"
#include "vault/hash.h"

#include <functional>
#include <optional>
#include <vector>

namespace azekura::cli {

/// Bytes of a file from an offset on; nullopt if they cannot be had.
using RangeReader =
    std::function<std::optional<Buffer>(std::uint64_t offset, std::uint32_t length)>;

/// The chunks of an extent whose pack says nothing of them any more, found by cutting what may be
/// its bytes: from `offset` of the file that `read` reads, as `ends` says. Empty if those are not
/// its bytes, which the ids of all chunks together tell: `hasher` is of the extent's set.
std::vector<WantedExtent> cut_again(const WantedExtent& extent, std::uint64_t offset,
                                    const RangeReader& read, const chunker::ChunkEnds& ends,
                                    vault::Hmac& hasher);

/// What the digest of an extent of this one chunk is.
Digest chunk_digest(ByteView chunk, vault::Hmac& hasher);

}  // namespace azekura::cli
