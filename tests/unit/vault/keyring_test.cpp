#include "vault/keyring.h"

#include "core/error.h"
#include "tests/support/random_bytes.h"
#include "tests/support/test_keys.h"

#include <doctest/doctest.h>

#include <set>

namespace azekura::vault {

namespace {

Buffer nonce_of(ByteView box) {
  return {box.begin(), box.begin() + static_cast<std::ptrdiff_t>(kNonceBytes)};
}

}  // namespace

TEST_CASE("Box: opens with its key and associated data, and is 28 bytes longer") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100'000}}) {
    const Buffer plain = tests::random_bytes(1, size);
    const Buffer box = seal_box(tests::secret_of(1), as_bytes("where"), plain);
    CHECK(box.size() == size + 28);
    CHECK(open_box(tests::secret_of(1), as_bytes("where"), box, "a box") == plain);
    CHECK_THROWS_AS(open_box(tests::secret_of(2), as_bytes("where"), box, "a box"), DamageError);
    CHECK_THROWS_AS(open_box(tests::secret_of(1), as_bytes("wher"), box, "a box"), DamageError);
    CHECK_THROWS_AS(open_box(tests::secret_of(1), {}, box, "a box"), DamageError);
  }
}

TEST_CASE("Box: every flipped bit and every cut is noticed") {
  const Buffer box = seal_box(tests::secret_of(1), as_bytes("where"), as_bytes("what it holds"));
  for (std::size_t at = 0; at < box.size() * 8; ++at) {
    Buffer bytes = box;
    bytes[at / 8] ^= static_cast<std::byte>(1U << at % 8);
    CHECK_THROWS_AS(open_box(tests::secret_of(1), as_bytes("where"), bytes, "a box"), DamageError);
  }
  for (std::size_t size = 0; size < box.size(); ++size) {
    CHECK_THROWS_AS(
        open_box(tests::secret_of(1), as_bytes("where"), ByteView{box}.first(size), "a box"),
        DamageError);
  }
}

TEST_CASE("Box: its nonce depends on key, associated data, plain text and where one ends") {
  std::set<Buffer> nonces;
  std::size_t boxes = 0;
  const auto seal = [&](std::uint64_t key, std::string_view associated, std::string_view plain) {
    nonces.insert(nonce_of(seal_box(tests::secret_of(key), as_bytes(associated), as_bytes(plain))));
    ++boxes;
  };
  seal(1, "ab", "cd");
  seal(2, "ab", "cd");
  seal(1, "ac", "cd");
  seal(1, "ab", "ce");
  seal(1, "abc", "d");  // the same bytes one after the other
  seal(1, "", "abcd");
  seal(1, "abcd", "");
  CHECK(nonces.size() == boxes);
  seal(1, "ab", "cd");
  CHECK(nonces.size() == boxes - 1);  // and on nothing else
}

TEST_CASE("Box: a kept sealer does what single boxes do") {
  BoxSealer sealer{tests::secret_of(7)};
  for (const std::string_view plain : {"one", "two", ""}) {
    const Buffer box = sealer.seal(as_bytes("ad"), as_bytes(plain));
    CHECK(box == seal_box(tests::secret_of(7), as_bytes("ad"), as_bytes(plain)));
    CHECK(as_text(sealer.open(as_bytes("ad"), box, "a box")) == plain);
  }
}

TEST_CASE("SetKeys: travel as 64 bytes; generated ones differ") {
  const SetKeys keys = SetKeys::generate();
  const SetKeys other = SetKeys::generate();
  CHECK_FALSE(equal(keys.dedup.bytes(), other.dedup.bytes()));
  CHECK_FALSE(equal(keys.dedup.bytes(), keys.catalogue.bytes()));
  const Secret bytes = keys.bytes();
  REQUIRE(bytes.size() == 64);
  const SetKeys back = SetKeys::from_bytes(bytes.bytes());
  CHECK(equal(back.dedup.bytes(), keys.dedup.bytes()));
  CHECK(equal(back.catalogue.bytes(), keys.catalogue.bytes()));
  CHECK_THROWS_AS(SetKeys::from_bytes(bytes.bytes().first(63)), DamageError);
}

TEST_CASE("SetKeys: chunk ids and cuts of one set say nothing of another's") {
  const SetKeys keys = SetKeys::from_bytes(tests::random_bytes(1, 64));
  const Buffer chunk = tests::random_bytes(2, 1000);
  const SetId a = tests::id_of<SetId>(1);
  const SetId b = tests::id_of<SetId>(2);
  CHECK(keys.chunk_hasher(a)(chunk) == keys.chunk_hasher(a)(chunk));
  CHECK(keys.chunk_hasher(a)(chunk) != keys.chunk_hasher(b)(chunk));
  CHECK(keys.cutter_key(a).confirm != keys.cutter_key(b).confirm);
  CHECK(keys.cutter_key(a).low != keys.cutter_key(a).high);
}

TEST_CASE("PackKeys: every pack, session and set has its own, and commits to it") {
  const Secret session_key = tests::secret_of(1);
  const SessionIdentity base{tests::id_of<SiteId>(1), tests::id_of<SetId>(1),
                             tests::id_of<SessionId>(1), 1};
  SessionIdentity other_set = base;
  other_set.set = tests::id_of<SetId>(2);
  SessionIdentity other_session = base;
  other_session.session = tests::id_of<SessionId>(2);
  std::set<Digest> commitments;
  std::set<std::string> keys;
  const auto add = [&](const Secret& key, const SessionIdentity& identity, std::uint32_t pack) {
    const PackKeys one = PackKeys::of(key, identity, pack);
    commitments.insert(one.commitment(pack_context(identity, pack)));
    keys.insert(to_hex(one.block.bytes()));
    keys.insert(to_hex(one.block_nonce.bytes()));
    keys.insert(to_hex(one.block_table.bytes()));
  };
  add(session_key, base, 1);
  add(session_key, base, 2);
  add(session_key, other_set, 1);
  add(session_key, other_session, 1);
  add(tests::secret_of(2), base, 1);
  CHECK(commitments.size() == 5);
  CHECK(keys.size() == 15);
}

}  // namespace azekura::vault
