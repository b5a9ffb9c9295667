#include "core/error.h"
#include "core/file_io.h"
#include "core/limits.h"
#include "tests/support/pack_maker.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_keys.h"
#include "tests/support/written_set.h"
#include "vault/healable_file.h"
#include "vault/healer.h"

#include <doctest/doctest.h>

namespace azekura::vault {

namespace {

SealedSession sealed(const SessionIdentity& identity, const std::vector<PackInfo>& packs) {
  SealedSession session;
  session.seal.identity = identity;
  session.header.identity = identity;
  session.manifest.identity = identity;
  session.manifest.packs = packs;
  return session;
}

/// A medium with nothing but packs of up to two sessions.
struct TwoSessions {
  tests::TempDir dir;
  tests::PackMaker first{1, 1};
  tests::PackMaker second{1, 2};

  TwoSessions() { dir.make_directory("packs/00"); }

  PackInfo write(const tests::PackMaker& maker, std::uint32_t number, std::uint32_t bytes) const {
    PackInfo info =
        maker.write(dir.path(pack_path(number)), number, {maker.block(number, {bytes})});
    info.session = maker.session().number;
    return info;
  }
};

/// Packs 1 and 2 of the first session, the second one damaged.
std::pair<PackInfo, PackInfo> write_damaged_pair(const TwoSessions& made) {
  const PackInfo whole = made.write(made.first, 1, 10'000);
  const PackInfo damaged = made.write(made.first, 2, 10'000);
  tests::spoil(made.dir.path(pack_path(2)), 0, 1);
  return {whole, damaged};
}

}  // namespace

TEST_CASE("Healer: what a session says of a pack that an older one tells otherwise heals nothing") {
  const TwoSessions made;
  const PackInfo told_first = made.write(made.first, 5, 10'000);
  Buffer longer = read_file(made.dir.path(pack_path(5)), kMiB);
  append(longer, tests::random_bytes(1, 20 * limits::kLeafBytes));
  made.dir.write(pack_path(5), longer);
  PackInfo told_later = told_first;
  told_later.session = 2;
  told_later.file_bytes = pack_file_bytes(20 * limits::kLeafBytes);
  const PackInfo damaged = made.write(made.second, 6, 500'000);
  tests::spoil(made.dir.path(pack_path(6)), 0, pack_data_bytes(damaged.file_bytes));

  std::vector<SealedSession> sessions{sealed(made.first.session(), {told_first}),
                                      sealed(made.second.session(), {told_later, damaged})};
  sessions[1].manifest.parity = ParityInfo{{{1, {5, 6}}}, {tests::id_of<Digest>(1)}};
  const FolderMedium medium{made.dir.path(), Access::read};
  std::vector<Finding> findings;
  Healer healer{medium, sessions, findings};
  REQUIRE(findings.size() == 1);
  CHECK(findings.front().kind == ErrorKind::authenticity);
  CHECK_THROWS_AS(healer.stream_pack(6, [](ByteView /*bytes*/) {}), DamageError);
  CHECK(healer.read(5, 0, 100).size() == 100);
  CHECK_THROWS_AS(healer.stream_parity(2, 0, [](ByteView /*bytes*/) {}), DamageError);
}

TEST_CASE("Healer: packs with impossible lengths are damage") {
  const TwoSessions made;
  std::vector<SealedSession> sessions{sealed(
      made.first.session(),
      {{1, 1, 5, tests::id_of<Digest>(1)}, {2, 1, ~std::uint64_t{0}, tests::id_of<Digest>(2)}})};
  const FolderMedium medium{made.dir.path(), Access::read};
  std::vector<Finding> findings;
  Healer healer{medium, sessions, findings};
  for (const std::uint32_t pack : {1U, 2U}) {
    CHECK_THROWS_AS(static_cast<void>(healer.read(pack, 0, 1)), DamageError);
    CHECK_THROWS_AS(healer.stream_pack(pack, [](ByteView /*bytes*/) {}), DamageError);
  }
}

TEST_CASE("Healer: of a session without parity, and of one that does not count, only whole bytes") {
  const TwoSessions made;
  const auto [whole, damaged] = write_damaged_pair(made);
  // Session 1 does not count: session 2 vouches for its packs, and knows its ids from its slots.
  std::vector<SealedSession> sessions{sealed(made.second.session(), {whole, damaged})};
  sessions.front().header.slots = {
      {1, made.first.session().set, made.first.session().session, {}, {}}};
  const FolderMedium medium{made.dir.path(), Access::read};
  std::vector<Finding> findings;
  Healer healer{medium, sessions, findings};
  CHECK(healer.read(1, 0, 10'000).size() == 10'000);
  CHECK_THROWS_WITH_AS(healer.stream_pack(2, [](ByteView /*bytes*/) {}),
                       doctest::Contains("session 1 has no parity"), DamageError);
}

TEST_CASE("Healer: parity that lies is noticed: what is made must be what was sealed") {
  const TwoSessions made;
  const auto [whole, damaged] = write_damaged_pair(made);
  std::vector<SealedSession> sessions{sealed(made.first.session(), {whole, damaged})};
  sessions.front().manifest.parity = ParityInfo{{{1, {1, 2}}}, {tests::id_of<Digest>(1)}};
  const ParityFileInfo info = ParityFileInfo::of(sessions.front().manifest, 0);
  made.dir.make_directory("parity/000001");
  made.dir.write(parity_path(1, 0), tests::random_bytes(1, info.file_bytes()));
  const FolderMedium medium{made.dir.path(), Access::read};
  std::vector<Finding> findings;
  Healer healer{medium, sessions, findings};
  CHECK_THROWS_AS(healer.stream_pack(2, [](ByteView /*bytes*/) {}), DamageError);
  CHECK(healer.take_made().empty());
}

}  // namespace azekura::vault
