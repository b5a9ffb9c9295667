#include "vault/session.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/limits.h"
#include "tests/support/random_bytes.h"
#include "tests/support/test_keys.h"
#include "vault/object.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

namespace azekura::vault {

namespace {

SessionIdentity identity_of(std::uint32_t number) {
  return {tests::id_of<SiteId>(1), tests::id_of<SetId>(2), tests::id_of<SessionId>(100 + number),
          number};
}

SetKeys set_keys() { return SetKeys::from_bytes(tests::random_bytes(5, 64)); }

Policy policy_for(std::initializer_list<std::uint64_t> recovery_seeds) {
  Policy policy{tests::id_of<SiteId>(1), 1, {}, {}};
  for (const std::uint64_t seed : recovery_seeds) {
    policy.recipients.push_back(recipient_key_of(tests::secret_of(seed)));
  }
  std::sort(policy.recipients.begin(), policy.recipients.end());
  return Policy::issue(tests::signing_key(1), policy);
}

KeySlot slot_of(std::uint32_t number) {
  return KeySlot::make(identity_of(number), tests::secret_of(200 + number), set_keys(),
                       policy_for({50, 51}));
}

SessionHeader header() {
  SessionHeader one;
  one.identity = identity_of(3);
  one.first_pack = 17;
  one.writer.authority = tests::signing_key(1).public_key();
  one.writer.certificate =
      Certificate::issue(tests::signing_key(1), {tests::id_of<SiteId>(1),
                                                 tests::id_of<HostId>(2),
                                                 1,
                                                 tests::signing_key(2).public_key(),
                                                 {}});
  one.policy = policy_for({50, 51});
  one.slots = {slot_of(1), slot_of(3)};
  return one;
}

Manifest manifest() {
  Manifest one;
  one.identity = identity_of(3);
  one.packs = {{4, 1, 20'000, tests::id_of<Digest>(1)}, {9, 3, 30'000, tests::id_of<Digest>(2)}};
  one.generation = tests::random_bytes(9, 100);
  return one;
}

Seal seal() {
  return {identity_of(3),
          tests::id_of<MediumId>(1),
          tests::id_of<Digest>(1),
          tests::id_of<Digest>(2),
          2,
          tests::id_of<Digest>(3)};
}

Generation generation() {
  Generation one;
  one.host = "backup-host";
  one.set_name = "daily";
  one.writer_version = "0.1.0";
  one.started = {1, 2};
  one.finished = {3, 4};
  one.site_file = "# site\n";
  for (const char* name : {"ehr", "pacs"}) {
    Snapshot snapshot;
    snapshot.source = {name, SourceKind::tree, "/srv"};
    snapshot.root.kind = EntryKind::directory;
    snapshot.root.content = Content{};
    one.snapshots.push_back(snapshot);
  }
  return one;
}

template <typename Object>
void check_refused(const Object& object) {
  CHECK_THROWS_AS(static_cast<void>(Object::decode(object.encode())), DamageError);
}

}  // namespace

TEST_CASE("KeySlot: every recipient opens it and gets the session key and the set's keys") {
  const KeySlot slot = slot_of(3);
  for (const std::uint64_t seed : {50U, 51U}) {
    const std::optional<OpenedSlot> opened =
        open_slot(slot, tests::id_of<SiteId>(1), tests::secret_of(seed));
    REQUIRE(opened.has_value());
    CHECK(opened->identity == identity_of(3));
    CHECK(equal(opened->session_key.bytes(), tests::secret_of(203).bytes()));
    CHECK(equal(opened->set_keys.bytes().bytes(), set_keys().bytes().bytes()));
  }
  CHECK_FALSE(open_slot(slot, tests::id_of<SiteId>(1), tests::secret_of(52)).has_value());
}

TEST_CASE("KeySlot: moved to another session, set or site, or damaged, it does not open") {
  const KeySlot good = slot_of(3);
  const auto refused = [&](const std::function<void(KeySlot&)>& change) {
    KeySlot slot = good;
    change(slot);
    CHECK_THROWS_AS(
        static_cast<void>(open_slot(slot, tests::id_of<SiteId>(1), tests::secret_of(50))),
        DamageError);
  };
  refused([](KeySlot& slot) { slot.number = 4; });
  refused([](KeySlot& slot) { slot.set = tests::id_of<SetId>(9); });
  refused([](KeySlot& slot) { slot.session = tests::id_of<SessionId>(9); });
  refused([](KeySlot& slot) { slot.set_keys[30] ^= std::byte{1}; });
  refused([](KeySlot& slot) {
    for (KeySlot::Sealed& sealed : slot.sealed) {
      sealed.session_key[0] ^= std::byte{1};
    }
  });
  CHECK_THROWS_AS(static_cast<void>(open_slot(good, tests::id_of<SiteId>(9), tests::secret_of(50))),
                  DamageError);
}

TEST_CASE("SessionHeader: round trips; damaged bytes are refused or are what they decode to") {
  const Buffer bytes = header().encode();
  const SessionHeader back = SessionHeader::decode(bytes);
  CHECK(back.identity == header().identity);
  CHECK(back.first_pack == 17);
  CHECK(back.slots.size() == 2);
  CHECK(back.encode() == bytes);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Buffer changed = bytes;
    changed[at] ^= std::byte{1};
    try {
      const Buffer again = SessionHeader::decode(changed).encode();
      REQUIRE(again == changed);
    } catch (const Error& error) {
      const bool expected =
          error.kind() == ErrorKind::damage || error.kind() == ErrorKind::authenticity;
      REQUIRE(expected);
    }
    REQUIRE_THROWS_AS(static_cast<void>(SessionHeader::decode(ByteView{bytes}.first(at))),
                      DamageError);
  }
}

