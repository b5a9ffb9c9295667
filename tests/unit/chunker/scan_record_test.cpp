#include "chunker/scan_record.h"

#include "core/error.h"
#include "core/tree_codec.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace azekura::chunker {

namespace {

constexpr Timestamp kScanStart{.seconds = 1000, .nanoseconds = 500};

FileState state_at(const Timestamp& modified, const Timestamp& changed) {
  return {.device = 1, .inode = 2, .size = 3, .modified = modified, .changed = changed, .born = {}};
}

const FileState kOld = state_at({.seconds = 10}, {.seconds = 20});

Entry file_named(std::string name) {
  Entry entry;
  entry.name = std::move(name);
  entry.content = Content{};
  entry.xattrs = {{"user.a", Buffer(3, std::byte{0})}};
  return entry;
}

void add(ScanRecordWriter& writer, const Entry& entry, const std::optional<FileState>& state) {
  ByteWriter encoded;
  encode_entry(encoded, entry);
  writer.add(entry, encoded.view(), state);
}

Entry of_kind(std::string name, EntryKind kind) {
  Entry entry;
  entry.name = std::move(name);
  entry.kind = kind;
  return entry;
}

Buffer record_of(const FileState& state) {
  ScanRecordWriter writer{kScanStart};
  add(writer, file_named("a"), state);
  add(writer, file_named("b\n"), state);
  add(writer, file_named("c"), std::nullopt);
  add(writer, of_kind("d", EntryKind::directory), std::nullopt);
  add(writer, of_kind("e", EntryKind::file), std::nullopt);
  add(writer, of_kind("f", EntryKind::fifo), std::nullopt);
  return writer.take(false);
}

}  // namespace

TEST_CASE("Scan record: names every child and what is compared of it") {
  const ScanRecord record{record_of(kOld)};
  REQUIRE(record.children().size() == 6);
  CHECK_FALSE(record.is_short());
  const DigestPrefix content = prefix_of(file_named("a").content->digest);
  std::string names;
  for (const ScanRecord::Child& child : record.children()) {
    names += child.name;
    CHECK(child.is_directory == (child.name == "d"));
    CHECK(child.content.has_value() == (child.name < "d"));
    CHECK((!child.content || *child.content == content));
    CHECK(child.state.empty() == (child.name >= "c"));
  }
  CHECK(names == "ab\ncdef");
  CHECK(ScanRecord{ScanRecordWriter{kScanStart}.take(true)}.is_short());
}

TEST_CASE("Scan record: gives a file's entry in the remembered state only") {
  const ScanRecord record{record_of(kOld)};
  const ScanRecord::Child& file = record.children()[0];
  CHECK(ScanRecord::entry_of(file, kOld) == file_named("a"));
  CHECK(ScanRecord::entry_of(record.children()[1], kOld) == file_named("b\n"));
  for (std::size_t other = 2; other < record.children().size(); ++other) {
    CHECK_FALSE(ScanRecord::entry_of(record.children()[other], kOld).has_value());
    CHECK_FALSE(ScanRecord::entry_of(record.children()[other], {}).has_value());
  }

  for (const int field : {0, 1, 2, 3, 4, 5}) {
    CAPTURE(field);
    FileState other = kOld;
    other.device += field == 0 ? 1 : 0;
    other.inode += field == 1 ? 1 : 0;
    other.size += field == 2 ? 1 : 0;
    other.modified.nanoseconds += field == 3 ? 1 : 0;
    other.changed.nanoseconds += field == 4 ? 1 : 0;
    other.born.seconds += field == 5 ? 1 : 0;
    CHECK_FALSE(ScanRecord::entry_of(file, other).has_value());
  }
}

TEST_CASE("Scan record: recent times are not trusted, their content is compared") {
  const Timestamp just_old{.seconds = 998, .nanoseconds = 499};
  const Timestamp recent{.seconds = 998, .nanoseconds = 500};
  const auto remembers = [](const FileState& state) {
    ScanRecordWriter writer{kScanStart};
    add(writer, file_named("a"), state);
    const ScanRecord record{writer.take(false)};
    CHECK(record.children()[0].content.has_value());
    return ScanRecord::entry_of(record.children()[0], state).has_value();
  };
  CHECK(remembers(state_at(just_old, just_old)));
  CHECK_FALSE(remembers(state_at(just_old, recent)));
  CHECK_FALSE(remembers(state_at(recent, just_old)));
  CHECK_FALSE(remembers(state_at({.seconds = 5000}, just_old)));
}

TEST_CASE("Scan record: an empty record knows nothing") {
  CHECK(ScanRecord{}.children().empty());
  ScanRecordWriter writer{kScanStart};
  CHECK(writer.empty());
  CHECK(ScanRecord{writer.take(false)}.children().empty());
}

TEST_CASE("Scan record: what it shows lives as long as it, also when it is moved") {
  std::vector<ScanRecord> records;
  for (int i = 0; i < 9; ++i) {
    records.emplace_back(record_of(kOld));
  }
  for (const ScanRecord& record : records) {
    CHECK(record.children()[1].name == "b\n");
    CHECK(ScanRecord::entry_of(record.children()[1], kOld) == file_named("b\n"));
  }
}

TEST_CASE("Scan record: malformed bytes are DamageError and nothing else") {
  const Buffer good = record_of(kOld);
  const auto try_all = [](Buffer bytes) {
    try {
      const ScanRecord record{std::move(bytes)};
      for (const ScanRecord::Child& child : record.children()) {
        static_cast<void>(ScanRecord::entry_of(child, kOld));
      }
      return false;
    } catch (const DamageError&) {
      return true;
    }
  };
  CHECK_FALSE(try_all(good));
  std::size_t good_ends = 0;
  for (std::size_t size = 0; size < good.size(); ++size) {
    if (!try_all({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)})) {
      ++good_ends;
    }
  }
  CHECK(good_ends == 6);  // before each child
  tests::RandomNumbers numbers{1};
  for (int round = 0; round < 5000; ++round) {
    Buffer bad = good;
    bad[numbers.next() % bad.size()] ^= static_cast<std::byte>(1 + numbers.next() % 255);
    try_all(std::move(bad));  // any other exception fails the test
  }
  for (const std::size_t at : {std::size_t{0}, std::size_t{4}}) {  // version, flag
    Buffer bad = good;
    bad[at] ^= std::byte{3};
    CHECK(try_all(std::move(bad)));
  }
}

TEST_CASE("Scan record: names out of order are damage") {
  ScanRecordWriter writer{kScanStart};
  add(writer, file_named("b"), kOld);
  add(writer, file_named("a"), kOld);
  CHECK_THROWS_AS(ScanRecord{writer.take(false)}, DamageError);
}

}  // namespace azekura::chunker
