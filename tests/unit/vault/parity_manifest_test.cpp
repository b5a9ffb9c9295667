#include "core/byte_writer.h"
#include "core/error.h"
#include "core/limits.h"
#include "tests/support/test_keys.h"
#include "vault/object.h"
#include "vault/pack_format.h"
#include "vault/parity_file.h"
#include "vault/session.h"

#include <doctest/doctest.h>

#include <functional>

namespace azekura::vault {

namespace {

constexpr std::string_view kMagic = "AZKMANIF";
constexpr std::uint16_t kParity = 16;
constexpr std::uint16_t kNewestMinor = 99;

PackInfo pack_of(std::uint32_t number, std::uint32_t session, std::uint64_t leaves) {
  return {number, session, pack_file_bytes(leaves * limits::kLeafBytes),
          tests::id_of<Digest>(number)};
}

/// Packs 7, 8, 9, 12 with 3, 1, 5, 2 leaves are its own; 4 is an earlier one.
Manifest manifest() {
  Manifest one;
  one.identity = {tests::id_of<SiteId>(1), tests::id_of<SetId>(2), tests::id_of<SessionId>(3), 3};
  one.packs = {pack_of(4, 1, 2), pack_of(7, 3, 3), pack_of(8, 3, 1), pack_of(9, 3, 5),
               pack_of(12, 3, 2)};
  one.generation = tests::random_bytes(9, 100);
  one.parity = ParityInfo{{{1, {8}}, {2, {7, 9, 12}}},
                          {tests::id_of<Digest>(100), tests::id_of<Digest>(101)}};
  return one;
}

void check_refused(const std::function<void(Manifest&)>& change) {
  Manifest changed = manifest();
  change(changed);
  CHECK_THROWS_AS(static_cast<void>(Manifest::decode(changed.encode())), DamageError);
}

Sections sections_of(const Manifest& manifest) {
  const Buffer bytes = manifest.encode();
  ByteReader in{bytes, "a manifest"};
  return decode_object(in, kMagic, 3, "a manifest");
}

/// A manifest whose section of parity is `bytes`.
Buffer with_parity(ByteView bytes) {
  Sections sections = sections_of(manifest());
  sections[kParity] = Buffer{bytes.begin(), bytes.end()};
  return encode_object(kMagic, sections);
}

void check_section_refused(ByteView bytes) {
  CHECK_THROWS_AS(static_cast<void>(Manifest::decode(with_parity(bytes))), DamageError);
}

/// Type to flags, as they are in an object's bytes.
std::map<std::uint16_t, std::uint16_t> section_flags(ByteView object) {
  ByteReader in{object, "an object"};
  static_cast<void>(in.bytes(kMagic.size() + 2 * sizeof(std::uint16_t)));
  std::map<std::uint16_t, std::uint16_t> flags;
  for (std::uint32_t left = in.u32(); left > 0; --left) {
    const std::uint16_t type = in.u16();
    flags[type] = in.u16();
    static_cast<void>(in.long_bytes(in.remaining()));
  }
  in.expect_end();
  return flags;
}

}  // namespace

TEST_CASE("Manifest: its parity comes back as it was") {
  const Manifest decoded = Manifest::decode(manifest().encode());
  CHECK(decoded.parity == manifest().parity);
  CHECK(decoded.packs == manifest().packs);
  CHECK(decoded.generation == manifest().generation);
  CHECK(decoded.parity_files() == 2);

  Manifest without = manifest();
  without.parity.reset();
  CHECK_FALSE(Manifest::decode(without.encode()).parity.has_value());
  CHECK(without.parity_files() == 0);

  Manifest fragment = manifest();
  fragment.generation.reset();
  CHECK(Manifest::decode(fragment.encode()).parity == manifest().parity);
}

TEST_CASE("Manifest: as many files and rows of parity as can be") {
  Manifest most = manifest();
  most.parity->rows = {{3, {7}}, {1, {8}}, {1, {9}}, {2, {12}}};
  most.parity->roots.resize(limits::kParityFilesMax);
  CHECK(Manifest::decode(most.encode()).parity == most.parity);
}

TEST_CASE("Manifest: the section of parity is not critical, so that older readers go on without") {
  const std::map<std::uint16_t, std::uint16_t> flags = section_flags(manifest().encode());
  CHECK(flags == std::map<std::uint16_t, std::uint16_t>{{1, 1}, {2, 1}, {3, 1}, {kParity, 0}});
}

TEST_CASE("Manifest: a later version's section that is not critical is passed over") {
  Sections sections = sections_of(manifest());
  sections[kNewestMinor] = tests::random_bytes(1, 50);
  CHECK(Manifest::decode(encode_object(kMagic, sections)).parity == manifest().parity);
}

TEST_CASE("Manifest: parity without files, or of too many, is damage") {
  check_refused([](Manifest& one) { one.parity->roots.clear(); });
  check_refused([](Manifest& one) { one.parity->roots.resize(limits::kParityFilesMax + 1); });
  check_refused([](Manifest& one) { one.parity->roots.resize(255); });
}

TEST_CASE("Manifest: parity without rows, or of too many, is damage") {
  check_refused([](Manifest& one) { one.parity->rows.clear(); });
  check_refused([](Manifest& one) {
    one.parity->rows = {{1, {7}}, {1, {8}}, {1, {9}}, {1, {12}}, {1, {}}};
  });
  check_refused([](Manifest& one) {  // and with packs of its own
    one.packs.push_back(pack_of(13, 3, 1));
    one.parity->rows = {{1, {7}}, {1, {8}}, {1, {9}}, {1, {12}}, {1, {13}}};
  });
  check_refused([](Manifest& one) { one.parity->rows.push_back({1, {}}); });
}

TEST_CASE("Manifest: stripes that no leaves fill, or with too many, are damage") {
  check_refused([](Manifest& one) { one.parity->rows[1].stripes = 0; });
  check_refused([](Manifest& one) { one.parity->rows[1].stripes = 11; });
  check_refused([](Manifest& one) { one.parity->rows[0].stripes = 2; });
  check_refused([](Manifest& one) { one.parity->rows[1].stripes = 0xFFFFFFFF; });
  const auto with_leaves_before = [](std::uint64_t leaves) {
    Manifest one = manifest();
    one.packs[1] = pack_of(7, 3, leaves);
    return one.encode();
  };
  // Rows of 7 + leaves in 2 stripes of at most 128.
  CHECK(Manifest::decode(with_leaves_before(249)).parity.has_value());
  CHECK_THROWS_AS(static_cast<void>(Manifest::decode(with_leaves_before(250))), DamageError);
}

TEST_CASE("Manifest: rows are a partition of the session's own packs, or they are damage") {
  check_refused([](Manifest& one) { one.parity->rows[1].packs = {7, 9}; });          // one missing
  check_refused([](Manifest& one) { one.parity->rows[1].packs = {7, 8, 9, 12}; });   // one twice
  check_refused([](Manifest& one) { one.parity->rows[1].packs = {7, 9, 9, 12}; });   // in one row
  check_refused([](Manifest& one) { one.parity->rows[1].packs = {4, 7, 9, 12}; });   // another's
  check_refused([](Manifest& one) { one.parity->rows[1].packs = {7, 9, 12, 99}; });  // nobody's
  check_refused([](Manifest& one) { one.parity->rows[1].packs = {7, 12, 9}; });      // not rising
  check_refused([](Manifest& one) { one.parity->rows.erase(one.parity->rows.begin()); });
  check_refused([](Manifest& one) {  // there is nothing that parity could be of
    one.packs = {pack_of(4, 1, 2)};
    one.parity->rows = {{1, {}}};
  });
}

TEST_CASE("Manifest: parity of a pack that has an impossible length is damage") {
  check_refused([](Manifest& one) { one.packs[1].file_bytes = 12'345; });
  check_refused([](Manifest& one) { one.packs[1].file_bytes = ~std::uint64_t{0}; });
}

TEST_CASE("Manifest: a section of parity that is cut, longer or counts too much is damage") {
  const Buffer good = sections_of(manifest()).at(kParity);
  CHECK(Manifest::decode(with_parity(good)).parity == manifest().parity);
  for (std::size_t size = 0; size < good.size(); ++size) {
    check_section_refused(ByteView{good}.first(size));
  }
  Buffer longer = good;
  longer.push_back(std::byte{0});
  check_section_refused(longer);
  // One row that says it has 2³² − 1 packs.
  check_section_refused(ByteWriter{}.u8(1).id(Digest{}).u8(1).u32(1).u32(0xFFFFFFFF).u32(7).take());
}

TEST_CASE("Parity file: its shape is that of its manifest") {
  const ParityFileInfo info = ParityFileInfo::of(manifest(), 1);
  CHECK(info.index == 1);
  CHECK(info.count == 2);
  CHECK(info.stripes == 3);
  CHECK(info.leaves == 11);
  CHECK(info.pack_hashes_offset() == 3 * (64 * kKiB + 32));
  CHECK(info.file_bytes() == 3 * (64 * kKiB + 32) + 11 * 32 + 64);
  CHECK(parity_path(42, 1) == "parity/000042/1");
}

}  // namespace azekura::vault
