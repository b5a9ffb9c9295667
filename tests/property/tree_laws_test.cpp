#include "core/file_io.h"
#include "core/tree_codec.h"
#include "restore/snapshot_diff.h"
#include "restore/tree_view.h"
#include "tests/support/test_site.h"
#include "vault/set_writer.h"

#include <doctest/doctest.h>

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

namespace azekura {

namespace {

using tests::TestSite;

/// Calls `take` with every extent of every content of a snapshot.
void for_each_extent(vault::VaultReader& reader, const Snapshot& snapshot,
                     const std::function<void(const Extent&)>& take) {
  restore::TreeWalk walk{reader, snapshot.root};
  while (walk.next()) {
    if (walk.entry().content) {
      for (const Extent& extent : walk.entry().content->extents) {
        take(extent);
      }
      for (const Extent& extent : resolve_extents(reader, *walk.entry().content)) {
        take(extent);
      }
    }
  }
}

/// Nonces by the commitment of the pack key they are used with; counts repetitions.
class NonceLedger {
 public:
  void add_packs_of(const TestSite& site, const std::string& set) {
    const vault::FolderMedium medium{site.medium(set), vault::Access::read};
    vault::VaultReader reader{medium, site.key(), 1};
    for (const auto& [number, known] : reader.packs()) {
      const vault::OpenedSlot& slot = reader.slot(known.session.number);
      const Digest commitment = vault::PackKeys::of(slot.session_key, slot.identity, number)
                                    .commitment(vault::pack_context(slot.identity, number));
      const auto pack = reader.pack(number);
      for (std::uint32_t i = 0; i < pack->table().blocks.size(); ++i) {
        ++blocks;
        const vault::Nonce nonce = vault::block_nonce(i, pack->table().blocks[i].nonce_part);
        pairs.emplace(commitment, nonce);
        parts.insert(pack->table().blocks[i].nonce_part);
      }
    }
  }

  std::size_t blocks = 0;
  std::set<std::pair<Digest, vault::Nonce>> pairs;
  std::set<vault::NoncePart> parts;
};

}  // namespace

TEST_CASE("Law: restore(backup(t)) = t") {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    CAPTURE(seed);
    TestSite site;
    site.add_set("daily");
    tests::make_random_tree(site.path("tree"), seed);
    const auto before = tests::describe_tree(site.path("tree"));
    site.backup("daily", site.path("tree"));
    CHECK(site.restored("daily") == before);
    CHECK(site.observer.flaws.empty());
  }
}

TEST_CASE("Law: every generation of a changing tree comes back, from one medium and the key") {
  TestSite site;
  site.add_set("daily");
  const std::string tree = site.path("tree");
  tests::make_random_tree(tree, 5);
  std::vector<std::map<std::string, std::string>> states;
  for (std::uint64_t night = 1; night <= 4; ++night) {
    states.push_back(tests::describe_tree(tree));
    site.backup("daily", tree);
    tests::change_tree(tree, night);
  }
  remove_tree(site.path("site"));  // nothing of the host is needed
  for (std::size_t night = 0; night < states.size(); ++night) {
    CHECK(site.restored("daily", std::to_string(night + 1) + "/files") == states[night]);
  }
}

