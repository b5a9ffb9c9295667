#pragma once

#include "core/bytes.h"

#include <optional>

namespace azekura::vault {

enum class Codec : std::uint8_t { stored = 0, zstd = 1 };

/// Compresses into one zstd frame; nullopt if that would not save at least 1/32 of the bytes, or
/// if samples look like bytes that are compressed or encrypted already.
/// Threads: any; each thread keeps a context. Errors: InternalError if zstd fails.
std::optional<Buffer> compress(ByteView plain);

/// Expands a payload to exactly `plain_size` bytes. Errors: DamageError if it is anything else.
/// Requires: plain_size within limits::kBlockPlainMax, checked by the caller.
Buffer expand(Codec codec, ByteView payload, std::size_t plain_size);

}  // namespace azekura::vault
