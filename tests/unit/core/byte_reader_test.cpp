#include "core/byte_reader.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

namespace azekura {

TEST_CASE("ByteReader: reads back every value the writer wrote") {
  const Buffer bytes = ByteWriter{}
                           .u8(0xFE)
                           .u16(0x0102)
                           .u32(0x01020304)
                           .u64(0x0102030405060708)
                           .i64(-2)
                           .short_bytes(as_bytes("short"))
                           .long_bytes(as_bytes("long"))
                           .take();
  CHECK(std::to_integer<int>(bytes[1]) == 2);  // little-endian
  ByteReader in{bytes, "an object"};
  CHECK(in.u8() == 0xFE);
  CHECK(in.u16() == 0x0102);
  CHECK(in.u32() == 0x01020304);
  CHECK(in.u64() == 0x0102030405060708);
  CHECK(in.i64() == -2);
  CHECK(in.short_text(5) == "short");
  CHECK(as_text(in.long_bytes(4)) == "long");
  CHECK(in.at_end());
  in.expect_end();
}

TEST_CASE("ByteReader: a value cut off at any byte is damage, and nothing is read beyond the end") {
  const Buffer whole = ByteWriter{}.u64(7).long_bytes(as_bytes("0123456789")).take();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const Buffer cut{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
    ByteReader in{cut, "an object"};
    const auto read = [&] {
      static_cast<void>(in.u64());
      static_cast<void>(in.long_bytes(10));
    };
    CHECK_THROWS_AS(read(), DamageError);
  }
}

TEST_CASE("ByteReader: a length beyond its limit is damage even if the bytes are there") {
  const Buffer shorts = ByteWriter{}.short_bytes(as_bytes("12345")).take();
  const Buffer longs = ByteWriter{}.long_bytes(as_bytes("12345")).take();
  CHECK_THROWS_AS(static_cast<void>((ByteReader{shorts, "it"}.short_bytes(4))), DamageError);
  CHECK_THROWS_AS(static_cast<void>((ByteReader{longs, "it"}.long_bytes(4))), DamageError);
  CHECK_THROWS_AS(static_cast<void>((ByteReader{longs, "it"}.bytes(UINT64_MAX))), DamageError);
}

TEST_CASE("ByteReader: left-over bytes are damage, and the message names the object") {
  const Buffer bytes = ByteWriter{}.u8(1).take();
  const ByteReader in{bytes, "the label"};
  CHECK_THROWS_WITH_AS(in.expect_end(), doctest::Contains("the label"), DamageError);
}

TEST_CASE("Ids: hexadecimal text round trips; anything else is refused") {
  const Buffer bytes = tests::random_bytes(5, 32);
  const auto id = ChunkId::from_bytes(bytes);
  CHECK(from_hex(id.hex()) == bytes);
  CHECK(id.hex().size() == 64);
  CHECK(id.short_hex() == id.hex().substr(0, 12));
  CHECK(from_hex("00fFAb") == Buffer{std::byte{0}, std::byte{0xFF}, std::byte{0xAB}});
  CHECK(from_hex("").empty());
  CHECK_THROWS_AS(from_hex("abc"), UsageError);
  CHECK_THROWS_AS(from_hex("0g"), UsageError);
  CHECK_THROWS_AS(from_hex("0x"), UsageError);
  CHECK_THROWS_AS(from_hex(" 0"), UsageError);
  CHECK(ChunkId{}.is_zero());
  CHECK_FALSE(id.is_zero());
}

}  // namespace azekura
