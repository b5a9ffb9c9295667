#include "vault/object.h"

#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <initializer_list>

namespace azekura::vault {

namespace {

constexpr std::string_view kMagic = "AZKTEST1";

Sections decoded(ByteView bytes) {
  ByteReader in{bytes, "a test"};
  Sections sections = decode_object(in, kMagic, 3, "a test");
  in.expect_end();
  return sections;
}

struct Section {
  unsigned type;
  unsigned flags;
  std::string_view bytes;
};

Buffer object_of(std::initializer_list<Section> sections, unsigned version = 1,
                 unsigned flags = 0) {
  ByteWriter out;
  out.text(kMagic).u16(static_cast<std::uint16_t>(version)).u16(static_cast<std::uint16_t>(flags));
  out.u32(static_cast<std::uint32_t>(sections.size()));
  for (const Section& one : sections) {
    out.u16(static_cast<std::uint16_t>(one.type)).u16(static_cast<std::uint16_t>(one.flags));
    out.long_bytes(as_bytes(one.bytes));
  }
  return out.take();
}

}  // namespace

TEST_CASE("Object: sections round trip, and are laid out as docs/format.md says") {
  const Sections sections{{1, tests::random_bytes(1, 100)}, {3, {}}};
  const Buffer bytes = encode_object(kMagic, sections);
  CHECK(decoded(bytes) == sections);
  CHECK(encode_object(kMagic, {{1, Buffer{std::byte{'x'}}}}) == object_of({{1, 1, "x"}}));
  CHECK(as_text(section(sections, 3, "a test")).empty());
  CHECK_THROWS_AS(static_cast<void>(section(sections, 2, "a test")), DamageError);
}

TEST_CASE("Object: what only a newer program understands is of class version") {
  CHECK_THROWS_AS(decoded(object_of({{1, 1, "x"}, {9, 1, "new"}})), VersionError);
  CHECK_THROWS_AS(decoded(object_of({{1, 1, "x"}, {16, 1, "new"}})), VersionError);
  CHECK_THROWS_AS(decoded(object_of({{1, 1, "x"}}, 2)), VersionError);
  CHECK_THROWS_AS(decoded(object_of({{1, 1, "x"}}, 0)), VersionError);
  CHECK_THROWS_AS(decoded(object_of({{1, 1, "x"}}, 1, 1)), VersionError);
}

TEST_CASE("Object: minor sections, known or not, are kept and written without the critical flag") {
  const Buffer bytes = object_of({{1, 1, "x"}, {16, 0, "later"}, {900, 0, ""}});
  const Sections sections = decoded(bytes);
  CHECK(sections.size() == 3);
  CHECK(as_text(sections.at(1)) == "x");
  CHECK(as_text(sections.at(16)) == "later");
  CHECK(encode_object(kMagic, sections) == bytes);
}

TEST_CASE("Object: sections out of order, twice, or with unknown flags are damage") {
  CHECK_THROWS_AS(decoded(object_of({{2, 1, "x"}, {1, 1, "y"}})), DamageError);
  CHECK_THROWS_AS(decoded(object_of({{1, 1, "x"}, {1, 1, "x"}})), DamageError);
  CHECK_THROWS_AS(decoded(object_of({{16, 0, "x"}, {16, 0, "x"}})), DamageError);
  CHECK_THROWS_AS(decoded(object_of({{0, 1, "x"}})), DamageError);
  CHECK_THROWS_AS(decoded(object_of({{1, 3, "x"}})), DamageError);
  CHECK_THROWS_AS(decoded(object_of({{1, 0, "x"}})), DamageError);  // known ones are critical
}

TEST_CASE("Object: another magic, a cut or trailing bytes are damage") {
  const Buffer good = object_of({{1, 1, "x"}, {2, 1, "yy"}});
  CHECK(decoded(good).size() == 2);
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_THROWS_AS(decoded(ByteView{good}.first(size)), DamageError);
  }
  Buffer more = good;
  more.push_back(std::byte{0});
  CHECK_THROWS_AS(decoded(more), DamageError);
  Buffer other = good;
  other[0] ^= std::byte{1};
  CHECK_THROWS_AS(decoded(other), DamageError);
  const Buffer many = ByteWriter{}.text(kMagic).u16(1).u16(0).u32(0xFFFFFFFF).take();
  CHECK_THROWS_AS(decoded(many), DamageError);
}

TEST_CASE("Padme: the published sizes") {
  // ⌊log₂ n⌋ = e keeps e's own bit count of leading bits; worked by hand from the paper.
  const std::pair<std::uint64_t, std::uint64_t> known[] = {{1, 1},
                                                           {2, 2},
                                                           {8, 8},
                                                           {9, 10},
                                                           {10, 10},
                                                           {11, 12},
                                                           {17, 18},
                                                           {100, 104},
                                                           {1000, 1024},
                                                           {1025, 1088},
                                                           {16'385, 17'408},
                                                           {65'536, 65'536},
                                                           {65'537, 67'584},
                                                           {1'000'000, 1'015'808},
                                                           {(1U << 26U) + 1, 69'206'016}};
  for (const auto& pair : known) {
    CAPTURE(pair.first);
    CHECK(padme(pair.first) == pair.second);
  }
  CHECK(padme(0) == 0);
}

TEST_CASE("Padme: never smaller, never more than 12 percent larger, rising, and stable") {
  tests::RandomNumbers numbers{1};
  std::uint64_t before = 0;
  for (std::uint64_t size = 1; size < 100'000; ++size) {
    const std::uint64_t padded = padme(size);
    REQUIRE(padded >= size);
    REQUIRE((padded - size) * 100 <= 12 * size);
    REQUIRE(padded >= before);
    REQUIRE(padme(padded) == padded);
    before = padded;
  }
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t size = 2 + (numbers.next() >> (2 + numbers.next() % 60));
    REQUIRE(padme(size) >= size);
    REQUIRE((padme(size) - size) <= size / 100 * 12 + 12);
    REQUIRE(padme(size + 1) >= padme(size));
    REQUIRE(padme(padme(size)) == padme(size));
  }
}

}  // namespace azekura::vault
