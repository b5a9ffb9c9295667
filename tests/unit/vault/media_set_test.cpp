#include "vault/media_set.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/random_bytes.h"
#include "tests/support/test_site.h"
#include "vault/capture.h"
#include "vault/set_writer.h"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace azekura::vault {

namespace {

using tests::random_bytes;
using tests::TestSite;

PreparedBlock block_of(const MediaSet& set, std::uint64_t seed) {
  PreparedBlock block;
  block.payload = random_bytes(seed, 5000);
  block.plain_bytes = 5000;
  block.lengths = {5000};
  Hmac hasher = set.secrets().keys.chunk_hasher(set.secrets().id);
  block.ids = {ChunkId::from_bytes(hasher(block.payload).bytes())};
  return block;
}

/// A capture that ends as a crash ends it, with `packs` packs finished and one begun.
std::vector<ChunkId> crash_capture(MediaSet& set, std::uint32_t packs) {
  Capture capture{set};
  std::vector<ChunkId> ids;
  for (std::uint32_t i = 0; i < packs; ++i) {
    auto pack = capture.begin_pack();
    const PreparedBlock block = block_of(set, i);
    ids.push_back(block.ids[0]);
    pack->append(block);
    capture.finish_pack(std::move(pack), false);
  }
  capture.begin_pack()->append(block_of(set, 99));
  return ids;
}

}  // namespace

TEST_CASE("MediaSet: one holder at a time, in this process or another") {
  TestSite site;
  site.add_set("daily");
  site.add_set("weekly");
  {
    const MediaSet held{site.site(), "daily", site.observer};
    CHECK_THROWS_AS(MediaSet(site.site(), "daily", site.observer), BusyError);
    const MediaSet other{site.site(), "weekly", site.observer};
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        const MediaSet second{site.site(), "daily", site.observer};
        ::_exit(1);
      } catch (const BusyError&) {
        ::_exit(0);
      } catch (...) {
        ::_exit(2);
      }
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  CHECK_NOTHROW(MediaSet(site.site(), "daily", site.observer));
  CHECK_THROWS_AS(MediaSet(site.site(), "monthly", site.observer), UsageError);
}

TEST_CASE("MediaSet: what a crashed capture finished becomes a session without snapshots") {
  TestSite site;
  site.add_set("daily");
  std::vector<ChunkId> ids;
  {
    MediaSet set{site.site(), "daily", site.observer};
    ids = crash_capture(set, 2);
  }
  {
    MediaSet set{site.site(), "daily", site.observer};
    REQUIRE(set.spool().sessions().size() == 1);
    const SpooledSession fragment = set.spool().sessions()[0];
    CHECK(fragment.number() == 1);
    CHECK_FALSE(fragment.manifest.generation.has_value());
    CHECK(fragment.manifest.own_packs().size() == 2);
    CHECK(set.spool().interrupted().empty());
    for (const ChunkId& id : ids) {
      CHECK(set.catalogue().find(id, 5000).has_value());
    }
    CHECK(set.next_session() == 2);
    CHECK(set.next_pack() > 3);
    CHECK(site.observer.notices.size() == 1);
    CHECK(site.write(set));
  }
  const FolderMedium medium{site.medium("daily"), Access::read};
  const VaultReader reader{medium, site.key(), 1};
  CHECK(reader.sessions().size() == 1);
  CHECK(reader.snapshots().empty());
  CHECK(reader.packs().size() == 2);
}

TEST_CASE(
    "MediaSet: a crash before the first pack leaves nothing, but its pack numbers stay used") {
  TestSite site;
  site.add_set("daily");
  {
    MediaSet set{site.site(), "daily", site.observer};
    crash_capture(set, 0);
  }
  const MediaSet set{site.site(), "daily", site.observer};
  CHECK(list_directory(site.site().spool_path("daily")).empty());
  CHECK(set.next_session() == 1);
  CHECK(set.next_pack() > 1);
}