TEST_CASE("SessionHeader: its own key slot is the last, and slots rise") {
  const auto refused = [](const std::function<void(SessionHeader&)>& change) {
    SessionHeader one = header();
    change(one);
    check_refused(one);
  };
  refused([](SessionHeader& one) { one.slots.clear(); });
  refused([](SessionHeader& one) { one.slots.pop_back(); });
  refused([](SessionHeader& one) { std::swap(one.slots[0], one.slots[1]); });
  refused([](SessionHeader& one) { one.slots = {slot_of(3), slot_of(3)}; });
  refused([](SessionHeader& one) { one.slots.push_back(slot_of(4)); });
  refused([](SessionHeader& one) { one.slots.back().session = tests::id_of<SessionId>(1); });
  refused([](SessionHeader& one) { one.slots.back().set = tests::id_of<SetId>(1); });
  refused([](SessionHeader& one) { one.slots[0].sealed.clear(); });
  refused([](SessionHeader& one) {
    one.identity.number = 0;
    one.slots = {slot_of(0)};
    one.slots.back().session = one.identity.session;
  });
}

TEST_CASE("Manifest: round trips, with a generation or as a fragment") {
  Manifest one = manifest();
  Manifest back = Manifest::decode(one.encode());
  CHECK(back.identity == one.identity);
  CHECK(back.packs == one.packs);
  CHECK(back.generation == one.generation);
  one.generation.reset();
  one.packs.clear();
  back = Manifest::decode(one.encode());
  CHECK_FALSE(back.generation.has_value());
  CHECK(back.packs.empty());
}

TEST_CASE("Manifest: packs rise and belong to sessions up to its own") {
  const auto refused = [](const std::function<void(Manifest&)>& change) {
    Manifest one = manifest();
    change(one);
    check_refused(one);
  };
  refused([](Manifest& one) { std::swap(one.packs[0], one.packs[1]); });
  refused([](Manifest& one) { one.packs[1].number = one.packs[0].number; });
  refused([](Manifest& one) { one.packs[0].session = 0; });
  refused([](Manifest& one) { one.packs[1].session = 4; });
  refused([](Manifest& one) { one.identity.number = limits::kSessionsMax + 1; });
  Sections lying;
  lying[1] = manifest().identity.bytes();
  lying[2] = ByteWriter{}.u32(0xFFFFFFFF).take();
  CHECK_THROWS_AS(Manifest::decode(encode_object("AZKMANIF", lying)), DamageError);
}

