#include "vault/set_writer.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/test_site.h"
#include "vault/medium_setup.h"
#include "vault/verifier.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace azekura::vault {

namespace {
using tests::TestSite;

struct Filled {
  Filled() {
    site.add_set("daily");
    tests::make_random_tree(tree, 1);
    site.backup("daily", tree);
  }
  TestSite site;
  std::string tree = site.path("tree");
};

}  // namespace

TEST_CASE("SetWriter: seals in three copies, in a chain, with nothing left in the spool") {
  Filled f;
  tests::change_tree(f.tree, 1);
  f.site.backup("daily", f.tree);
  CHECK(list_directory(f.site.site().spool_path("daily")).empty());
  const FolderMedium medium{f.site.medium("daily"), Access::read};
  Vault vault{medium, f.site.key().authority().public_key()};
  const std::vector<SealedSession> sessions = vault.sessions();
  CHECK(vault.findings().empty());
  REQUIRE(sessions.size() == 2);
  CHECK(sessions[0].seal.previous_number == 0);
  CHECK(sessions[1].seal.previous_number == 1);
  CHECK(sessions[1].seal.previous == sessions[0].seal_digest);
  CHECK(sessions[1].header.slots.size() == 2);
  for (const std::string_view folder : kSessionFolders) {
    CHECK(medium.list(std::string{folder} + "/000002") ==
          std::vector<std::string>{"header", "manifest", "seal"});
  }
}

TEST_CASE("VaultReader: a damaged key slot that every later session repeats is one finding") {
  Filled f;
  {
    MediaSet set{f.site.site(), "daily", f.site.observer};
    const FolderMedium medium{f.site.medium("daily"), Access::read};
    SealedSession session = Vault{medium, std::nullopt}.sessions().at(0);
    session.header.slots.at(0).sealed.at(0).session_key.at(0) ^= std::byte{1};
    set.catalogue().commit(set.catalogue().head(), session.header.encode());
  }
  for (std::uint64_t night = 1; night <= 3; ++night) {
    tests::change_tree(f.tree, night);
    f.site.backup("daily", f.tree);
  }
  for (const std::string_view folder : kSessionFolders) {
    remove_tree(f.site.medium("daily") + "/" + std::string{folder} + "/000001");
  }
  const FolderMedium medium{f.site.medium("daily"), Access::read};
  const VaultReader reader{medium, f.site.key(), 1};
  CHECK(reader.snapshots().size() == 3);
  CHECK(std::ranges::count(reader.findings(), "the key slot of session 1 does not open",
                           &Finding::fact) == 1);
}

TEST_CASE("SetWriter: several waiting sessions are written in order, in one go") {
  TestSite site;
  site.add_set("daily");
  const std::string tree = site.path("tree");
  tests::make_random_tree(tree, 2);
  std::vector<std::map<std::string, std::string>> states;
  for (std::uint64_t night = 1; night <= 3; ++night) {
    states.push_back(tests::describe_tree(tree));
    site.capture("daily", tree);
    tests::change_tree(tree, night);
  }
  CHECK(site.write("daily"));
  for (std::size_t night = 0; night < 3; ++night) {
    CHECK(site.restored("daily", std::to_string(night + 1) + "/files") == states[night]);
  }
}

TEST_CASE("SetWriter: a run that ended between seal and commit is taken up without a loss") {
  Filled f;
  tests::change_tree(f.tree, 1);
  f.site.capture("daily", f.tree);
  tests::copy_tree(f.site.path("site"), f.site.path("before-commit"));
  CHECK(f.site.write("daily"));
  tests::copy_tree(f.site.path("before-commit"), f.site.path("site"));
  CHECK(f.site.write("daily"));  // nothing is left to do
  CHECK(f.site.snapshots("daily").size() == 2);
  tests::change_tree(f.tree, 2);
  f.site.backup("daily", f.tree);
  CHECK(f.site.restored("daily") == tests::describe_tree(f.tree));
}

