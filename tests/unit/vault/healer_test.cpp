#include "vault/healer.h"

#include "core/error.h"
#include "core/limits.h"
#include "tests/support/random_bytes.h"
#include "tests/support/written_set.h"
#include "vault/pack_format.h"
#include "vault/verifier.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <set>
#include <thread>

namespace azekura::vault {

namespace {

using tests::RandomNumbers;
using tests::spoil;
using tests::WrittenSet;
using Leaves = std::set<std::pair<std::uint32_t, std::uint32_t>>;

/// A healer of the set's medium as it is now, and what the sessions on it say.
struct OpenHealer {
  FolderMedium medium;
  std::vector<SealedSession> sessions;
  std::vector<Finding> findings;
  Healer healer;

  explicit OpenHealer(const std::string& path)
      : medium{path, Access::read},
        sessions{Vault{medium, std::nullopt}.sessions()},
        healer{medium, sessions, findings} {}

  [[nodiscard]] std::vector<ParityLayout> layouts() const {
    std::vector<ParityLayout> layouts;
    for (const SealedSession& session : sessions) {
      layouts.emplace_back(*session.manifest.parity, session.manifest.own_packs());
    }
    return layouts;
  }
};

Buffer streamed(const std::function<void(const std::function<void(ByteView)>&)>& stream) {
  Buffer bytes;
  stream([&](ByteView part) { append(bytes, part); });
  return bytes;
}

/// Every pack and parity file that seals vouch for is made as it was written.
void check_all_comes_back(const WrittenSet& set, OpenHealer& open) {
  for (const auto& [number, pack] : open.healer.packs()) {
    const std::uint32_t wanted = number;
    const Buffer made = streamed([&](const auto& take) { open.healer.stream_pack(wanted, take); });
    REQUIRE(equal(made, set.written(pack_path(wanted))));
  }
  for (const SealedSession& session : open.sessions) {
    REQUIRE(session.manifest.parity_files() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      const Buffer made =
          streamed([&](const auto& take) { open.healer.stream_parity(session.number(), i, take); });
      REQUIRE(equal(made, set.written(parity_path(session.number(), i))));
    }
  }
}

void spoil_leaf(const std::string& medium, const LeafRow::Leaf& leaf, RandomNumbers& numbers) {
  const std::uint64_t begin = leaf.index * limits::kLeafBytes;
  const std::size_t bytes = leaf_bytes(leaf.pack, leaf.index);
  if (numbers.next() % 2 == 0) {
    spoil(medium + "/" + pack_path(leaf.pack.number), begin, bytes);
  } else {
    spoil(medium + "/" + pack_path(leaf.pack.number), begin + numbers.next() % bytes, 1);
  }
}

/// Damages as many leaves of a stripe, members and parity, as it has parity; returns the members.
Leaves spoil_stripe(const std::string& medium, std::uint32_t session, const LeafRow& row,
                    std::uint64_t stripe, std::uint64_t stripe_in_file, RandomNumbers& numbers) {
  std::vector<std::uint64_t> members;
  for (std::uint64_t place = stripe; place < row.leaves(); place += row.stripes()) {
    members.push_back(place);
  }
  const std::uint64_t of_parity = numbers.next() % 3;
  const std::uint64_t wanted = std::min<std::uint64_t>(2 - of_parity, members.size());
  for (std::uint64_t i = 0; i < of_parity; ++i) {
    const std::size_t file = of_parity == 2 ? i : numbers.next() % 2;
    spoil(medium + "/" + parity_path(session, file),
          stripe_in_file * limits::kLeafBytes + numbers.next() % limits::kLeafBytes, 1);
  }
  Leaves lost;
  while (lost.size() < wanted) {
    const LeafRow::Leaf leaf = row.at(members[numbers.next() % members.size()]);
    if (lost.emplace(leaf.pack.number, leaf.index).second) {
      spoil_leaf(medium, leaf, numbers);
    }
  }
  return lost;
}

Leaves taken(Healer& healer) {
  Leaves leaves;
  for (const Healer::MadeLeaf& made : healer.take_made()) {
    CHECK(leaves.emplace(made.pack, made.leaf).second);
  }
  return leaves;
}

/// The leaves that cannot be had: damage is thrown, or the bytes given are the damaged ones.
Leaves unreadable_leaves(const WrittenSet& set, OpenHealer& open) {
  Leaves unreadable;
  for (const auto& [number, pack] : open.healer.packs()) {
    const std::uint64_t data_bytes = pack_data_bytes(pack.info.file_bytes);
    for (std::uint32_t leaf = 0; leaf < leaf_count(data_bytes); ++leaf) {
      const std::uint64_t begin = leaf * limits::kLeafBytes;
      const std::uint64_t size = std::min(limits::kLeafBytes, data_bytes - begin);
      try {
        const Buffer read = open.healer.read(number, begin, size);
        if (!equal(read, ByteView{set.written(pack_path(number))}.subspan(begin, size))) {
          unreadable.emplace(number, leaf);
        }
      } catch (const DamageError&) {
        unreadable.emplace(number, leaf);
      }
    }
  }
  return unreadable;
}

/// The first stripe of the set with more than three members, and its row and session.
struct LongStripe {
  std::uint32_t session = 0;
  LeafRow row;
  std::uint64_t stripes_before = 0;
};
LongStripe long_stripe(const OpenHealer& open) {
  for (const SealedSession& session : open.sessions) {
    const ParityLayout layout{*session.manifest.parity, session.manifest.own_packs()};
    std::uint64_t before = 0;
    for (const LeafRow& row : layout.rows) {
      if (row.members() > 3) {
        return {session.number(), row, before};
      }
      before += row.stripes();
    }
  }
  throw DamageError{"no stripe has more than three members"};
}

/// Damages the first members of the stripe, one byte each.
Leaves spoil_members(const WrittenSet& set, const LongStripe& at, unsigned count) {
  Leaves lost;
  for (std::uint64_t member = 0; member < count; ++member) {
    const LeafRow::Leaf leaf = at.row.at(member * at.row.stripes());
    spoil(set.medium() + "/" + pack_path(leaf.pack.number), leaf.index * limits::kLeafBytes, 1);
    lost.emplace(leaf.pack.number, leaf.index);
  }
  return lost;
}

}  // namespace

TEST_CASE("Healer: what is whole comes as it is, and nothing is made") {
  const WrittenSet& set = WrittenSet::shared();
  OpenHealer open{set.medium()};
  REQUIRE(open.sessions.size() == 3);
  check_all_comes_back(set, open);
  CHECK(open.healer.take_made().empty());
  CHECK(open.findings.empty());
}

TEST_CASE("Healer: what is damaged in every stripe, as much as it has parity, is made again") {
  WrittenSet& set = WrittenSet::shared();
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    set.reset();
    RandomNumbers numbers{seed};
    Leaves lost;
    {
      const OpenHealer before{set.medium()};
      for (std::size_t i = 0; i < before.sessions.size(); ++i) {
        const ParityLayout layout = before.layouts()[i];
        std::uint64_t in_file = 0;
        for (const LeafRow& row : layout.rows) {
          for (std::uint64_t stripe = 0; stripe < row.stripes(); ++stripe) {
            lost.merge(spoil_stripe(set.medium(), before.sessions[i].number(), row, stripe,
                                    in_file++, numbers));
          }
        }
      }
    }
    OpenHealer open{set.medium()};
    check_all_comes_back(set, open);
    CHECK(taken(open.healer) == lost);
    CHECK(open.healer.take_made().empty());
    for (int i = 0; i < 50; ++i) {
      auto pack = open.healer.packs().begin();
      std::advance(pack, numbers.next() % open.healer.packs().size());
      const std::uint64_t data_bytes = pack_data_bytes(pack->second.info.file_bytes);
      const std::uint64_t begin = numbers.next() % (data_bytes + 1);
      const std::uint64_t size = numbers.next() % (data_bytes - begin + 1);
      const Buffer read = open.healer.read(pack->first, begin, size);
      REQUIRE(equal(read, ByteView{set.written(pack_path(pack->first))}.subspan(begin, size)));
    }
  }
}

