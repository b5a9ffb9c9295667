#include "vault/codec.h"

#include "core/error.h"
#include "vault/sample_planes.h"

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
/// docs/adr/0027: planes are tried where the differences of a few of these samples have so much
/// less entropy, and taken where they make so much less of a part from the middle.
constexpr std::size_t kSamplesForPlanes = 4;
constexpr double kPlanesEntropy = 0.85;
constexpr std::size_t kTriedBytes = 64 * kKiB;
constexpr double kPlanesBytes = 0.97;

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

using Frequencies = std::array<std::uint32_t, 256>;

/// In bits a byte.
double entropy(const Frequencies& counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  return std::accumulate(counts.begin(), counts.end(), 0.0, [&](double bits, std::uint32_t count) {
    return count == 0 ? bits : bits - count / total * std::log2(count / total);
  });
}

/// `count` parts of it, evenly spread, each at an even place.
template <typename Look>
void look_at_samples(ByteView plain, std::size_t count, Look&& look) {
  const std::size_t stride = plain.size() / count / 2 * 2;
  for (std::size_t i = 0; i < count; ++i) {
    look(plain.subspan(i * stride, kSampleBytes));
  }
}

void count_bytes(ByteView bytes, Frequencies& counts) {
  for (const std::byte byte : bytes) {
    ++counts[std::to_integer<std::size_t>(byte)];
  }
}

double sampled_entropy(ByteView plain) {
  Frequencies counts{};
  look_at_samples(plain, kSamples, [&](ByteView sample) { count_bytes(sample, counts); });
  return entropy(counts);
}

/// Of the sample planes: the mean of the two.
double sampled_planes_entropy(ByteView plain) {
  std::array<Frequencies, 2> counts{};
  look_at_samples(plain, kSamplesForPlanes, [&](ByteView sample) {
    const Buffer planes = to_planes(sample);
    count_bytes(ByteView{planes}.first(kSampleBytes / 2), counts[0]);
    count_bytes(ByteView{planes}.subspan(kSampleBytes / 2), counts[1]);
  });
  return (entropy(counts[0]) + entropy(counts[1])) / 2;
}

/// The length of the frame, or zstd's error if it does not fit.
std::size_t compress_into(MutableBytes frame, ByteView plain) {
  return ZSTD_compressCCtx(compressor(), frame.data(), frame.size(), plain.data(), plain.size(),
                           kLevel);
}

std::size_t frame_bytes(ByteView plain) {
  Buffer frame(ZSTD_compressBound(plain.size()));
  const std::size_t size = compress_into(frame, plain);
  AZK_CHECK(ZSTD_isError(size) == 0);
  return size;
}

bool planes_are_smaller(ByteView plain) {
  const ByteView middle = plain.subspan((plain.size() - kTriedBytes) / 2, kTriedBytes);
  const auto as_planes = static_cast<double>(frame_bytes(to_planes(middle)));
  return as_planes < kPlanesBytes * static_cast<double>(frame_bytes(middle));
}

}  // namespace

Codec choose_codec(ByteView plain) {
  // A shorter block is cheaply tried.
  if (plain.size() < 2 * kSamples * kSampleBytes) {
    return Codec::zstd;
  }
  const double bits = sampled_entropy(plain);
  if (bits >= kNoiseBits) {
    return Codec::stored;
  }
  return sampled_planes_entropy(plain) < kPlanesEntropy * bits && planes_are_smaller(plain)
             ? Codec::zstd_planes
             : Codec::zstd;
}

std::optional<Buffer> compress(Codec codec, ByteView plain) {
  AZK_CHECK(codec != Codec::stored);
  if (plain.size() < kLeastSaving) {
    return std::nullopt;
  }
  if (codec == Codec::zstd_planes) {
    return compress(Codec::zstd, to_planes(plain));
  }
  Buffer payload(plain.size() - plain.size() / kLeastSaving);
  const std::size_t size = compress_into(payload, plain);
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
  if (codec == Codec::zstd_planes) {
    return from_planes(plain);
  }
  return plain;
}

}  // namespace azekura::vault
