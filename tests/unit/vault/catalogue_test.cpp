#include "vault/catalogue.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/pack_maker.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <functional>

namespace azekura::vault {

namespace {

using tests::PackMaker;
using tests::random_bytes;
using tests::TempDir;

struct StoredPack {
  PackInfo info;
  Buffer table;
  PreparedBlock block;
};

StoredPack store_pack(const TempDir& dir, const PackMaker& maker, std::uint32_t number) {
  StoredPack pack;
  pack.block = maker.block(number, {1000, 2000, 3000});
  pack.info = maker.write(
      dir.path("pack-" + std::to_string(maker.session().number) + "-" + std::to_string(number)),
      number, {pack.block}, &pack.table);
  return pack;
}

std::unique_ptr<Catalogue> open(const TempDir& dir, const PackMaker& maker) {
  return Catalogue::open(dir.path("catalogue"), maker.session().set, maker.set_keys());
}

void add(Catalogue& catalogue, const PackMaker& maker, const StoredPack& pack) {
  catalogue.add_pack(pack.info, maker.session(), pack.table);
}

/// Changes rows behind the catalogue's back.
void change_rows(const TempDir& dir, const std::function<void(rocksdb::DB&)>& change) {
  rocksdb::DB* raw = nullptr;
  REQUIRE(rocksdb::DB::Open({}, dir.path("catalogue"), &raw).ok());
  const std::unique_ptr<rocksdb::DB> database{raw};
  change(*database);
}

std::vector<std::pair<std::string, std::string>> rows_of(rocksdb::DB& database, char row) {
  std::vector<std::pair<std::string, std::string>> rows;
  const std::unique_ptr<rocksdb::Iterator> at{database.NewIterator({})};
  for (at->Seek(std::string(1, row)); at->Valid() && at->key()[0] == row; at->Next()) {
    rows.emplace_back(at->key().ToString(), at->value().ToString());
  }
  return rows;
}

Digest key_of(std::uint64_t seed) { return Digest::from_bytes(random_bytes(seed, 32)); }

}  // namespace

TEST_CASE("Catalogue: finds what add_pack added, where it is, also when it is opened again") {
  const TempDir dir;
  const PackMaker maker;
  const StoredPack pack = store_pack(dir, maker, 7);
  for (const bool again : {false, true}) {
    const auto catalogue = open(dir, maker);
    if (!again) {
      add(*catalogue, maker, pack);
    }
    CHECK(catalogue->find(pack.block.ids[0], 1000) == Position{7, 0});
    CHECK(catalogue->find(pack.block.ids[1], 2000) == Position{7, 1000});
    CHECK(catalogue->find(pack.block.ids[2], 3000) == Position{7, 3000});
    CHECK(catalogue->session_of(7) == maker.session().number);
    CHECK_FALSE(catalogue->session_of(8));
    CHECK(catalogue->packs().at(7) == pack.info);
    CHECK(catalogue->head().next_pack == 8);
  }
}

TEST_CASE("Catalogue: finds the chunks of many packs, in runs and one here and one there") {
  constexpr std::uint32_t kPacks = 40;  // more than have their tables open
  constexpr std::size_t kChunks = 12;
  const TempDir dir;
  const PackMaker maker;
  const auto catalogue = open(dir, maker);
  std::vector<PreparedBlock> blocks;
  for (std::uint32_t pack = 0; pack < kPacks; ++pack) {
    blocks.push_back(maker.block(pack + 1, std::vector<std::uint32_t>(kChunks, 500)));
    Buffer table;
    const PackInfo info =
        maker.write(dir.path("pack-" + std::to_string(pack)), pack + 1, {blocks.back()}, &table);
    catalogue->add_pack(info, maker.session(), table);
  }
  const auto is_found = [&](std::uint32_t pack, std::size_t chunk) {
    const auto offset = static_cast<std::uint32_t>(500 * chunk);
    return catalogue->find(blocks[pack].ids[chunk], 500) == Position{pack + 1, offset};
  };
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t pack = 0; pack < kPacks; ++pack) {
      for (std::size_t chunk = 0; chunk < kChunks; ++chunk) {
        CHECK(is_found(pack, chunk));
      }
    }
    for (std::size_t chunk = 0; chunk < kChunks; ++chunk) {
      for (std::uint32_t pack = 0; pack < kPacks; ++pack) {
        CHECK(is_found(pack, chunk));
      }
    }
  }
}