TEST_CASE("Healer: any tree pack may be lost, and with it a parity file") {
  WrittenSet& set = WrittenSet::shared();
  std::vector<std::pair<std::uint32_t, std::uint32_t>> tree_packs;
  {
    const OpenHealer open{set.medium()};
    for (const SealedSession& session : open.sessions) {
      for (const std::uint32_t pack : session.manifest.parity->rows.front().packs) {
        tree_packs.emplace_back(session.number(), pack);
      }
    }
  }
  std::uint64_t longest = 0;
  for (const auto& tree_pack : tree_packs) {
    const auto [session, pack] = tree_pack;
    CAPTURE(tree_pack.second);
    set.reset();
    std::filesystem::remove(set.medium() + "/" + pack_path(pack));
    std::filesystem::remove(set.medium() + "/" + parity_path(session, pack % 2));
    OpenHealer open{set.medium()};
    check_all_comes_back(set, open);
    const std::uint64_t leaves = leaf_count(pack_data_bytes(set.written(pack_path(pack)).size()));
    longest = std::max(longest, leaves);
    const Leaves made = taken(open.healer);
    CHECK(made.size() == leaves);
    CHECK(made.contains({pack, 0}));
  }
  CHECK(longest > 1);
}

TEST_CASE("Healer: all parity of a session may be lost") {
  WrittenSet& set = WrittenSet::shared();
  std::filesystem::remove_all(set.medium() + "/parity/000002");
  OpenHealer open{set.medium()};
  check_all_comes_back(set, open);
  CHECK(open.healer.take_made().empty());
}