TEST_CASE("MediaSet: packs of a crashed capture that were damaged since are not kept") {
  TestSite site;
  site.add_set("daily");
  std::vector<ChunkId> ids;
  {
    MediaSet set{site.site(), "daily", site.observer};
    ids = crash_capture(set, 2);
  }
  const std::string path = site.site().spool_path("daily") + "/000001/packs/00000001";
  Buffer bytes = read_file(path, kMiB);
  bytes[1000] ^= std::byte{1};
  replace_file(path, bytes);
  MediaSet set{site.site(), "daily", site.observer};
  CHECK_FALSE(set.catalogue().find(ids[0], 5000).has_value());
  CHECK(set.catalogue().find(ids[1], 5000).has_value());
  CHECK(set.spool().sessions().at(0).manifest.own_packs().size() == 1);
}

TEST_CASE("MediaSet: nothing refers to packs of a crashed capture that could not be adopted") {
  TestSite site;
  site.add_set("daily");
  std::vector<ChunkId> ids;
  {
    MediaSet set{site.site(), "daily", site.observer};
    Capture capture{set};
    auto pack = capture.begin_pack();
    const PreparedBlock block = block_of(set, 1);
    ids = block.ids;
    pack->append(block);
    capture.finish_pack(std::move(pack), false);
    // A whole pack whose chunk table this host cannot open.
    const std::string folder = site.site().spool_path("daily") + "/000001";
    PackWriter foreign{Spool::pack_path(folder, 2), capture.identity(), 2, Secret::random(32),
                       Secret::random(32)};
    foreign.append(block_of(set, 2));
    Spool::journal(folder, foreign.finish(false));
  }
  MediaSet set{site.site(), "daily", site.observer};
  CHECK(set.spool().sessions().empty());
  CHECK(set.catalogue().packs().empty());
  CHECK_FALSE(set.catalogue().find(ids[0], 5000).has_value());
}

TEST_CASE("MediaSet: spooled sessions form a chain; without one, those after it are dropped") {
  TestSite site;
  site.add_set("daily");
  tests::make_random_tree(site.path("tree"), 1);
  for (std::uint64_t night = 1; night <= 3; ++night) {
    site.capture("daily", site.path("tree"));
    tests::change_tree(site.path("tree"), night);
  }
  remove_tree(site.site().spool_path("daily") + "/000002");
  MediaSet set{site.site(), "daily", site.observer};
  REQUIRE(set.spool().sessions().size() == 1);
  CHECK(set.spool().sessions()[0].number() == 1);
  for (const auto& [number, pack] : set.catalogue().packs()) {
    CHECK(pack.session == 1);
  }
  CHECK(set.next_session() == 2);
}

TEST_CASE("MediaSet: a waiting session whose predecessor became unreadable is not written") {
  TestSite site;
  site.add_set("daily");
  tests::make_random_tree(site.path("tree"), 2);
  site.capture("daily", site.path("tree"));
  tests::change_tree(site.path("tree"), 1);
  site.capture("daily", site.path("tree"));
  replace_file(site.site().spool_path("daily") + "/000001/manifest", as_bytes("garbage"));
  static_cast<void>(site.write("daily"));
  CHECK(site.snapshots("daily").empty());
  CHECK(list_directory(site.site().spool_path("daily")).empty());
  CHECK_FALSE(site.observer.notices.empty());
  site.backup("daily", site.path("tree"));
  CHECK(site.restored("daily") == tests::describe_tree(site.path("tree")));
}

TEST_CASE("MediaSet: a discarded spool gives its chunks back, and no pack number again") {
  TestSite site;
  site.add_set("daily");
  tests::make_random_tree(site.path("tree"), 3);
  MediaSet set{site.site(), "daily", site.observer};
  const CaptureTotals first = site.capture(set, site.path("tree"));
  const std::uint32_t next = set.next_pack();
  set.discard_spool();
  CHECK(set.spool().sessions().empty());
  CHECK(set.catalogue().packs().empty());
  CHECK(set.next_pack() == next);
  CHECK(site.capture(set, site.path("tree")).new_chunk_bytes == first.new_chunk_bytes);
}

}  // namespace azekura::vault
