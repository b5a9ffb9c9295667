#include "vault/block_maker.h"

#include "core/error.h"
#include "core/limits.h"
#include "tests/support/written_set.h"
#include "vault/pack_format.h"
#include "vault/repair.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

namespace azekura::vault {

namespace {

using tests::spoil;
using tests::WrittenSet;

constexpr std::uint32_t kLostLeaves = 24;  // at least three in each stripe

/// Has the chunks of the set's packs, from a copy of the medium as it was written.
class WrittenChunks final : public ChunkFinder {
 public:
  explicit WrittenChunks(WrittenSet& set)
      : medium_{set.site().path("as-written"), Access::read},
        reader_{medium_, set.site().key(), 1} {}

  void seek(const LostBytes& lost) override { wanted = lost; }

  std::optional<ChunkOrigin> find(Position begin, std::uint32_t length,
                                  const std::function<bool(ByteView)>& is_right) override {
    CHECK(wanted.within(begin, length) == std::vector<LostBytes::Part>{{0, length}});
    Buffer bytes = plain_of(begin.pack);
    bytes.erase(bytes.begin(), bytes.begin() + begin.byte);
    bytes.resize(length);
    Buffer wrong = bytes;
    wrong.back() ^= std::byte{1};
    CHECK_FALSE(is_right(wrong));
    CHECK_FALSE(is_right(ByteView{bytes}.first(length - 1)));
    if (begin == missing || !is_right(bytes)) {
      return std::nullopt;
    }
    return ChunkOrigin{"a copy", "/copy", "files", "all", begin.byte, length};
  }

  /// Every block of the pack, one after the other.
  Buffer plain_of(std::uint32_t number) {
    const std::shared_ptr<PackReader> pack = reader_.pack(number);
    Buffer plain;
    for (std::uint32_t i = 0; i < pack->table().blocks.size(); ++i) {
      append(plain, pack->open_block(i));
    }
    return plain;
  }

  LostBytes wanted;
  std::optional<Position> missing;  ///< the chunk it does not have