TEST_CASE("Catalogue: an unknown chunk, or a known one of another length, is not found") {
  const TempDir dir;
  const PackMaker maker;
  const auto catalogue = open(dir, maker);
  const StoredPack pack = store_pack(dir, maker, 7);
  CHECK_FALSE(catalogue->find(pack.block.ids[0], 1000).has_value());
  add(*catalogue, maker, pack);
  CHECK_FALSE(catalogue->find(pack.block.ids[0], 999).has_value());
  CHECK_FALSE(catalogue->find(ChunkId{}, 1000).has_value());
  ChunkId nearly = pack.block.ids[0];  // the same first 16 bytes: the row's whole key
  nearly.mutable_bytes()[31] ^= std::byte{1};
  CHECK_FALSE(catalogue->find(nearly, 1000).has_value());
}

TEST_CASE("Catalogue: a chunk table that is not this pack's is refused") {
  const TempDir dir;
  const PackMaker maker;
  const auto catalogue = open(dir, maker);
  const StoredPack pack = store_pack(dir, maker, 7);
  PackInfo other = pack.info;
  other.number = 8;
  CHECK_THROWS_AS(catalogue->add_pack(other, maker.session(), pack.table), DamageError);
  CHECK_THROWS_AS(catalogue->add_pack(pack.info, PackMaker(1, 2).session(), pack.table),
                  DamageError);
  Buffer damaged = pack.table;
  damaged[40] ^= std::byte{1};
  CHECK_THROWS_AS(catalogue->add_pack(pack.info, maker.session(), damaged), DamageError);
  CHECK(catalogue->packs().empty());
}

TEST_CASE("Catalogue attack: flipped bytes in any row are not believed, never a wrong position") {
  const TempDir dir;
  const PackMaker maker;
  const StoredPack a = store_pack(dir, maker, 7);
  const StoredPack b = store_pack(dir, maker, 8);
  for (const char row : {'h', 'k', 'n', 'p', 't', 'c', 's'}) {
    for (const std::size_t at : {0U, 3U, 6U, 10U, 15U}) {  // pack, offset, length, proof
      CAPTURE(row);
      remove_tree(dir.path("catalogue"));
      {
        const auto catalogue = open(dir, maker);
        add(*catalogue, maker, a);
        add(*catalogue, maker, b);
        catalogue->remember({{key_of(1), random_bytes(5, 50)}}, maker.session());
        catalogue->keep_sessions([](std::uint32_t, const SessionId&) { return true; });
      }
      change_rows(dir, [&](rocksdb::DB& database) {
        for (auto& [key, value] : rows_of(database, row)) {
          value[at % value.size()] = static_cast<char>(value[at % value.size()] ^ 0x0F);
          REQUIRE(database.Put({}, key, value).ok());
        }
      });
      const auto catalogue = open(dir, maker);
      for (const StoredPack* pack : {&a, &b}) {
        std::uint32_t offset = 0;
        for (std::size_t i = 0; i < 3; ++i) {
          const auto found = catalogue->find(pack->block.ids[i], pack->block.lengths[i]);
          const bool right = !found || *found == Position{pack->info.number, offset};
          CHECK(right);
          offset += pack->block.lengths[i];
        }
      }
      const auto record = catalogue->recall(key_of(1));
      const bool true_record = !record || record->record == random_bytes(5, 50);
      CHECK(true_record);
    }
  }
}

TEST_CASE("Catalogue attack: rows changed with each other are not believed") {
  const TempDir dir;
  const PackMaker maker;
  const StoredPack a = store_pack(dir, maker, 7);
  const StoredPack b = store_pack(dir, maker, 8);
  {
    const auto catalogue = open(dir, maker);
    add(*catalogue, maker, a);
    add(*catalogue, maker, b);
    catalogue->remember({{key_of(1), random_bytes(5, 50)}, {key_of(2), random_bytes(6, 50)}},
                        maker.session());
  }
  for (const char row : {'p', 't', 's', 'c'}) {
    change_rows(dir, [&](rocksdb::DB& database) {
      const auto rows = rows_of(database, row);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        REQUIRE(database.Put({}, rows[i].first, rows[(i + 1) % rows.size()].second).ok());
      }
    });
    const auto catalogue = open(dir, maker);
    for (const StoredPack* pack : {&a, &b}) {
      const auto found = catalogue->find(pack->block.ids[1], 2000);
      const bool right = !found || *found == Position{pack->info.number, 1000};
      CHECK(right);
    }
  }
  const auto catalogue = open(dir, maker);
  CHECK_FALSE(catalogue->recall(key_of(1)).has_value());
  CHECK_FALSE(catalogue->recall(key_of(2)).has_value());
}