TEST_CASE("Healer: leaf hashes come from parity files where the pack's own are damaged") {
  WrittenSet& set = WrittenSet::shared();
  const OpenHealer before{set.medium()};
  for (const auto& [number, pack] : before.healer.packs()) {
    const std::uint64_t data_bytes = pack_data_bytes(pack.info.file_bytes);
    spoil(set.medium() + "/" + pack_path(number), data_bytes,
          pack.info.file_bytes - data_bytes);  // its hashes, its tail
  }
  for (const SealedSession& session : before.sessions) {
    const ParityFileInfo info = ParityFileInfo::of(session.manifest, 0);
    spoil(set.medium() + "/" + parity_path(session.number(), 0), info.pack_hashes_offset(),
          info.leaves * Digest::kBytes);
  }
  OpenHealer open{set.medium()};
  check_all_comes_back(set, open);
  CHECK(open.healer.take_made().empty());

  // With the last copy goes what locates damage: a pack that is whole vouches for itself, and in
  // one that is not nothing can be made again.
  std::filesystem::remove(set.medium() + "/" + parity_path(2, 1));
  OpenHealer without{set.medium()};
  check_all_comes_back(set, without);
  for (const auto& [number, pack] : without.healer.packs()) {
    spoil(set.medium() + "/" + pack_path(number), 0, 1);
  }
  OpenHealer damaged{set.medium()};
  for (const auto& [number, pack] : damaged.healer.packs()) {
    const std::uint32_t wanted = number;
    const auto nothing = [](ByteView /*bytes*/) {};
    if (pack.session.number == 2) {
      CHECK_THROWS_AS(damaged.healer.stream_pack(wanted, nothing), DamageError);
    }
  }
}

TEST_CASE("Healer: one leaf more than the parity of a stripe is lost, with its like and no other") {
  WrittenSet& set = WrittenSet::shared();
  const OpenHealer before{set.medium()};
  const LongStripe at = long_stripe(before);
  const Leaves lost = spoil_members(set, at, 3);
  OpenHealer open{set.medium()};
  CHECK(unreadable_leaves(set, open) == lost);
  CHECK(open.healer.take_made().empty());
  CHECK_THROWS_AS(open.healer.stream_pack(lost.begin()->first, [](ByteView /*bytes*/) {}),
                  DamageError);
  CHECK_THROWS_AS(open.healer.stream_parity(at.session, 0, [](ByteView /*bytes*/) {}), DamageError);
}

TEST_CASE("Healer: damaged parity counts as lost") {
  WrittenSet& set = WrittenSet::shared();
  const OpenHealer before{set.medium()};
  const LongStripe at = long_stripe(before);
  const Leaves lost = spoil_members(set, at, 2);
  {
    OpenHealer open{set.medium()};
    CHECK(unreadable_leaves(set, open).empty());
    CHECK(taken(open.healer) == lost);
  }
  spoil(set.medium() + "/" + parity_path(at.session, 1), at.stripes_before * limits::kLeafBytes, 1);
  OpenHealer open{set.medium()};
  CHECK(unreadable_leaves(set, open) == lost);
}

TEST_CASE("Healer: a healed copy is taken before anything is made, and parity after it") {
  WrittenSet& set = WrittenSet::shared();
  const std::uint32_t pack = OpenHealer{set.medium()}.healer.packs().begin()->first;
  const std::string original = set.medium() + "/" + pack_path(pack);
  const std::string healed = set.medium() + "/" + healed_path(pack_path(pack));
  std::filesystem::create_directories(std::filesystem::path{healed}.parent_path());
  std::filesystem::copy_file(original, healed);
  spoil(original, 100, 1);
  {
    OpenHealer open{set.medium()};
    check_all_comes_back(set, open);
    CHECK(open.healer.take_made().empty());
  }
  spoil(healed, 200, 1);
  OpenHealer open{set.medium()};
  check_all_comes_back(set, open);
  CHECK(taken(open.healer) == Leaves{{pack, 0}});
}

TEST_CASE("Healer: what is outside a pack, or of no pack and no session, is refused") {
  const WrittenSet& set = WrittenSet::shared();
  OpenHealer open{set.medium()};
  const auto& [number, pack] = *open.healer.packs().begin();
  const std::uint32_t first = number;
  const std::uint64_t data_bytes = pack_data_bytes(pack.info.file_bytes);
  CHECK(open.healer.read(first, data_bytes, 0).empty());
  CHECK_THROWS_AS(static_cast<void>(open.healer.read(first, data_bytes, 1)), DamageError);
  CHECK_THROWS_AS(static_cast<void>(open.healer.read(first, data_bytes + 1, 0)), DamageError);
  CHECK_THROWS_AS(static_cast<void>(open.healer.read(first, 1, ~std::uint64_t{0})), DamageError);
  CHECK_THROWS_AS(static_cast<void>(open.healer.read(0xFFFFFF, 0, 1)), DamageError);
  const auto ignore = [](ByteView /*bytes*/) {};
  CHECK_THROWS_AS(open.healer.stream_pack(0xFFFFFF, ignore), DamageError);
  CHECK_THROWS_AS(open.healer.stream_parity(1, 2, ignore), DamageError);
  CHECK_THROWS_AS(open.healer.stream_parity(4, 0, ignore), DamageError);
}