TEST_CASE("Generation: round trips, and opens in its session only") {
  const Generation good = generation();
  const Buffer box = good.seal(tests::secret_of(1), identity_of(3));
  const Generation back = Generation::open(box, tests::secret_of(1), identity_of(3));
  CHECK(back.host == good.host);
  CHECK(back.set_name == good.set_name);
  CHECK(back.writer_version == good.writer_version);
  CHECK(back.started == good.started);
  CHECK(back.finished == good.finished);
  CHECK(back.snapshots == good.snapshots);
  CHECK(back.site_file == good.site_file);
  CHECK_THROWS_AS(Generation::open(box, tests::secret_of(2), identity_of(3)), DamageError);
  CHECK_THROWS_AS(Generation::open(box, tests::secret_of(1), identity_of(4)), DamageError);
  Buffer changed = box;
  changed[changed.size() / 2] ^= std::byte{1};
  CHECK_THROWS_AS(Generation::open(changed, tests::secret_of(1), identity_of(3)), DamageError);
}

TEST_CASE("Generation: signals come with every snapshot or with none") {
  Generation good = generation();
  for (Snapshot& snapshot : good.snapshots) {
    snapshot.signals.emplace().chunks.chunks = 7;
    snapshot.signals->tree.emplace().files = 3;
  }
  const SessionIdentity identity = identity_of(3);
  const auto opened = [&](const Generation& generation) {
    return Generation::open(generation.seal(tests::secret_of(1), identity), tests::secret_of(1),
                            identity);
  };
  CHECK(opened(good).snapshots == good.snapshots);
  CHECK_FALSE(opened(generation()).snapshots[0].signals.has_value());

  Generation half = good;
  half.snapshots[1].signals.reset();
  CHECK_THROWS_AS(static_cast<void>(opened(half)), InternalError);
  Generation stream = good;
  stream.snapshots[1].source.kind = SourceKind::stream;
  stream.snapshots[1].root.kind = EntryKind::file;
  CHECK_THROWS_AS(static_cast<void>(opened(stream)), DamageError);
  stream.snapshots[1].signals->tree.reset();
  CHECK(opened(stream).snapshots == stream.snapshots);
}

TEST_CASE("Generation: signals that are not one for each snapshot are refused") {
  const SessionIdentity identity = identity_of(3);
  const Secret key = derive(tests::secret_of(1), "azekura generation v1", identity.bytes(), 32);
  ByteWriter one;
  encode_signals(one, {});
  const auto list_of = [&](std::uint32_t count, std::uint32_t there) {
    ByteWriter list;
    list.u32(count);
    for (std::uint32_t i = 0; i < there; ++i) {
      list.long_bytes(one.view());
    }
    return list.take();
  };
  const auto opens = [&](const Buffer& signals) {
    const Buffer plain =
        open_box(key, identity.bytes(), generation().seal(tests::secret_of(1), identity), "it");
    ByteReader in{plain, "it"};
    ByteReader body{in.long_bytes(in.remaining()), "it"};
    Sections sections = decode_sections(body, 3, "it");
    sections[17] = signals;
    ByteWriter changed;
    encode_sections(changed, sections);
    Buffer again = ByteWriter{}.long_bytes(changed.view()).take();
    again.resize(static_cast<std::size_t>(padme(again.size())), std::byte{0});
    try {
      const Generation opened =
          Generation::open(seal_box(key, identity.bytes(), again), tests::secret_of(1), identity);
      return opened.snapshots[0].signals == Signals{};
    } catch (const DamageError&) {
      return false;
    }
  };
  CHECK(opens(list_of(2, 2)));
  CHECK_FALSE(opens(list_of(1, 1)));
  CHECK_FALSE(opens(list_of(2, 1)));
  CHECK_FALSE(opens(list_of(2, 3)));
  CHECK_FALSE(opens(list_of(3, 3)));
  CHECK_FALSE(opens(list_of(0, 0)));
  CHECK_FALSE(opens({}));
}

