#include "core/snapshot.h"

#include "core/error.h"
#include "tests/support/random_entries.h"

#include <doctest/doctest.h>

#include <functional>

namespace azekura {

namespace {

Snapshot stream_snapshot() {
  Snapshot snapshot;
  snapshot.source = {"ehr", SourceKind::stream, "pg_dump 'a b' | tee \"c\""};
  snapshot.started = {100, 1};
  snapshot.finished = {200, 999'999'999};
  snapshot.root.content = Content{};
  snapshot.totals = {1, 2, 3, 4};
  snapshot.command_end = CommandEnd{141, "broken pipe\n"};
  return snapshot;
}

Snapshot tree_snapshot() {
  Snapshot snapshot;
  snapshot.source = {"documents", SourceKind::tree, "/srv/\xFF"};
  snapshot.complete = true;
  snapshot.root.kind = EntryKind::directory;
  snapshot.root.content = Content{};
  return snapshot;
}

Buffer encoded(const Snapshot& snapshot) {
  ByteWriter out;
  encode_snapshot(out, snapshot);
  return out.take();
}

Snapshot decoded(ByteView bytes) {
  ByteReader in{bytes, "a snapshot"};
  Snapshot snapshot = decode_snapshot(in);
  in.expect_end();
  return snapshot;
}

}  // namespace

TEST_CASE("Snapshot: trees and streams round trip") {
  for (const Snapshot& snapshot : {stream_snapshot(), tree_snapshot()}) {
    CHECK(decoded(encoded(snapshot)) == snapshot);
  }
}

TEST_CASE("Snapshot: cut off at any byte it is refused") {
  const Buffer whole = encoded(stream_snapshot());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_THROWS_AS(static_cast<void>(decoded(ByteView{whole}.first(size))), DamageError);
  }
}

TEST_CASE("Snapshot: damaged bytes either do not decode or are what they decode to") {
  for (const Snapshot& snapshot : {stream_snapshot(), tree_snapshot()}) {
    const Buffer whole = encoded(snapshot);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        Buffer bytes = whole;
        bytes[at] ^= static_cast<std::byte>(1U << bit);
        std::optional<Snapshot> still_decodes;
        try {
          still_decodes = decoded(bytes);
        } catch (const DamageError&) {
          continue;
        }
        REQUIRE(encoded(*still_decodes) == bytes);
      }
    }
  }
}

TEST_CASE("Snapshot: what does not fit together is refused") {
  const auto refused = [](const Snapshot& good, const std::function<void(Snapshot&)>& change) {
    Snapshot snapshot = good;
    change(snapshot);
    CHECK_THROWS_AS(static_cast<void>(decoded(encoded(snapshot))), DamageError);
  };
  const Snapshot stream = stream_snapshot();
  const Snapshot tree = tree_snapshot();
  refused(stream, [](Snapshot& s) { s.source.name = "a b"; });
  refused(stream, [](Snapshot& s) { s.source.name = ""; });
  refused(stream, [](Snapshot& s) { s.source.kind = static_cast<SourceKind>(3); });
  refused(stream, [](Snapshot& s) { s.started.nanoseconds = 1'000'000'000; });
  refused(stream, [](Snapshot& s) { s.root.name = "named"; });
  refused(stream, [](Snapshot& s) { s.root.kind = EntryKind::directory; });
  refused(tree, [](Snapshot& s) { s.command_end = CommandEnd{}; });
}

TEST_CASE("is_valid_label: safe as a file name and on a command line") {
  for (const char* name : {"a", "ehr-2.full_1", "0", "_x"}) {
    CHECK(is_valid_label(name));
  }
  for (const char* name : {"", ".", "..", ".a", "-a", "A", "a b", "a/b", "\xE3\x81\x82", "a\n"}) {
    CHECK_FALSE(is_valid_label(name));
  }
  CHECK(is_valid_label(std::string(64, 'a')));
  CHECK_FALSE(is_valid_label(std::string(65, 'a')));
}

}  // namespace azekura
