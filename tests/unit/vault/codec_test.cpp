#include "vault/codec.h"

#include "core/error.h"
#include "core/limits.h"
#include "tests/support/random_bytes.h"
#include "vault/block.h"

#include <doctest/doctest.h>
#include <zstd.h>

#include <algorithm>

namespace azekura::vault {

namespace {

Buffer zeros(std::size_t size) { return Buffer(size, std::byte{0}); }

/// A zstd frame with or without its size in the header.
Buffer frame_of(ByteView plain, bool with_size) {
  Buffer frame(ZSTD_compressBound(plain.size()));
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, with_size ? 1 : 0);
  frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), plain.data(), plain.size()));
  ZSTD_freeCCtx(context);
  return frame;
}

}  // namespace

TEST_CASE("Codec: what compresses comes back, what does not is left alone") {
  for (const std::size_t size : {std::size_t{64}, std::size_t{4096}, std::size_t{2 * kMiB}}) {
    Buffer plain = zeros(size);
    for (std::size_t i = 0; i < size; i += 7) {
      plain[i] = static_cast<std::byte>(i / 1000);
    }
    for (const Codec codec : {Codec::zstd, Codec::zstd_planes}) {
      const std::optional<Buffer> payload = compress(codec, plain);
      REQUIRE(payload.has_value());
      CHECK(payload->size() <= size - size / 32);
      CHECK(expand(codec, *payload, size) == plain);
    }
    CHECK(choose_codec(plain) == Codec::zstd);
  }
  CHECK_FALSE(compress(Codec::zstd, tests::random_bytes(1, 100'000)).has_value());
  CHECK_FALSE(compress(Codec::zstd_planes, tests::random_bytes(1, 100'000)).has_value());
  CHECK_FALSE(compress(Codec::zstd, {}).has_value());
  CHECK_FALSE(compress(Codec::zstd, as_bytes("tiny")).has_value());
  const Buffer plain = tests::random_bytes(2, 1000);
  CHECK(expand(Codec::stored, plain, 1000) == plain);
}

TEST_CASE("Codec: noise is not tried, but what is noise for the most part is") {
  const Buffer noise = tests::random_bytes(3, 1'000'000);
  CHECK(choose_codec(noise) == Codec::stored);
  for (const std::size_t text_bytes : {100'000U, 300'000U}) {
    for (const std::size_t at : {0U, 350'000U, 700'000U}) {
      Buffer mixed = noise;
      std::fill_n(mixed.begin() + static_cast<std::ptrdiff_t>(at), text_bytes, std::byte{'x'});
      CHECK(choose_codec(mixed) == Codec::zstd);
      const std::optional<Buffer> frame = compress(Codec::zstd, mixed);
      REQUIRE(frame.has_value());
      CHECK(equal(expand(Codec::zstd, *frame, mixed.size()), mixed));
    }
  }
}

TEST_CASE("Codec: 16-bit samples are stored as planes, at whichever byte they begin") {
  // Slopes with noise, as in an image of 512 samples a row.
  tests::RandomNumbers numbers{4};
  Buffer image;
  for (unsigned i = 0; i < 500'000; ++i) {
    const auto sample = static_cast<unsigned>(1000 + i % 512 / 4 + numbers.next() % 32);
    image.push_back(static_cast<std::byte>(sample));
    image.push_back(static_cast<std::byte>(sample >> 8U));
  }
  for (const std::size_t begin : {0U, 1U}) {
    const ByteView plain = ByteView{image}.subspan(begin);
    REQUIRE(choose_codec(plain) == Codec::zstd_planes);
    const std::optional<Buffer> payload = compress(Codec::zstd_planes, plain);
    REQUIRE(payload.has_value());
    CHECK(payload->size() < compress(Codec::zstd, plain)->size() * 9 / 10);
    CHECK(equal(expand(Codec::zstd_planes, *payload, plain.size()), plain));
  }
  for (std::byte& byte : image) {  // letters
    byte = static_cast<std::byte>('a' + std::to_integer<unsigned>(byte) % 26);
  }
  CHECK(choose_codec(image) == Codec::zstd);
}

TEST_CASE("Codec: stored bytes of another size than promised are damage") {
  CHECK_THROWS_AS(expand(Codec::stored, zeros(10), 9), DamageError);
  CHECK_THROWS_AS(expand(Codec::stored, zeros(10), 11), DamageError);
}

TEST_CASE("Codec: a frame that says another size, or none, is refused before it is expanded") {
  const Buffer bomb = frame_of(zeros(64 * kMiB), true);
  REQUIRE(bomb.size() < 10'000);
  CHECK_THROWS_AS(expand(Codec::zstd, bomb, 1 * kMiB), DamageError);
  CHECK_THROWS_AS(expand(Codec::zstd, frame_of(zeros(1000), true), 1001), DamageError);
  CHECK_THROWS_AS(expand(Codec::zstd, frame_of(zeros(1000), true), 999), DamageError);
  CHECK_THROWS_AS(expand(Codec::zstd_planes, frame_of(zeros(1000), true), 999), DamageError);
  CHECK_THROWS_AS(expand(Codec::zstd, frame_of(zeros(1000), false), 1000), DamageError);
  CHECK(expand(Codec::zstd, frame_of(zeros(1000), true), 1000) == zeros(1000));
}

TEST_CASE("Codec: two frames, trailing bytes, a cut frame or a skippable one are refused") {
  const Buffer frame = frame_of(zeros(1000), true);
  Buffer two = frame;
  append(two, frame_of({}, true));
  CHECK_THROWS_AS(expand(Codec::zstd, two, 1000), DamageError);
  Buffer twice = frame;
  append(twice, frame);
  CHECK_THROWS_AS(expand(Codec::zstd, twice, 2000), DamageError);
  Buffer more = frame;
  more.push_back(std::byte{0});
  CHECK_THROWS_AS(expand(Codec::zstd, more, 1000), DamageError);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    CHECK_THROWS_AS(expand(Codec::zstd, ByteView{frame}.first(size), 1000), DamageError);
  }
  const Buffer skippable = from_hex("502a4d1800000000");
  CHECK_THROWS_AS(expand(Codec::zstd, skippable, 8), DamageError);
}

TEST_CASE("Codec: a damaged frame gives an error or bytes of the promised size, never more") {
  tests::RandomNumbers numbers{1};
  Buffer plain = tests::random_bytes(3, 20'000);
  std::fill(plain.begin() + 5000, plain.end(), std::byte{7});
  const Buffer frame = frame_of(plain, true);
  for (int i = 0; i < 3000; ++i) {
    Buffer bytes = frame;
    bytes[numbers.next() % bytes.size()] ^= static_cast<std::byte>(1U << numbers.next() % 8);
    std::size_t size = plain.size();
    try {
      size = expand(Codec::zstd, bytes, plain.size()).size();
    } catch (const DamageError&) {
      continue;
    }
    REQUIRE(size == plain.size());
  }
}

TEST_CASE("compress_block: keeps ids and lengths, and stores what does not shrink") {
  PreparedBlock block;
  block.payload = zeros(50'000);
  block.plain_bytes = 50'000;
  block.ids.resize(2);
  block.lengths = {20'000, 30'000};
  compress_block(block);
  CHECK(block.codec == Codec::zstd);
  CHECK(block.payload.size() < 1000);
  CHECK(block.lengths == std::vector<std::uint32_t>{20'000, 30'000});
  CHECK(expand(block.codec, block.payload, block.plain_bytes) == zeros(50'000));
  block.payload = tests::random_bytes(1, 50'000);
  compress_block(block);
  CHECK(block.codec == Codec::stored);
  CHECK(block.payload == tests::random_bytes(1, 50'000));
}

}  // namespace azekura::vault