TEST_CASE("Catalogue attack: another set's catalogue is as good as empty") {
  const TempDir dir;
  const PackMaker mine{1};
  const PackMaker theirs{2};
  const StoredPack pack = store_pack(dir, theirs, 7);
  {
    const auto catalogue = open(dir, theirs);
    add(*catalogue, theirs, pack);
    catalogue->remember({{key_of(1), random_bytes(5, 50)}}, theirs.session());
    catalogue->keep_sessions([](std::uint32_t, const SessionId&) { return true; });
  }
  const auto catalogue = open(dir, mine);
  CHECK(catalogue->packs().empty());
  CHECK(catalogue->head() == ChainHead{});
  CHECK_FALSE(catalogue->find(pack.block.ids[0], 1000).has_value());
  CHECK_FALSE(catalogue->recall(key_of(1)).has_value());
}

TEST_CASE("Catalogue attack: a deleted or unreadable directory is an empty catalogue") {
  const TempDir dir;
  const PackMaker maker;
  const StoredPack pack = store_pack(dir, maker, 7);
  add(*open(dir, maker), maker, pack);
  remove_tree(dir.path("catalogue"));
  CHECK(open(dir, maker)->packs().empty());
  add(*open(dir, maker), maker, pack);
  for (const std::string& name : list_directory(dir.path("catalogue"))) {
    if (name.starts_with("MANIFEST") || name == "CURRENT") {
      replace_file(dir.path("catalogue/" + name), as_bytes("garbage\n"));
    }
  }
  const auto catalogue = open(dir, maker);
  CHECK(catalogue->packs().empty());
  add(*catalogue, maker, pack);  // and it works
  CHECK(catalogue->find(pack.block.ids[0], 1000).has_value());
}

TEST_CASE("Catalogue: a database that fails while it is read is begun anew, too") {
  const TempDir dir;
  const PackMaker maker;
  {
    const auto catalogue = open(dir, maker);
    for (std::uint32_t number = 1; number <= 20; ++number) {
      add(*catalogue, maker, store_pack(dir, maker, number));
    }
  }
  change_rows(dir, [](rocksdb::DB& database) { REQUIRE(database.Flush({}).ok()); });
  for (const std::string& name : list_directory(dir.path("catalogue"))) {
    if (name.ends_with(".sst")) {
      Buffer bytes = read_file(dir.path("catalogue/" + name), kMiB);
      std::fill(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2),
                std::byte{0x55});
      replace_file(dir.path("catalogue/" + name), bytes);
    }
  }
  const auto catalogue = open(dir, maker);
  const StoredPack pack = store_pack(dir, maker, 30);
  add(*catalogue, maker, pack);
  CHECK(catalogue->find(pack.block.ids[0], 1000) == Position{30, 0});
}

TEST_CASE("Catalogue: a damaged database in a folder named lock is not taken for a busy one") {
  const TempDir dir;
  const PackMaker maker;
  const std::string path = dir.path("block");
  static_cast<void>(Catalogue::open(path, maker.session().set, maker.set_keys()));
  for (const std::string& name : list_directory(path)) {
    if (name.starts_with("MANIFEST")) {
      remove_file(path + "/" + name);
    }
  }
  CHECK(Catalogue::open(path, maker.session().set, maker.set_keys())->packs().empty());
}

TEST_CASE("Catalogue: only one may have it open") {
  const TempDir dir;
  const PackMaker maker;
  const auto catalogue = open(dir, maker);
  CHECK_THROWS_AS(static_cast<void>(open(dir, maker)), BusyError);
}

TEST_CASE("Catalogue: scan records are valid for their session only") {
  const TempDir dir;
  const PackMaker maker;
  const auto catalogue = open(dir, maker);
  CHECK_FALSE(catalogue->recall(key_of(1)).has_value());
  catalogue->remember({{key_of(1), random_bytes(5, 50)}, {key_of(2), {}}}, maker.session());
  const auto record = catalogue->recall(key_of(1));
  REQUIRE(record);
  CHECK(record->record == random_bytes(5, 50));
  CHECK(record->session == maker.session().number);
  REQUIRE(catalogue->recall(key_of(2)));
  CHECK(catalogue->recall(key_of(2))->record.empty());
  // A session of the same number that is not the same session.
  SessionIdentity other = maker.session();
  other.session = SessionId::from_bytes(random_bytes(9, 16));
  catalogue->remember({{key_of(3), random_bytes(6, 50)}}, other);
  CHECK_FALSE(catalogue->recall(key_of(1)).has_value());
  CHECK(catalogue->recall(key_of(3)).has_value());
  catalogue->keep_sessions([](std::uint32_t, const SessionId&) { return false; });
  CHECK_FALSE(catalogue->recall(key_of(3)).has_value());
}