TEST_CASE("Law: a diff of two nights is what comparing the two trees says") {
  // What describe_tree looks at.
  using restore::EntryField;
  const std::set<EntryField> described{
      EntryField::kind,   EntryField::content, EntryField::mode,     EntryField::modified,
      EntryField::xattrs, EntryField::target,  EntryField::hard_link};
  for (const std::uint64_t seed : {11U, 12U, 13U}) {
    CAPTURE(seed);
    TestSite site;
    site.add_set("daily");
    const std::string tree = site.path("tree");
    tests::make_random_tree(tree, seed);
    std::vector<std::map<std::string, std::string>> states;
    for (std::uint64_t night = 1; night <= 3; ++night) {
      states.push_back(tests::describe_tree(tree));
      site.backup("daily", tree);
      tests::change_tree(tree, seed * 10 + night);
    }
    const vault::FolderMedium medium{site.medium("daily"), vault::Access::read};
    vault::VaultReader reader{medium, site.key(), 1};
    for (const auto& [before, after] : {std::pair{0U, 1U}, std::pair{1U, 2U}, std::pair{2U, 0U}}) {
      std::map<std::string, char> wanted;
      for (const auto& [path, text] : states[before]) {
        const auto other = states[after].find(path);
        if (other == states[after].end()) {
          wanted[path] = '-';
        } else if (other->second != text) {
          wanted[path] = '*';
        }
      }
      for (const auto& [path, text] : states[after]) {
        if (!states[before].contains(path)) {
          wanted[path] = '+';
        }
      }
      std::map<std::string, char> found;
      restore::diff_trees(
          reader, reader.snapshots()[before].snapshot.root, reader.snapshots()[after].snapshot.root,
          "", [&](const restore::Difference& difference) {
            const bool is_described = difference.fields.empty() ||
                                      std::ranges::any_of(difference.fields, [&](EntryField field) {
                                        return described.contains(field);
                                      });
            if (is_described) {
              found[(difference.path.empty() ? "" : "/") + std::string{difference.path}] =
                  difference.before == nullptr  ? '+'
                  : difference.after == nullptr ? '-'
                                                : '*';
            }
          });
      CHECK(found == wanted);
      CHECK(wanted.size() > 5);
    }
  }
}

TEST_CASE("Law: a second backup of the same tree stores no new chunk") {
  TestSite site;
  site.add_set("daily");
  tests::make_random_tree(site.path("tree"), 6);
  CHECK(site.backup("daily", site.path("tree")).new_chunk_bytes > 0);
  const vault::CaptureTotals second = site.backup("daily", site.path("tree"));
  CHECK(second.new_chunk_bytes == 0);
  CHECK(second.packs == 0);
  // Also when every file is read again: new change times, and nothing that is remembered counts.
  for (const auto& entry : std::filesystem::recursive_directory_iterator{site.path("tree")}) {
    if (!entry.is_symlink()) {
      std::filesystem::permissions(entry.path(), entry.status().permissions());
    }
  }
  const vault::CaptureTotals third = site.backup("daily", site.path("tree"));
  CHECK(third.chunk_bytes > 0);
  CHECK(third.new_chunk_bytes == 0);
}

TEST_CASE("Law: a pack key never meets a nonce twice, over many packs, nights and a cloned host") {
  TestSite site;
  site.add_set("daily");
  const std::string tree = site.path("tree");
  tests::make_random_tree(tree, 7);
  site.backup("daily", tree);
  // The clone has the same keys, numbers and catalogue, and captures other data.
  tests::copy_tree(site.path("site"), site.path("site-clone"));
  tests::copy_tree(site.medium("daily"), site.path("medium-clone"));
  NonceLedger ledger;
  for (std::uint64_t night = 1; night <= 3; ++night) {
    tests::change_tree(tree, night);
    site.backup("daily", tree);
  }
  ledger.add_packs_of(site, "daily");
  std::filesystem::rename(site.path("site"), site.path("site-first"));
  std::filesystem::rename(site.path("site-clone"), site.path("site"));
  tests::copy_tree(site.path("medium-clone"), site.medium("daily"));
  for (std::uint64_t night = 11; night <= 13; ++night) {
    tests::change_tree(tree, night);
    site.backup("daily", tree);
  }
  const std::size_t common = 2;  // the first session's packs are on both media
  const std::size_t before = ledger.blocks;
  ledger.add_packs_of(site, "daily");
  REQUIRE(ledger.blocks > before + common);
  const vault::FolderMedium medium{site.path("medium-clone"), vault::Access::read};
  vault::VaultReader first{medium, site.key(), 1};
  std::size_t shared = 0;
  for (const auto& [number, known] : first.packs()) {
    shared += first.pack(number)->table().blocks.size();
  }
  CHECK(ledger.pairs.size() == ledger.blocks - shared);
  CHECK(ledger.parts.size() == ledger.blocks - shared);  // and 64 bits do not collide here
}