 private:
  FolderMedium medium_;
  VaultReader reader_;
};

/// The first pack of files.
std::uint32_t damaged_pack(const WrittenSet& set) {
  const FolderMedium medium{set.medium(), Access::read};
  return Vault{medium, std::nullopt}.sessions().front().manifest.parity->rows.at(1).packs.front();
}

std::string medium_file(const WrittenSet& set, const std::string& name) {
  return set.medium() + "/" + name;
}

/// Loses the first leaves of a pack, its header among them: more than parity brings back.
void lose_leaves(const WrittenSet& set, std::uint32_t pack) {
  REQUIRE(set.written(pack_path(pack)).size() > (kLostLeaves + 4) * limits::kLeafBytes);
  spoil(medium_file(set, pack_path(pack)), 0, kLostLeaves * limits::kLeafBytes);
}

struct Repaired {
  RepairReport report;
  std::vector<std::string> notices;
};

Repaired repair_with(WrittenSet& set, ChunkFinder& finder) {
  tests::RecordingObserver observer;
  FolderMedium medium{set.medium(), Access::append};
  VaultReader reader{medium, set.site().key(), 2};
  const ChunkSources sources{reader, finder, set.site().key().authority().public_key()};
  RepairReport report = repair_medium(medium, 2, observer, &sources);
  return {std::move(report), observer.notices};
}

void check_nothing_healed(const WrittenSet& set, const Repaired& repaired, std::uint32_t pack) {
  CHECK(repaired.report.healed.empty());
  REQUIRE(repaired.report.found.findings.size() == 1);
  CHECK(repaired.report.found.findings.front().remedy == Remedy::none);
  CHECK(repaired.report.lost_packs == std::vector<std::uint32_t>{pack});
  CHECK_FALSE(std::filesystem::exists(medium_file(set, healed_path(pack_path(pack)))));
  REQUIRE(repaired.notices.size() == 1);
  CHECK(repaired.notices.front().starts_with(pack_path(pack) + " is not healed: "));
}

}  // namespace

TEST_CASE("Block maker: a pack is made again to the bit from its chunks, its header from the key") {
  WrittenSet& set = WrittenSet::shared();
  const std::uint32_t pack = damaged_pack(set);
  lose_leaves(set, pack);
  WrittenChunks chunks{set};
  const Repaired repaired = repair_with(set, chunks);
  CHECK(repaired.notices.empty());
  CHECK(repaired.report.lost_packs.empty());
  REQUIRE(repaired.report.healed.size() == 1);
  const HealedFile& healed = repaired.report.healed.front();
  CHECK(healed.name == pack_path(pack));
  CHECK(repaired.report.found.findings.front().remedy == Remedy::healed);
  CHECK(equal(tests::files_below(set.medium()).at(healed_path(pack_path(pack))),
              set.written(pack_path(pack))));
  std::uint64_t at = kPackHeaderBytes;  // the lost blocks, one behind the other
  for (const MadeBlock& block : healed.blocks) {
    CHECK(block.pack == pack);
    CHECK(block.offset == at);
    at += block.bytes;
    REQUIRE(block.origins.size() == 1);  // its chunks follow each other in the file
    CHECK(block.origins.front().path == "all");
  }
  CHECK(at > kLostLeaves * limits::kLeafBytes);
  CHECK(std::all_of(healed.made.begin(), healed.made.end(),
                    [](const Healer::MadeLeaf& leaf) { return leaf.is_offered; }));
  CHECK(healed.made.size() == kLostLeaves);
}

TEST_CASE("Block maker: without one of its chunks a block stays lost, and with it its pack") {
  WrittenSet& set = WrittenSet::shared();
  const std::uint32_t pack = damaged_pack(set);
  lose_leaves(set, pack);
  WrittenChunks chunks{set};
  chunks.missing = Position{pack, 0};
  check_nothing_healed(set, repair_with(set, chunks), pack);
}

TEST_CASE("Block maker: without its tables a pack cannot be made") {
  WrittenSet& set = WrittenSet::shared();
  const std::uint32_t pack = damaged_pack(set);
  const std::string name = pack_path(pack);
  const std::uint64_t data_bytes = pack_data_bytes(set.written(name).size());
  spoil(medium_file(set, name), 0, data_bytes);
  WrittenChunks chunks{set};
  check_nothing_healed(set, repair_with(set, chunks), pack);
  CHECK(chunks.wanted.empty());
}

TEST_CASE("Block maker: lost blocks are those that do not open") {
  WrittenSet& set = WrittenSet::shared();
  const std::uint32_t pack = damaged_pack(set);
  const FolderMedium medium{set.medium(), Access::read};
  {
    VaultReader reader{medium, set.site().key(), 1};
    CHECK(lost_blocks(reader, pack).empty());
    spoil(medium_file(set, pack_path(pack)), limits::kLeafBytes, kLostLeaves * limits::kLeafBytes);
    const std::vector<std::uint32_t> lost = lost_blocks(reader, pack);
    LostBytes bytes;
    add_lost_bytes(reader, pack, bytes);
    const BlockTable& table = reader.pack(pack)->table();
    for (std::uint32_t i = 0; i < table.blocks.size(); ++i) {
      const BlockInfo& block = table.blocks[i];
      const bool is_lost = block.stored_offset < (kLostLeaves + 1) * limits::kLeafBytes &&
                           block.stored_offset + block.stored_bytes > limits::kLeafBytes;
      CHECK(std::binary_search(lost.begin(), lost.end(), i) == is_lost);
      CHECK(bytes.within({pack, block.plain_offset}, block.plain_bytes).size() ==
            (is_lost ? 1U : 0U));
    }
  }
  std::filesystem::remove(medium_file(set, pack_path(pack)));
  VaultReader reader{medium, set.site().key(), 1};
  CHECK_THROWS_AS(static_cast<void>(lost_blocks(reader, pack)), DamageError);
}

TEST_CASE("Healer: offered bytes count where they give a leaf its hash, and help parity") {
  WrittenSet& set = WrittenSet::shared();
  const std::uint32_t pack = damaged_pack(set);
  const Buffer& written = set.written(pack_path(pack));
  lose_leaves(set, pack);
  const FolderMedium medium{set.medium(), Access::read};
  const std::vector<SealedSession> sessions = Vault{medium, std::nullopt}.sessions();
  std::vector<Finding> findings;
  Healer healer{medium, sessions, findings};
  const auto is_whole = [&](std::uint64_t leaf) {
    const std::uint64_t begin = leaf * limits::kLeafBytes;
    return equal(healer.read(pack, begin, limits::kLeafBytes),
                 ByteView{written}.subspan(begin, limits::kLeafBytes));
  };
  const auto offer = [&](std::uint64_t begin, std::uint64_t end) {
    const ByteView bytes = ByteView{written}.subspan(begin, end - begin);
    healer.offer(pack, begin, {bytes.begin(), bytes.end()});
  };
  CHECK_FALSE(is_whole(3));
  offer(3 * limits::kLeafBytes - 5, 3 * limits::kLeafBytes + 1000);
  CHECK_FALSE(is_whole(3));
  offer(3 * limits::kLeafBytes + 1000, 4 * limits::kLeafBytes + 5);
  CHECK(is_whole(3));
  CHECK(healer.offered_bytes() == limits::kLeafBytes + 10);
  const std::vector<Healer::MadeLeaf> made = healer.take_made();
  REQUIRE(made.size() == 1);
  CHECK(made.front().is_offered);
  CHECK_FALSE(is_whole(4));
  // All but two leaves: parity makes those.
  offer(0, 6 * limits::kLeafBytes);
  offer(8 * limits::kLeafBytes, kLostLeaves * limits::kLeafBytes);
  for (std::uint64_t leaf = 0; leaf < kLostLeaves; ++leaf) {
    CHECK(is_whole(leaf));
  }
  Buffer lie(limits::kLeafBytes, std::byte{1});
  healer.offer(pack, 0, std::move(lie));
  CHECK_FALSE(healer.take_made().empty());
  CHECK(is_whole(20));
  healer.withdraw(pack);
  CHECK(healer.offered_bytes() == 0);
  CHECK_FALSE(is_whole(3));
}

}  // namespace azekura::vault
