#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/random_bytes.h"
#include "tests/support/test_site.h"
#include "vault/verifier.h"

#include <doctest/doctest.h>

#include <filesystem>

namespace azekura {

namespace {

using Tree = std::map<std::string, std::string>;
using tests::TestSite;

/// A site with one set, a tree, and what every acknowledged backup must give back.
struct Nights {
  explicit Nights(std::uint64_t seed) {
    site.add_set("daily");
    tests::make_random_tree(tree, seed);
  }

  void backup() {
    site.backup("daily", tree);
    acknowledge();
    tests::change_tree(tree, ++night);
  }
  void acknowledge() { states[site.snapshots("daily").back()] = tests::describe_tree(tree); }

  /// Everything acknowledged restores, and nothing on the medium is damaged.
  void check_all() {
    for (const auto& acknowledged : states) {
      CAPTURE(acknowledged.first);
      CHECK(site.restored("daily", acknowledged.first) == acknowledged.second);
    }
    const vault::FolderMedium medium{site.medium("daily"), vault::Access::read};
    const vault::VerifyReport report =
        vault::verify_medium(medium, {site.key().authority().public_key(), 1}, site.observer);
    CHECK(report.findings.empty());
    CHECK(report.unsealed_packs == 0);
    vault::VaultReader reader{medium, site.key(), 1};
    CHECK(reader.findings().empty());
  }

  TestSite site;
  std::string tree = site.path("tree");
  std::uint64_t night = 0;
  std::map<std::string, Tree> states;
};

}  // namespace

TEST_CASE("Catalogue attack: deleted between two backups") {
  Nights nights{1};
  nights.backup();
  nights.backup();
  remove_tree(nights.site.catalogue("daily"));
  nights.backup();
  nights.backup();
  CHECK(nights.states.size() == 4);
  nights.check_all();
}

TEST_CASE("Catalogue attack: deleted while sessions wait in the spool") {
  Nights nights{2};
  nights.backup();
  nights.site.capture("daily", nights.tree);
  remove_tree(nights.site.catalogue("daily"));
  nights.site.capture("daily", nights.tree);
  nights.backup();
  nights.check_all();
}

TEST_CASE("Catalogue attack: deleted while a session without packs waits") {
  Nights nights{3};
  nights.backup();
  const std::string steady = nights.site.path("steady");
  tests::make_random_tree(steady, 30);
  nights.site.backup("daily", steady);
  nights.site.capture("daily", steady);  // nothing new: no pack of its own
  remove_tree(nights.site.catalogue("daily"));
  nights.site.capture("daily", nights.tree);  // everything again, with numbers of its own
  static_cast<void>(nights.site.write("daily"));
  nights.backup();
  nights.check_all();
}

TEST_CASE("Catalogue attack: an older copy comes back while a session without packs waits") {
  Nights nights{4};
  nights.backup();
  const std::string copy = nights.site.path("older");
  tests::copy_tree(nights.site.catalogue("daily"), copy);
  nights.backup();
  const std::string steady = nights.site.path("steady");
  tests::make_random_tree(steady, 40);
  nights.site.backup("daily", steady);
  nights.site.capture("daily", steady);
  tests::copy_tree(copy, nights.site.catalogue("daily"));
  nights.site.capture("daily", nights.tree);
  static_cast<void>(nights.site.write("daily"));
  nights.backup();
  nights.check_all();
}

TEST_CASE(
    "Catalogue attack: deleted, a pack of the medium lost, and a session waits that needs it") {
  Nights nights{5};
  nights.backup();
  nights.site.capture("daily", nights.tree);  // refers to the first session's packs
  remove_tree(nights.site.catalogue("daily"));
  remove_file(nights.site.medium("daily") + "/packs/00/00000001");
  nights.states.clear();  // the first session is damaged; nobody says otherwise
  static_cast<void>(nights.site.write("daily"));
  nights.backup();
  CHECK(nights.site.restored("daily") == nights.states.rbegin()->second);
  for (const std::string& name : nights.site.snapshots("daily")) {
    if (name != "1/files") {
      CAPTURE(name);
      CHECK_NOTHROW(static_cast<void>(nights.site.restored("daily", name)));
    }
  }
}

TEST_CASE("Catalogue attack: deleted, the medium an older copy, and a session waits after it") {
  Nights nights{6};
  nights.backup();
  const std::string copy = nights.site.path("older");
  tests::copy_tree(nights.site.medium("daily"), copy);
  nights.backup();
  tests::make_random_tree(nights.site.path("more"), 61);
  nights.site.capture("daily", nights.tree);
  remove_tree(nights.site.catalogue("daily"));
  tests::copy_tree(copy, nights.site.medium("daily"));
  nights.states.erase("2/files");
  static_cast<void>(nights.site.write("daily"));
  for (const std::string& name : nights.site.snapshots("daily")) {
    CAPTURE(name);
    CHECK_NOTHROW(static_cast<void>(nights.site.restored("daily", name)));
  }
  nights.backup();
  CHECK(nights.site.restored("daily") == nights.states.rbegin()->second);
}

TEST_CASE("Catalogue attack: an older copy comes back after newer sessions") {
  Nights nights{7};
  nights.backup();
  const std::string copy = nights.site.path("older");
  tests::copy_tree(nights.site.catalogue("daily"), copy);
  nights.backup();
  nights.backup();
  tests::copy_tree(copy, nights.site.catalogue("daily"));
  nights.backup();
  tests::copy_tree(copy, nights.site.catalogue("daily"));
  nights.site.capture("daily", nights.tree);
  nights.backup();
  CHECK(nights.states.size() == 5);
  nights.check_all();
}

TEST_CASE("Catalogue attack: the catalogues of two sets change places") {
  Nights nights{8};
  nights.site.add_set("weekly");
  nights.backup();
  nights.site.backup("weekly", nights.tree);
  const Tree weekly = tests::describe_tree(nights.tree);
  namespace fs = std::filesystem;
  const std::string aside = nights.site.path("aside");
  fs::rename(nights.site.catalogue("daily"), aside);
  fs::rename(nights.site.catalogue("weekly"), nights.site.catalogue("daily"));
  fs::rename(aside, nights.site.catalogue("weekly"));
  nights.backup();
  nights.site.backup("weekly", nights.tree);
  nights.check_all();
  CHECK(nights.site.restored("weekly", "1/files") == weekly);
  CHECK(nights.site.restored("weekly", "2/files") == tests::describe_tree(nights.tree));
}

TEST_CASE("Catalogue attack: random bytes of its files flipped, never a false success") {
  Nights nights{9};
  nights.backup();
  const std::string whole = nights.site.path("whole");
  tests::RandomNumbers numbers{9};
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    for (const std::string& name : list_directory(nights.site.catalogue("daily"))) {
      const std::string path = nights.site.catalogue("daily") + "/" + name;
      Buffer bytes = read_file(path, 64 * kMiB);
      for (std::uint64_t i = 0; !bytes.empty() && i < 1 + bytes.size() / 2000; ++i) {
        bytes[numbers.next() % bytes.size()] ^= static_cast<std::byte>(1U << numbers.next() % 8);
      }
      replace_file(path, bytes);
    }
    try {
      nights.backup();
    } catch (const Error&) {  // refused: not acknowledged
      remove_tree(nights.site.catalogue("daily"));
    }
  }
  remove_tree(nights.site.catalogue("daily"));
  nights.backup();
  nights.check_all();
}

}  // namespace azekura