TEST_CASE("Generation: tells when media of its set were connected") {
  Generation good = generation();
  Connection one;
  one.attached = {1'763'000'300, 7};
  one.end = ConnectionEnd::off;
  one.work_seconds = 12.5;
  one.overhang_seconds = 3.25;
  one.bytes = 1ULL << 40U;
  one.first_session = 4;
  one.last_session = 5;
  good.connections = {{tests::id_of<MediumId>(1), one}, {tests::id_of<MediumId>(2), {}}};
  const Buffer box = good.seal(tests::secret_of(1), identity_of(3));
  CHECK(Generation::open(box, tests::secret_of(1), identity_of(3)).connections == good.connections);
  good.connections.resize(kSealedConnectionsMax + 1);
  const Buffer more = good.seal(tests::secret_of(1), identity_of(3));
  CHECK_THROWS_AS(static_cast<void>(Generation::open(more, tests::secret_of(1), identity_of(3))),
                  DamageError);
}

TEST_CASE("Generation: its length shows only what Padmé lets show") {
  Generation one = generation();
  const auto length = [&] {
    return one.seal(tests::secret_of(1), identity_of(3)).size() - kBoxOverhead;
  };
  for (std::size_t more = 0; more < 3000; more += 77) {
    one.site_file.assign(more, '#');
    CHECK(padme(length()) == length());
  }
}

TEST_CASE("Generation: padding that is not zero or not Padmé's, and a source twice, are refused") {
  const SessionIdentity identity = identity_of(3);
  const Secret key = derive(tests::secret_of(1), "azekura generation v1", identity.bytes(), 32);
  const Buffer box = generation().seal(tests::secret_of(1), identity);
  const Buffer plain = open_box(key, identity.bytes(), box, "it");
  const auto refused = [&](const Buffer& changed) {
    const Buffer forged = seal_box(key, identity.bytes(), changed);
    CHECK_THROWS_AS(Generation::open(forged, tests::secret_of(1), identity), DamageError);
  };
  Buffer changed = plain;
  REQUIRE(changed.back() == std::byte{0});
  changed.back() = std::byte{1};
  refused(changed);
  changed = plain;
  changed.push_back(std::byte{0});
  refused(changed);
  changed = plain;
  changed.pop_back();
  refused(changed);
  Generation twice = generation();
  twice.snapshots.push_back(twice.snapshots.front());
  CHECK_THROWS_AS(
      Generation::open(twice.seal(tests::secret_of(1), identity), tests::secret_of(1), identity),
      DamageError);
}

TEST_CASE("Seal: round trips, and every bit of it is signed") {
  const PublicSigningKey host = tests::signing_key(2).public_key();
  const Buffer bytes = seal().encode(tests::signing_key(2));
  const Seal back = Seal::decode(bytes);
  CHECK(back.identity == seal().identity);
  CHECK(back.medium == seal().medium);
  CHECK(back.header == seal().header);
  CHECK(back.manifest == seal().manifest);
  CHECK(back.previous_number == 2);
  CHECK(back.previous == seal().previous);
  CHECK(Seal::is_signed_by(bytes, host));
  CHECK_FALSE(Seal::is_signed_by(bytes, tests::signing_key(3).public_key()));
  for (std::size_t at = 0; at < bytes.size() * 8; ++at) {
    Buffer changed = bytes;
    changed[at / 8] ^= static_cast<std::byte>(1U << at % 8);
    REQUIRE_FALSE(Seal::is_signed_by(changed, host));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE_FALSE(Seal::is_signed_by(ByteView{bytes}.first(size), host));
    REQUIRE_THROWS_AS(Seal::decode(ByteView{bytes}.first(size)), DamageError);
  }
}

TEST_CASE("Seal: an impossible predecessor is refused") {
  const auto refused = [](std::uint32_t number, const Digest& digest) {
    Seal one = seal();
    one.previous_number = number;
    one.previous = digest;
    CHECK_THROWS_AS(Seal::decode(one.encode(tests::signing_key(2))), DamageError);
  };
  refused(3, tests::id_of<Digest>(3));
  refused(4, tests::id_of<Digest>(3));
  refused(0, tests::id_of<Digest>(3));
  refused(2, Digest{});
  Seal first = seal();
  first.previous_number = 0;
  first.previous = Digest{};
  CHECK(Seal::decode(first.encode(tests::signing_key(2))).previous_number == 0);
}

TEST_CASE("Seal: an object signed as something else is no seal") {
  const Buffer bytes = seal().encode(tests::signing_key(2));
  Buffer other{bytes.begin(), bytes.end() - static_cast<std::ptrdiff_t>(Signature::kBytes)};
  append(other, tests::signing_key(2).sign("azekura label v1", other).bytes());
  CHECK_FALSE(Seal::is_signed_by(other, tests::signing_key(2).public_key()));
}

}  // namespace azekura::vault
