#include "chunker/scan_record.h"

#include "core/error.h"
#include "core/tree_codec.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <string>

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

void add(ScanRecordWriter& writer, const Entry& entry, const FileState& state) {
  ByteWriter encoded;
  encode_entry(encoded, entry);
  writer.add(entry.name, state, encoded.view());
}

Buffer record_of(const FileState& state) {
  ScanRecordWriter writer{kScanStart};
  add(writer, file_named("a"), state);
  add(writer, file_named("b\n"), state);
  return writer.take();
}

}  // namespace

TEST_CASE("Scan record: finds a file in the remembered state only") {
  const ScanRecord record{record_of(kOld)};
  CHECK(record.find("a", kOld) == file_named("a"));
  CHECK(record.find("b\n", kOld) == file_named("b\n"));
  CHECK_FALSE(record.find("c", kOld).has_value());
  CHECK_FALSE(record.find("", kOld).has_value());

  for (const int field : {0, 1, 2, 3, 4, 5}) {
    CAPTURE(field);
    FileState other = kOld;
    other.device += field == 0 ? 1 : 0;
    other.inode += field == 1 ? 1 : 0;
    other.size += field == 2 ? 1 : 0;
    other.modified.nanoseconds += field == 3 ? 1 : 0;
    other.changed.nanoseconds += field == 4 ? 1 : 0;
    other.born.seconds += field == 5 ? 1 : 0;
    CHECK_FALSE(record.find("a", other).has_value());
  }
}

TEST_CASE("Scan record: recent times are not trusted") {
  const Timestamp just_old{.seconds = 998, .nanoseconds = 499};
  const Timestamp recent{.seconds = 998, .nanoseconds = 500};
  const auto remembers = [](const FileState& state) {
    ScanRecordWriter writer{kScanStart};
    add(writer, file_named("a"), state);
    return !writer.empty();
  };
  CHECK(remembers(state_at(just_old, just_old)));
  CHECK_FALSE(remembers(state_at(just_old, recent)));
  CHECK_FALSE(remembers(state_at(recent, just_old)));
  CHECK_FALSE(remembers(state_at({.seconds = 5000}, just_old)));
}

TEST_CASE("Scan record: an empty record knows nothing") {
  CHECK_FALSE(ScanRecord{}.find("a", kOld).has_value());
  ScanRecordWriter writer{kScanStart};
  CHECK(writer.empty());
  CHECK_FALSE(ScanRecord{writer.take()}.find("a", kOld).has_value());
}

TEST_CASE("Scan record: malformed bytes are DamageError and nothing else") {
  const Buffer good = record_of(kOld);
  const auto try_all = [](Buffer bytes) {
    try {
      const ScanRecord record{std::move(bytes)};
      static_cast<void>(record.find("a", kOld));
      static_cast<void>(record.find("b\n", kOld));
      return false;
    } catch (const DamageError&) {
      return true;
    }
  };
  CHECK_FALSE(try_all(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    const bool ends_between_files = size == 4 || size == 4 + (good.size() - 5) / 2;
    CHECK((try_all({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}) ||
           ends_between_files));
  }
  tests::RandomNumbers numbers{1};
  for (int round = 0; round < 5000; ++round) {
    Buffer bad = good;
    bad[numbers.next() % bad.size()] ^= static_cast<std::byte>(1 + numbers.next() % 255);
    try_all(std::move(bad));  // any other exception fails the test
  }
}

TEST_CASE("Scan record: names out of order are damage") {
  ScanRecordWriter writer{kScanStart};
  add(writer, file_named("b"), kOld);
  add(writer, file_named("a"), kOld);
  CHECK_THROWS_AS(ScanRecord{writer.take()}, DamageError);
}

}  // namespace azekura::chunker
