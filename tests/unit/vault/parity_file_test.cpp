#include "vault/parity_file.h"

#include "core/error.h"
#include "core/limits.h"
#include "tests/support/random_bytes.h"
#include "tests/support/written_set.h"
#include "vault/capture.h"
#include "vault/healer.h"
#include "vault/pack_format.h"
#include "vault/set_writer.h"
#include "vault/verifier.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

namespace azekura::vault {

namespace {

using tests::TestSite;

/// Whether a parity file of these bytes is accepted, given in portions of `portion`.
bool is_accepted(const ParityFileInfo& info, const Digest& root, ByteView bytes,
                 std::size_t portion = 100'000) {
  ParityCheck check{info, root};
  try {
    while (!bytes.empty()) {
      const std::size_t part = std::min(portion, bytes.size());
      check.update(bytes.first(part));
      bytes = bytes.subspan(part);
    }
    check.finish();
    return true;
  } catch (const DamageError&) {
    return false;
  }
}

PreparedBlock block_of(const MediaSet& set, std::uint64_t seed, std::uint32_t bytes) {
  PreparedBlock block;
  block.payload = tests::random_bytes(seed, bytes);
  block.plain_bytes = bytes;
  block.lengths = {bytes};
  Hmac hasher = set.secrets().keys.chunk_hasher(set.secrets().id);
  block.ids = {ChunkId::from_bytes(hasher(block.payload).bytes())};
  return block;
}

/// A capture that ends as a crash ends it, with `packs` packs finished and one begun.
void crash_capture(MediaSet& set, std::uint32_t packs) {
  Capture capture{set};
  for (std::uint32_t i = 0; i < packs; ++i) {
    auto pack = capture.begin_pack();
    pack->append(block_of(set, i, 300'000));
    capture.finish_pack(std::move(pack), false);
  }
  capture.begin_pack()->append(block_of(set, 99, 5000));
}

std::vector<SealedSession> sessions_of(const std::string& path) {
  const FolderMedium medium{path, Access::read};
  return Vault{medium, std::nullopt}.sessions();
}

std::vector<Finding> findings_on(const std::string& folder) {
  tests::RecordingObserver observer;
  const FolderMedium medium{folder, Access::read};
  return verify_medium(medium, {std::nullopt, 1}, observer).findings;
}

}  // namespace

TEST_CASE("ParityCheck: finds every byte that is not as it was sealed") {
  const tests::WrittenSet& set = tests::WrittenSet::shared();
  const std::vector<SealedSession> sessions = sessions_of(set.medium());
  for (std::size_t index = 0; index < 2; ++index) {
    const Manifest& manifest = sessions.front().manifest;
    const ParityFileInfo info = ParityFileInfo::of(manifest, index);
    const Digest root = manifest.parity->roots[index];
    Buffer bytes = set.written(parity_path(1, index));
    REQUIRE(bytes.size() == info.file_bytes());
    REQUIRE(is_accepted(info, root, bytes));
    CHECK(is_accepted(info, root, bytes, 1));
    CHECK(is_accepted(info, root, bytes, bytes.size()));

    std::vector<std::uint64_t> places{0, info.leaves_bytes() - 1, info.leaves_bytes(),
                                      info.pack_hashes_offset() - 1, info.pack_hashes_offset()};
    for (std::uint64_t byte = bytes.size() - 70; byte < bytes.size(); ++byte) {
      places.push_back(byte);
    }
    tests::RandomNumbers numbers{index};
    for (int i = 0; i < 60; ++i) {
      places.push_back(numbers.next() % bytes.size());
    }
    for (const std::uint64_t place : places) {
      CAPTURE(place);
      const std::byte before = bytes[place];
      bytes[place] ^= static_cast<std::byte>(1U << numbers.next() % 8);
      CHECK_FALSE(is_accepted(info, root, bytes));
      bytes[place] = before;
    }
  }
}

TEST_CASE("ParityCheck: neither a part, nor more, nor another's file is accepted") {
  const tests::WrittenSet& set = tests::WrittenSet::shared();
  const std::vector<SealedSession> sessions = sessions_of(set.medium());
  const Manifest& manifest = sessions.front().manifest;
  const ParityFileInfo info = ParityFileInfo::of(manifest, 0);
  const Digest root = manifest.parity->roots[0];
  const Buffer& bytes = set.written(parity_path(1, 0));
  CHECK_FALSE(is_accepted(info, root, {}));
  CHECK_FALSE(is_accepted(info, root, ByteView{bytes}.first(bytes.size() - 1)));
  CHECK_FALSE(is_accepted(info, root, ByteView{bytes}.first(info.leaves_bytes())));
  CHECK_FALSE(is_accepted(info, root, set.written(parity_path(1, 1))));
  CHECK_FALSE(is_accepted(info, root, set.written(parity_path(2, 0))));
  CHECK_FALSE(is_accepted(info, manifest.parity->roots[1], bytes));
  Buffer longer = bytes;
  longer.push_back(std::byte{0});
  CHECK_FALSE(is_accepted(info, root, longer));

  // What is too long is refused before it ends.
  ParityCheck check{info, root};
  check.update(bytes);
  const Buffer more(1);
  CHECK_THROWS_AS(check.update(more), DamageError);
}

TEST_CASE("Parity: every session of a set has it, as many files as its site file says") {
  TestSite site;
  site.add_set("daily");
  tests::make_random_tree(site.path("tree"), 3);
  const auto backup_with = [&](ParityShape shape) {
    MediaSet set{site.site(), "daily", site.observer, shape};
    if (set.catalogue().head().number == 0) {
      FolderMedium folder{site.medium("daily"), Access::append};
      static_cast<void>(SetWriter{set, folder, site.observer}.attach());
    }
    site.capture(set, site.path("tree"));
    REQUIRE(site.write(set));
    tests::change_tree(site.path("tree"), set.next_session());
  };
  backup_with({20, 2});
  backup_with({10, 3});
  backup_with({0, 0});
  backup_with({50, 1});
  const std::vector<SealedSession> sessions = sessions_of(site.medium("daily"));
  REQUIRE(sessions.size() == 4);
  const std::vector<std::size_t> wanted{2, 3, 0, 1};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string folder = fmt::format("{}/parity/{:06}", site.medium("daily"), i + 1);
    CHECK(sessions[i].manifest.parity_files() == wanted[i]);
    CHECK(std::filesystem::exists(folder) == (wanted[i] > 0));
    for (std::size_t file = 0; file < 4; ++file) {
      CHECK(std::filesystem::exists(fmt::format("{}/{}", folder, file)) == (file < wanted[i]));
    }
  }
  CHECK(findings_on(site.medium("daily")).empty());
}

TEST_CASE("Parity: what a crashed capture had finished has it, too") {
  TestSite site;
  site.add_set("daily");
  {
    MediaSet set{site.site(), "daily", site.observer};
    FolderMedium folder{site.medium("daily"), Access::append};
    static_cast<void>(SetWriter{set, folder, site.observer}.attach());
    crash_capture(set, 4);
  }
  REQUIRE(site.write("daily"));
  const std::vector<SealedSession> sessions = sessions_of(site.medium("daily"));
  REQUIRE(sessions.size() == 1);
  const Manifest& manifest = sessions.front().manifest;
  CHECK_FALSE(manifest.generation.has_value());
  REQUIRE(manifest.parity_files() == 2);
  const auto written = tests::files_below(site.medium("daily"));
  const std::vector<PackInfo> packs = manifest.own_packs();
  REQUIRE(packs.size() == 4);
  for (const PackInfo& pack : {packs[0], packs[3]}) {
    tests::spoil(site.medium("daily") + "/" + pack_path(pack.number), 0, limits::kLeafBytes);
  }
  const FolderMedium medium{site.medium("daily"), Access::read};
  std::vector<Finding> findings;
  Healer healer{medium, sessions, findings};
  for (const PackInfo& pack : packs) {
    Buffer made;
    healer.stream_pack(pack.number, [&](ByteView part) { append(made, part); });
    CHECK(equal(made, written.at(pack_path(pack.number))));
  }
  CHECK(healer.take_made().size() == 2);
}

TEST_CASE("Parity: half made, it gives its space back first; that of a whole session stays") {
  TestSite site;
  site.add_set("daily");
  tests::make_random_tree(site.path("tree"), 4);
  MediaSet set{site.site(), "daily", site.observer};
  FolderMedium folder{site.medium("daily"), Access::append};
  static_cast<void>(SetWriter{set, folder, site.observer}.attach());
  site.capture(set, site.path("tree"));
  crash_capture(set, 1);
  const std::string spool = site.site().spool_path("daily");
  const std::string half = spool + "/000002/parity/0";
  std::filesystem::create_directory(spool + "/000002/parity");
  std::filesystem::copy_file(site.path("azekura-restore"), half);
  const std::uintmax_t whole = std::filesystem::file_size(spool + "/000001/parity/0");
  Spool::empty_unfinished(spool);
  CHECK(std::filesystem::file_size(half) == 0);
  CHECK(std::filesystem::file_size(spool + "/000001/parity/0") == whole);
}

TEST_CASE("Parity: damaged or lost in the spool, it is not sealed") {
  TestSite site;
  site.add_set("daily");
  tests::make_random_tree(site.path("tree"), 5);
  site.backup("daily", site.path("tree"));
  for (const bool is_lost : {false, true}) {
    CAPTURE(is_lost);
    tests::change_tree(site.path("tree"), 5);
    site.capture("daily", site.path("tree"));
    const std::string file = site.site().spool_path("daily") + "/000002/parity/1";
    if (is_lost) {
      std::filesystem::remove(file);
    } else {
      tests::spoil(file, 10, 1);
    }
    CHECK_THROWS_AS(site.write("daily"), SpoolError);
    CHECK(site.snapshots("daily").size() == 1);
    MediaSet{site.site(), "daily", site.observer}.discard_spool();
  }
  site.backup("daily", site.path("tree"));
  CHECK(site.snapshots("daily").size() == 2);
  CHECK(findings_on(site.medium("daily")).empty());
}

TEST_CASE("Parity: a run that crashed while it made parity makes it anew") {
  TestSite site;
  site.add_set("daily");
  {
    MediaSet set{site.site(), "daily", site.observer};
    FolderMedium folder{site.medium("daily"), Access::append};
    static_cast<void>(SetWriter{set, folder, site.observer}.attach());
    crash_capture(set, 2);
    const std::string parity = site.site().spool_path("daily") + "/000001/parity";
    std::filesystem::create_directory(parity);
    std::filesystem::copy_file(site.path("azekura-restore"), parity + "/0");
  }
  REQUIRE(site.write("daily"));
  tests::RecordingObserver observer;
  const FolderMedium medium{site.medium("daily"), Access::read};
  const VerifyReport report = verify_medium(medium, {std::nullopt, 1}, observer);
  CHECK(report.sessions == 1);
  CHECK(report.findings.empty());
  CHECK(sessions_of(site.medium("daily")).front().manifest.parity_files() == 2);
}

}  // namespace azekura::vault