TEST_CASE("SetWriter: refuses an older copy of its medium, and another set's or site's") {
  Filled f;
  tests::copy_tree(f.site.medium("daily"), f.site.path("older"));
  tests::change_tree(f.tree, 1);
  f.site.backup("daily", f.tree);
  f.site.capture("daily", f.tree);
  tests::copy_tree(f.site.medium("daily"), f.site.path("right"));

  tests::copy_tree(f.site.path("older"), f.site.medium("daily"));
  CHECK_THROWS_AS(f.site.write("daily"), AuthenticityError);

  f.site.add_set("weekly");
  tests::copy_tree(f.site.medium("weekly"), f.site.medium("daily"));
  CHECK_THROWS_AS(f.site.write("daily"), Error);
  tests::copy_tree(f.site.path("right"), f.site.medium("weekly"));
  CHECK_THROWS_AS(f.site.write("weekly"), MediumError);

  TestSite other;
  other.add_set("daily");
  tests::copy_tree(other.medium("daily"), f.site.medium("daily"));
  CHECK_THROWS_AS(f.site.write("daily"), MediumError);

  tests::copy_tree(f.site.path("right"), f.site.medium("daily"));
  CHECK(f.site.write("daily"));
}

TEST_CASE("SetWriter: refuses a forked medium") {
  Filled f;
  tests::copy_tree(f.site.path("site"), f.site.path("site-clone"));
  tests::copy_tree(f.site.medium("daily"), f.site.path("medium-clone"));
  f.site.backup("daily", f.tree);
  tests::copy_tree(f.site.path("site"), f.site.path("site-first"));
  // The clone seals another session 2 on its copy.
  tests::copy_tree(f.site.path("site-clone"), f.site.path("site"));
  tests::copy_tree(f.site.path("medium-clone"), f.site.medium("daily"));
  tests::change_tree(f.tree, 9);
  f.site.backup("daily", f.tree);
  tests::copy_tree(f.site.path("site-first"), f.site.path("site"));
  CHECK_THROWS_AS(f.site.backup("daily", f.tree), AuthenticityError);
}

TEST_CASE("SetWriter: a pack missing from the medium is found, and its chunks stored again") {
  Filled f;
  const auto state = tests::describe_tree(f.tree);
  remove_file(f.site.medium("daily") + "/packs/00/00000001");
  const CaptureTotals totals = f.site.backup("daily", f.tree);
  CHECK(totals.new_chunk_bytes > 0);
  CHECK(f.site.restored("daily") == state);
}

TEST_CASE("SetWriter: a damaged spool is an error, and nothing of it is sealed") {
  Filled f;
  tests::change_tree(f.tree, 1);
  f.site.capture("daily", f.tree);
  const std::string packs = f.site.site().spool_path("daily") + "/000002/packs";
  const std::string path = packs + "/" + list_directory(packs).front();
  Buffer bytes = read_file(path, 128 * kMiB);
  bytes[200] ^= std::byte{1};
  replace_file(path, bytes);
  CHECK_THROWS_AS(f.site.write("daily"), vault::SpoolError);
  CHECK(f.site.snapshots("daily").size() == 1);
}

TEST_CASE("VaultReader: another recovery key opens nothing") {
  const Filled f;
  const FolderMedium medium{f.site.medium("daily"), Access::read};
  const RecoveryKey other = RecoveryKey::generate(random_id<SiteId>());
  try {
    const VaultReader reader{medium, other, 1};
    FAIL("a foreign key opened a medium");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::authenticity);
  }
}

TEST_CASE("VaultReader: with any one of the three session folders everything restores") {
  Filled f;
  const auto state = tests::describe_tree(f.tree);
  for (const std::string_view kept : kSessionFolders) {
    tests::copy_tree(f.site.medium("daily"), f.site.path("whole"));
    for (const std::string_view folder : kSessionFolders) {
      if (folder != kept) {
        remove_tree(f.site.medium("daily") + "/" + std::string{folder});
      }
    }
    CHECK(f.site.restored("daily") == state);
    tests::copy_tree(f.site.path("whole"), f.site.medium("daily"));
  }
}

TEST_CASE("set_up_medium: takes an empty folder only, and the restore program must be there") {
  TestSite site;
  const SetSecrets set{random_id<SetId>(), SetKeys::generate()};
  make_directory(site.path("used"));
  replace_file(site.path("used/file"), {});
  CHECK_THROWS_AS(set_up_medium(site.site(), set, site.path("used"), site.path("azekura-restore")),
                  UsageError);
  CHECK_THROWS_AS(set_up_medium(site.site(), set, site.path("fresh"), site.path("absent")),
                  UsageError);
  CHECK_FALSE(exists(site.path("fresh")));
  set_up_medium(site.site(), set, site.path("fresh"), site.path("azekura-restore"));
  CHECK(as_text(read_file(site.path("fresh/azekura-restore"), kMiB)) == "the restore program");
}

}  // namespace azekura::vault
