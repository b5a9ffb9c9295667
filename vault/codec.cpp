#include "vault/codec.h"

#include "core/error.h"

#include <zstd.h>

#include <memory>

namespace azekura::vault {

namespace {

/// docs/adr/0005: level 3 over 512 KiB blocks.
constexpr int kLevel = 3;
constexpr std::size_t kLeastSaving = 32;

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeExpander {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx* compressor() {
  thread_local std::unique_ptr<ZSTD_CCtx, FreeCompressor> context{ZSTD_createCCtx()};
  AZK_CHECK(context != nullptr);
  return context.get();
}

ZSTD_DCtx* expander() {
  thread_local std::unique_ptr<ZSTD_DCtx, FreeExpander> context{ZSTD_createDCtx()};
  AZK_CHECK(context != nullptr);
  return context.get();
}

}  // namespace

std::optional<Buffer> compress(ByteView plain) {
  if (plain.size() < kLeastSaving) {
    return std::nullopt;
  }
  Buffer payload(plain.size() - plain.size() / kLeastSaving);
  const std::size_t size = ZSTD_compressCCtx(compressor(), payload.data(), payload.size(),
                                             plain.data(), plain.size(), kLevel);
  if (ZSTD_isError(size) != 0) {
    return std::nullopt;  // does not fit: not worth it
  }
  payload.resize(size);
  return payload;
}

Buffer expand(Codec codec, ByteView payload, std::size_t plain_size) {
  if (codec == Codec::stored) {
    if (payload.size() != plain_size) {
      throw DamageError{"a block has {} bytes, {} were promised", payload.size(), plain_size};
    }
    return {payload.begin(), payload.end()};
  }
  // One frame that says its size, so that nothing is expanded beyond the buffer or twice.
  if (ZSTD_getFrameContentSize(payload.data(), payload.size()) != plain_size ||
      ZSTD_findFrameCompressedSize(payload.data(), payload.size()) != payload.size()) {
    throw DamageError{"a block is not one zstd frame of {} bytes", plain_size};
  }
  Buffer plain(plain_size);
  const std::size_t size =
      ZSTD_decompressDCtx(expander(), plain.data(), plain.size(), payload.data(), payload.size());
  if (ZSTD_isError(size) != 0 || size != plain_size) {
    throw DamageError{"a block of {} bytes does not expand", plain_size};
  }
  return plain;
}

}  // namespace azekura::vault