TEST_CASE("Healer: many threads read at once; a reader that throws holds nothing up") {
  WrittenSet& set = WrittenSet::shared();
  const OpenHealer before{set.medium()};
  for (const auto& [number, pack] : before.healer.packs()) {
    if (pack.session.number == 1) {
      spoil(set.medium() + "/" + pack_path(number), 0, 1);
      break;
    }
  }
  OpenHealer open{set.medium()};
  CHECK_THROWS_AS(
      open.healer.stream_pack(open.healer.packs().begin()->first,
                              [](ByteView /*bytes*/) { throw InterruptedError{"stop"}; }),
      InterruptedError);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (const auto& [number, pack] : open.healer.packs()) {
        const std::uint64_t data_bytes = pack_data_bytes(pack.info.file_bytes);
        const Buffer read = open.healer.read(number, 0, data_bytes);
        const bool same = equal(read, ByteView{set.written(pack_path(number))}.first(data_bytes));
        wrong += same ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(wrong == 0);
}

TEST_CASE("Restore: brings back everything from a damaged medium, and says what was made") {
  WrittenSet& set = WrittenSet::shared();
  RandomNumbers numbers{11};
  const OpenHealer before{set.medium()};
  for (const SealedSession& session : before.sessions) {
    const ParityLayout layout{*session.manifest.parity, session.manifest.own_packs()};
    std::uint64_t in_file = 0;
    for (const LeafRow& row : layout.rows) {
      for (std::uint64_t stripe = 0; stripe < row.stripes(); ++stripe) {
        spoil_stripe(set.medium(), session.number(), row, stripe, in_file++, numbers);
      }
    }
  }
  CHECK(set.site().restored("daily") == set.newest());
}

TEST_CASE("Restore: no part of a pack is too particular to be damaged") {
  WrittenSet& set = WrittenSet::shared();
  std::map<std::uint32_t, std::uint64_t> data_bytes;
  {
    const OpenHealer open{set.medium()};
    for (const ParityRow& row : open.sessions.back().manifest.parity->rows) {
      const std::uint32_t pack = row.packs.front();
      data_bytes[pack] = pack_data_bytes(open.healer.packs().at(pack).info.file_bytes);
    }
  }
  REQUIRE(data_bytes.size() == 2);
  // Magic, version, number, commitment; the first block; both locators.
  for (const std::uint64_t at : {0U, 8U, 12U, 64U, 120U}) {
    for (const std::uint64_t before_end : {1U, 60U}) {
      CAPTURE(at);
      CAPTURE(before_end);
      set.reset();
      for (const auto& [pack, bytes] : data_bytes) {
        spoil(set.medium() + "/" + pack_path(pack), at, 2);
        spoil(set.medium() + "/" + pack_path(pack), bytes - before_end, 1);
      }
      CHECK(set.site().restored("daily") == set.newest());
    }
  }
}

TEST_CASE("Verify: says of each damaged file whether parity brings it back") {
  WrittenSet& set = WrittenSet::shared();
  const std::vector<std::string> names = set.names();
  const auto first_with = [&](std::string_view begin) {
    return *std::find_if(names.begin(), names.end(),
                         [&](const std::string& name) { return name.starts_with(begin); });
  };
  const std::string pack = first_with("packs/");
  spoil(set.medium() + "/" + pack, 8, 2);  // the version: still nothing but damage
  spoil(set.medium() + "/parity/000001/1", 0, 1);
  const std::string header = first_with("sessions-2/");
  spoil(set.medium() + "/" + header, 0, 1);
  tests::RecordingObserver observer;
  const FolderMedium medium{set.medium(), Access::read};
  const VerifyReport report = verify_medium(medium, {std::nullopt, 2}, observer);
  REQUIRE(report.findings.size() == 3);
  std::map<std::string, Remedy> remedies;
  for (const Finding& finding : report.findings) {
    CHECK(finding.kind == ErrorKind::damage);
    remedies[finding.file] = finding.remedy;
  }
  CHECK(remedies == std::map<std::string, Remedy>{{pack, Remedy::parity},
                                                  {"parity/000001/1", Remedy::parity},
                                                  {header, Remedy::copy}});
}

}  // namespace azekura::vault
