#include "chunker/tree_builder.h"

#include "core/limits.h"
#include "core/tree_codec.h"
#include "tests/support/memory_sink.h"
#include "tests/support/recording_observer.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace azekura::chunker {

namespace {

using tests::MemorySink;
using tests::RecordingObserver;

Entry named(std::string name, EntryKind kind) {
  Entry entry;
  entry.name = std::move(name);
  entry.kind = kind;
  entry.mode = 0640;
  entry.modified = {.seconds = 5, .nanoseconds = 7};
  return entry;
}

Entry file_of(std::string name, std::uint64_t hole) {
  Entry entry = named(std::move(name), EntryKind::file);
  Content content;
  content.size = hole;
  if (hole > 0) {
    content.extents = {{.kind = ExtentKind::hole, .length = hole, .position = {}, .digest = {}}};
  }
  entry.content = std::move(content);
  return entry;
}

/// What a file system that is broken, or newer than this program, may show.
const std::vector<std::pair<std::string, std::function<void(Entry&)>>> kRefused{
    {"time", [](Entry& entry) { entry.modified.nanoseconds = 1'000'000'000; }},
    {"birth", [](Entry& entry) { entry.born = Timestamp{.seconds = 0, .nanoseconds = ~0U}; }},
    {"mode", [](Entry& entry) { entry.mode = 0200000; }},
    {"owner", [](Entry& entry) { entry.user = std::string(limits::kNameMax + 1, 'u'); }},
    {"xattr twice",
     [](Entry& entry) {
       entry.xattrs = {{"user.a", {}}, {"user.a", {}}};
     }},
    {"xattr name",
     [](Entry& entry) {
       entry.xattrs = {{std::string(256, 'x'), {}}};
     }},
    {"xattr value",
     [](Entry& entry) {
       entry.xattrs = {{"user.a", Buffer(limits::kXattrValueMax + 1)}};
     }},
};

struct Built {
  MemorySink sink;
  RecordingObserver observer;
  SignalCounter counter;
  Entry root;
  SnapshotTotals totals;
  std::uint64_t unreadable = 0;
};

/// A directory with `entries`, in order, between two good files.
void build(Built& built, const std::vector<Entry>& entries) {
  TreeBuilder builder{built.sink, built.observer, built.counter, "files", "/srv", {}};
  builder.enter(named("", EntryKind::directory), {});
  builder.add(file_of("a", 1));
  for (const Entry& entry : entries) {
    builder.add(entry);
  }
  builder.add(file_of("z", 0));
  builder.leave(EntryFlaw::none);
  built.root = builder.finish();
  built.totals = builder.totals();
  built.unreadable = builder.unreadable();
}

}  // namespace

TEST_CASE("Tree builder: of an entry that a reader would refuse the bare form is kept") {
  for (const auto& refused : kRefused) {
    CAPTURE(refused.first);
    Entry entry = file_of("file", 99);
    refused.second(entry);
    Built built;
    build(built, {entry});
    const std::vector<Entry> entries = built.sink.read_directory(built.root);
    REQUIRE(entries.size() == 3);
    CHECK(entries[0] == file_of("a", 1));
    CHECK(entries[1].name == "file");
    CHECK(entries[1].flaw == EntryFlaw::unreadable);
    CHECK(entries[1].content == entry.content);
    CHECK(entries[2] == file_of("z", 0));
    CHECK(built.totals.flawed == 1);
    CHECK(built.totals.entries == 4);
    CHECK(built.unreadable == 1);
    REQUIRE(built.observer.flaws.size() == 1);
    CHECK(built.observer.flaws[0].first == "/srv/file");
    CHECK(built.observer.flaws[0].second.find("cannot be recorded as it is: ") == 0);
  }
}

TEST_CASE("Tree builder: a content that a reader would refuse is not kept") {
  Entry entry = file_of("file", 99);
  entry.content->size = 98;
  Built built;
  build(built, {entry});
  const Entry kept = built.sink.find(built.root, "file");
  CHECK(kept.flaw == EntryFlaw::unreadable);
  CHECK_FALSE(kept.content.has_value());
}

TEST_CASE("Tree builder: a directory with impossible metadata keeps what is in it") {
  MemorySink sink;
  RecordingObserver observer;
  SignalCounter counter;
  for (const bool is_root : {true, false}) {
    CAPTURE(is_root);
    Entry broken = named(is_root ? "" : "ward", EntryKind::directory);
    broken.modified.nanoseconds = ~0U;
    TreeBuilder builder{sink, observer, counter, "files", "/srv", {}};
    if (!is_root) {
      builder.enter(named("", EntryKind::directory), {});
    }
    builder.enter(broken, {});
    builder.add(file_of("inside", 3));
    builder.leave(EntryFlaw::none);
    if (!is_root) {
      builder.leave(EntryFlaw::none);
    }
    const Entry root = builder.finish();
    ByteWriter encoded;
    encode_entry(encoded, root);
    CHECK(decode_entry(encoded.view()) == root);
    const Entry kept = sink.find(root, is_root ? "" : "ward");
    CHECK(kept.flaw == EntryFlaw::unreadable);
    CHECK(sink.read_directory(kept) == std::vector<Entry>{file_of("inside", 3)});
    CHECK(builder.unreadable() == 1);
  }
  CHECK(observer.flaws.back().first == "/srv/ward");
}

TEST_CASE("Tree builder: what has no form at all is missed by its directory") {
  Built built;
  build(built, {named("link", EntryKind::symlink), named("node", EntryKind::block_device)});
  CHECK(built.sink.read_directory(built.root) ==
        std::vector<Entry>{file_of("a", 1), file_of("z", 0)});
  CHECK(built.root.flaw == EntryFlaw::unreadable);
  CHECK(built.totals.entries == 3);
  CHECK(built.observer.flaws.size() == 2);
}

TEST_CASE("Tree builder: a directory with a list of extents is remembered at the session's end") {
  MemorySink sink;
  RecordingObserver observer;
  SignalCounter counter;
  const Timestamp start{.seconds = 1000};
  TreeBuilder builder{sink, observer, counter, "files", "/srv", start};
  const FileState old{};
  builder.enter(named("", EntryKind::directory), {});
  builder.enter(named("a", EntryKind::directory), {});
  builder.add_known(file_of("short", 4096), old, {});
  builder.leave(EntryFlaw::none);
  builder.enter(named("b", EntryKind::directory), {});
  Entry listed = file_of("listed", 4096);
  listed.content->level = 1;
  builder.add_known(listed, old, {});
  builder.add_known(file_of("short", 4096), old, {});
  builder.leave(EntryFlaw::none);
  builder.leave(EntryFlaw::none);
  static_cast<void>(builder.finish());

  CHECK(sink.remembered.size() == 3);
  CHECK(sink.remembered.at(scan_record_key("files", "/")) == Remembered::at_once);
  CHECK(sink.remembered.at(scan_record_key("files", "/a/")) == Remembered::at_once);
  CHECK(sink.remembered.at(scan_record_key("files", "/b/")) == Remembered::at_session_end);
}

}  // namespace azekura::chunker
