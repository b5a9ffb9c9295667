#pragma once

#include "core/bytes.h"

#include <optional>

namespace azekura::vault {

/// How a pack stores a block's plain bytes: as they are, as one zstd frame, or as one zstd frame of
/// their sample planes (vault/sample_planes.h).
enum class Codec : std::uint8_t { stored = 0, zstd = 1, zstd_planes = 2 };
constexpr Codec kLastCodec = Codec::zstd_planes;

/// The codec that suits: stored if samples look like bytes that are compressed or encrypted
/// already, zstd_planes if they look like 16-bit samples. Threads: any.
Codec choose_codec(ByteView plain);

/// The payload; nullopt if it would not save at least 1/32 of the bytes. Requires: not stored.
/// Threads: any; each thread keeps a context. Errors: InternalError if zstd fails.
std::optional<Buffer> compress(Codec codec, ByteView plain);

/// Expands a payload to exactly `plain_size` bytes. Errors: DamageError if it is anything else.
/// Requires: plain_size within limits::kBlockPlainMax, checked by the caller.
Buffer expand(Codec codec, ByteView payload, std::size_t plain_size);

}  // namespace azekura::vault