TEST_CASE("Law: an extent lies in one pack of its own set, within its plain bytes") {
  TestSite site;
  site.add_set("daily");
  site.add_set("weekly");
  const std::string tree = site.path("tree");
  tests::make_random_tree(tree, 8);
  for (std::uint64_t night = 1; night <= 3; ++night) {
    site.backup("daily", tree);
    site.backup("weekly", tree);
    tests::change_tree(tree, night);
  }
  std::set<Digest> roots;
  std::size_t packs = 0;
  for (const char* set : {"daily", "weekly"}) {
    const vault::FolderMedium medium{site.medium(set), vault::Access::read};
    vault::VaultReader reader{medium, site.key(), 1};
    REQUIRE(reader.findings().empty());
    for (const auto& [number, known] : reader.packs()) {
      roots.insert(known.info.root);
      ++packs;
    }
    REQUIRE(reader.snapshots().size() == 3);
    std::size_t extents = 0;
    for (const vault::StoredSnapshot& stored : reader.snapshots()) {
      for_each_extent(reader, stored.snapshot, [&](const Extent& extent) {
        if (extent.kind == ExtentKind::data) {
          REQUIRE(reader.packs().contains(extent.position.pack));
          REQUIRE(extent.position.byte + extent.length <=
                  reader.pack(extent.position.pack)->plain_bytes());
          ++extents;
        }
      });
    }
    CHECK(extents > 20);
  }
  CHECK(roots.size() == packs);  // no pack is on both
}

TEST_CASE("Law: equal input gives equal blocks in equal order, whatever the number of threads") {
  TestSite site;
  tests::make_random_tree(site.path("tree"), 9);
  site.add_set("daily");
  tests::copy_tree(site.path("site"), site.path("site-new"));
  using Rows = std::vector<std::pair<std::string, std::uint32_t>>;
  std::vector<Rows> results;
  for (const unsigned threads : {1U, 2U, 8U}) {
    tests::copy_tree(site.path("site-new"), site.path("site"));
    site.capture("daily", site.path("tree"), threads);
    const vault::SetSecrets secrets = site.site().set_secrets("daily");
    const vault::Spool spool{site.site().spool_path("daily")};
    const vault::SpooledSession session = spool.sessions().at(0);
    Rows rows;
    for (const vault::PackInfo& pack : session.manifest.own_packs()) {
      const UniqueFd file = open_file(session.pack_path(pack.number), O_RDONLY);
      const auto sealed = vault::read_sealed_chunk_table(file.get(), pack, session.header.identity,
                                                         secrets.keys.catalogue);
      rows.emplace_back("pack", pack.number);
      for (const vault::ChunkRow& row : vault::open_chunk_table(
               secrets.keys.catalogue, session.header.identity, pack.number, sealed)) {
        rows.emplace_back(row.id.hex(), row.offset);
      }
    }
    results.push_back(std::move(rows));
  }
  CHECK(results[0].size() > 20);
  CHECK(results[0] == results[1]);
  CHECK(results[0] == results[2]);
}

TEST_CASE("Law: the catalogue learned from the medium answers as the one that was lost") {
  TestSite site;
  site.add_set("daily");
  const std::string tree = site.path("tree");
  tests::make_random_tree(tree, 10);
  for (std::uint64_t night = 1; night <= 3; ++night) {
    site.backup("daily", tree);
    tests::change_tree(tree, night);
  }
  std::vector<vault::ChunkRow> chunks;
  {
    const vault::FolderMedium medium{site.medium("daily"), vault::Access::read};
    vault::VaultReader reader{medium, site.key(), 1};
    for (const auto& [number, known] : reader.packs()) {
      for (const vault::ChunkRow& row :
           reader.pack(number)->chunk_table(reader.slot(known.session.number).set_keys.catalogue)) {
        chunks.push_back(row);
      }
    }
  }
  REQUIRE(chunks.size() > 20);
  std::vector<std::optional<Position>> answers;
  vault::ChainHead head;
  for (const bool learned : {false, true}) {
    if (learned) {
      remove_tree(site.catalogue("daily"));
    }
    vault::MediaSet set{site.site(), "daily", site.observer};
    if (learned) {
      vault::FolderMedium medium{site.medium("daily"), vault::Access::append};
      CHECK(vault::SetWriter{set, medium, site.observer}.attach() == vault::Attached::ready);
      CHECK(set.catalogue().head() == head);
    }
    head = set.catalogue().head();
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const auto found = set.catalogue().find(chunks[i].id, chunks[i].length);
      REQUIRE(found.has_value());
      if (learned) {
        CHECK(found == answers[i]);
      }
      answers.push_back(found);
    }
  }
}

}  // namespace azekura
