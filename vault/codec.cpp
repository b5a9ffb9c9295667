#include "vault/codec.h"

#include "core/error.h"

#include <zstd.h>

#include <array>
#include <cmath>
#include <memory>
#include <numeric>

namespace azekura::vault {

namespace {

/// docs/adr/0013: level 2 over blocks of 1 MiB.
constexpr int kLevel = 2;
constexpr std::size_t kLeastSaving = 32;

/// Bytes are worth an attempt unless their frequencies are as even as those of noise. 32 KiB of
/// noise have 7.994 bits a byte on average; JPEG, zip and ciphertext have 7.96 and more.
constexpr std::size_t kSamples = 16;
constexpr std::size_t kSampleBytes = 2 * kKiB;
constexpr double kNoiseBits = 7.95;

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

/// The entropy of the byte frequencies in evenly spread samples, in bits a byte.
double sampled_entropy(ByteView plain) {
  const std::size_t stride = plain.size() / kSamples;
  std::array<std::uint32_t, 256> counts{};
  for (std::size_t sample = 0; sample < kSamples; ++sample) {
    for (const std::byte byte : plain.subspan(sample * stride, kSampleBytes)) {
      ++counts[std::to_integer<std::size_t>(byte)];
    }
  }
  constexpr double kTotal = kSamples * kSampleBytes;
  return std::accumulate(counts.begin(), counts.end(), 0.0, [](double bits, std::uint32_t count) {
    return count == 0 ? bits : bits - count / kTotal * std::log2(count / kTotal);
  });
}

/// Too short a block is cheaply tried.
bool looks_like_noise(ByteView plain) {
  return plain.size() >= 2 * kSamples * kSampleBytes && sampled_entropy(plain) >= kNoiseBits;
}

}  // namespace

std::optional<Buffer> compress(ByteView plain) {
  if (plain.size() < kLeastSaving || looks_like_noise(plain)) {
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