TEST_CASE("Catalogue: packs of sessions that are not kept are forgotten, their numbers are not") {
  const TempDir dir;
  const PackMaker first{1, 1};
  const PackMaker second{1, 2};
  const StoredPack a = store_pack(dir, first, 7);
  StoredPack b = store_pack(dir, second, 9);
  {
    const auto catalogue = open(dir, first);
    add(*catalogue, first, a);
    add(*catalogue, second, b);
    catalogue->keep_sessions([&](std::uint32_t number, const SessionId& id) {
      return number == 1 && id == first.session().session;
    });
    CHECK(catalogue->session_of(7));
    CHECK_FALSE(catalogue->session_of(9));
    CHECK(catalogue->find(a.block.ids[0], 1000).has_value());
    CHECK(catalogue->head().next_pack == 10);
  }
  const auto catalogue = open(dir, first);
  CHECK(catalogue->packs().size() == 1);
  CHECK(catalogue->head().next_pack == 10);
}

TEST_CASE("Catalogue: forgotten packs are not found again, and nothing is recalled") {
  const TempDir dir;
  const PackMaker maker;
  const StoredPack a = store_pack(dir, maker, 7);
  const StoredPack b = store_pack(dir, maker, 8);
  {
    const auto catalogue = open(dir, maker);
    add(*catalogue, maker, a);
    add(*catalogue, maker, b);
    catalogue->remember({{key_of(1), random_bytes(5, 50)}}, maker.session());
    REQUIRE(catalogue->find(a.block.ids[0], 1000).has_value());
    catalogue->forget_packs({7});
    CHECK_FALSE(catalogue->find(a.block.ids[0], 1000).has_value());
    CHECK(catalogue->find(b.block.ids[0], 1000).has_value());
    CHECK_FALSE(catalogue->recall(key_of(1)).has_value());
  }
  const auto catalogue = open(dir, maker);
  CHECK_FALSE(catalogue->session_of(7));
  CHECK_FALSE(catalogue->find(a.block.ids[0], 1000).has_value());
  CHECK_FALSE(catalogue->recall(key_of(1)).has_value());
}

TEST_CASE("Catalogue: the head and the key slots are what was committed last") {
  const TempDir dir;
  const PackMaker maker;
  const SigningKey authority{Secret::copy_of(random_bytes(1, 32))};
  SessionHeader header;
  header.identity = maker.session();
  header.writer.authority = authority.public_key();
  header.writer.certificate =
      Certificate::issue(authority, {maker.session().site, {}, 1, authority.public_key(), {}});
  const RecipientKey recipient = recipient_key_of(Secret::copy_of(random_bytes(2, 32)));
  header.policy = Policy::issue(authority, {maker.session().site, 1, {recipient}, {}});
  header.slots = {
      KeySlot::make(maker.session(), maker.slot().session_key, maker.set_keys(), header.policy)};
  {
    const auto catalogue = open(dir, maker);
    add(*catalogue, maker, store_pack(dir, maker, 20));
    catalogue->commit({1, key_of(1), 5}, header.encode());
    CHECK(catalogue->head() == ChainHead{1, key_of(1), 21});  // numbers never go back
  }
  const auto catalogue = open(dir, maker);
  CHECK(catalogue->head() == ChainHead{1, key_of(1), 21});
  REQUIRE(catalogue->slots().size() == 1);
  CHECK(catalogue->slots()[0].session == maker.session().session);
}

TEST_CASE("Catalogue: neither chunk ids' sources nor records lie open on the host's disk") {
  const TempDir dir;
  const PackMaker maker;
  {
    const auto catalogue = open(dir, maker);
    catalogue->remember({{key_of(1), Buffer(200, std::byte{'Q'})}}, maker.session());
  }
  const Buffer needle(16, std::byte{'Q'});
  for (const std::string& name : list_directory(dir.path("catalogue"))) {
    const Buffer bytes = read_file(dir.path("catalogue/" + name), 64 * kMiB);
    CHECK(std::search(bytes.begin(), bytes.end(), needle.begin(), needle.end()) == bytes.end());
  }
}

}  // namespace azekura::vault
