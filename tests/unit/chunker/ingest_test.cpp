#include "chunker/ingest.h"

#include "chunker/scan_record.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/as_nobody.h"
#include "tests/support/memory_sink.h"
#include "tests/support/random_bytes.h"
#include "tests/support/recording_observer.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace azekura::chunker {

namespace {

using tests::AsNobody;
using tests::MemorySink;
using tests::RecordingObserver;
using tests::TempDir;

/// Long enough after all the files of a test were made that their times are trusted.
Timestamp later() {
  Timestamp time = wall_clock_now();
  time.seconds += 10;
  return time;
}

Snapshot ingest_tree_at(const std::string& path, MemorySink& sink, Observer& observer) {
  return ingest({.name = "files", .kind = SourceKind::tree, .origin = path}, sink, observer,
                later());
}

Snapshot ingest_tree_at(const std::string& path, MemorySink& sink) {
  RecordingObserver observer;
  return ingest_tree_at(path, sink, observer);
}

std::string text_at(MemorySink& sink, const Snapshot& snapshot, std::string_view path) {
  return std::string{as_text(sink.read(sink.find(snapshot.root, path).content.value()))};
}

}  // namespace

TEST_CASE("Ingest: a tree comes back as it was") {
  const TempDir dir;
  const Buffer large = tests::random_bytes(1, 2'500'000);
  dir.make_directory("empty");
  dir.make_directory("ward/3");
  dir.write("ward/3/notes", "stable");
  dir.write("ward/large", large);
  dir.write("a\n\xff", "odd name");
  REQUIRE(::symlink("ward", dir.path("link").c_str()) == 0);
  for (const bool late : {false, true}) {
    CAPTURE(late);
    MemorySink sink;
    sink.contents_come_late = late;
    RecordingObserver observer;
    const Snapshot snapshot = ingest_tree_at(dir.path(), sink, observer);

    CHECK(snapshot.complete);
    CHECK(snapshot.source.origin == dir.path());
    CHECK(snapshot.root.name.empty());
    CHECK(snapshot.root.kind == EntryKind::directory);
    CHECK(sink.read_directory(snapshot.root).size() == 4);
    CHECK(sink.read_directory(sink.find(snapshot.root, "empty")).empty());
    CHECK(text_at(sink, snapshot, "ward/3/notes") == "stable");
    CHECK(text_at(sink, snapshot, "a\n\xff") == "odd name");
    CHECK(equal(sink.read(sink.find(snapshot.root, "ward/large").content.value()), large));
    CHECK(sink.find(snapshot.root, "link").link_target == "ward");
    const SnapshotTotals expected{
        .entries = 8, .bytes = 2'500'014, .read_bytes = 2'500'014, .flawed = 0};
    CHECK(snapshot.totals == expected);
    CHECK(observer.advanced_bytes == 2'500'014);
    CHECK(sink.open_streams() == 0);
    CHECK(sink.lanes == 1);
    CHECK((sink.waits > 0) == late);
  }
}

TEST_CASE("Ingest: a folder that was filled and is empty now is not complete") {
  const TempDir dir;
  MemorySink sink;
  RecordingObserver observer;
  dir.make_directory("empty");
  CHECK(ingest_tree_at(dir.path("empty"), sink, observer).complete);
  dir.make_directory("full/only a folder");
  CHECK(ingest_tree_at(dir.path("full"), sink, observer).complete);
  CHECK(observer.flaws.empty());
  REQUIRE(::rmdir(dir.path("full/only a folder").c_str()) == 0);
  for (int run = 0; run < 2; ++run) {
    const Snapshot snapshot = ingest_tree_at(dir.path("full"), sink, observer);
    CHECK_FALSE(snapshot.complete);
    CHECK(snapshot.root.flaw == EntryFlaw::unreadable);
    CHECK(snapshot.totals.flawed == 1);
  }
  CHECK(observer.notices.size() == 2);
}

TEST_CASE("Ingest: a folder whose content is all left out is complete") {
  const TempDir dir;
  dir.write("a.tmp", "x");
  MemorySink sink;
  RecordingObserver observer;
  CHECK(ingest_tree_at(dir.path(), sink, observer).totals.entries == 2);
  const Source source{.name = "files", .kind = SourceKind::tree, .origin = dir.path()};
  const Snapshot snapshot = ingest(source, sink, observer, later(),
                                   {.folders = {}, .patterns = {"*.tmp"}, .caches = false});
  CHECK(snapshot.complete);
  CHECK(snapshot.totals.entries == 1);
  CHECK(observer.notices.empty());
}

TEST_CASE("Ingest: more files than may wait are settled on the way") {
  const TempDir dir;
  for (int i = 0; i < 4200; ++i) {
    dir.write(std::to_string(i), std::to_string(i * 7));
  }
  MemorySink sink;
  sink.contents_come_late = true;
  std::size_t open_max = 0;
  sink.before_put = [&] { open_max = std::max(open_max, sink.open_streams()); };
  const Snapshot snapshot = ingest_tree_at(dir.path(), sink);
  CHECK(open_max <= 4098);
  CHECK(open_max > 4000);
  CHECK(sink.read_directory(snapshot.root).size() == 4200);
  CHECK(text_at(sink, snapshot, "4199") == std::to_string(4199 * 7));
}

TEST_CASE("Ingest: an unchanged tree is not read again") {
  const TempDir dir;
  dir.make_directory("d");
  dir.write("d/f", "content");
  dir.write("g", "more");
  REQUIRE(::link(dir.path("g").c_str(), dir.path("h").c_str()) == 0);
  MemorySink sink;
  const Snapshot first = ingest_tree_at(dir.path(), sink);
  const std::uint64_t put_bytes = sink.put_bytes;
  const std::map<std::string, Buffer> records = sink.records;
  CHECK(first.totals.read_bytes == 11);
  CHECK(records.size() == 4);  // of two folders, that there was something, and a snapshot

  RecordingObserver observer;
  const Snapshot second = ingest_tree_at(dir.path(), sink, observer);
  CHECK(second.root == first.root);
  CHECK(second.totals.read_bytes == 0);
  CHECK(second.totals.bytes == 11);
  CHECK(sink.put_bytes == put_bytes);
  CHECK(sink.records == records);
  CHECK(observer.advanced_bytes == 11);

  sink.has_lost_packs = true;
  CHECK(ingest_tree_at(dir.path(), sink).totals.read_bytes == 11);
}

TEST_CASE("Ingest: another source does not use what was remembered for this one") {
  const TempDir dir;
  dir.write("f", "content");
  MemorySink sink;
  ingest_tree_at(dir.path(), sink);
  RecordingObserver observer;
  const Source other{.name = "other", .kind = SourceKind::tree, .origin = dir.path()};
  CHECK(ingest(other, sink, observer, later()).totals.read_bytes == 7);
}

TEST_CASE("Ingest: every change of a file is noticed") {
  const TempDir dir;
  dir.write("f", "old content");
  dir.write("other", "same");
  MemorySink sink;
  const Snapshot first = ingest_tree_at(dir.path(), sink);
  struct stat before {};
  REQUIRE(::stat(dir.path("f").c_str(), &before) == 0);

  SUBCASE("content and size") {
    dir.write("f", "new and longer content");
    const Snapshot second = ingest_tree_at(dir.path(), sink);
    CHECK(text_at(sink, second, "f") == "new and longer content");
    CHECK(second.totals.read_bytes == 22);
  }
  SUBCASE("content alone, with the old times put back") {
    dir.write("f", "NEW CONTENT");
    const timespec times[2] = {before.st_atim, before.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, dir.path("f").c_str(), times, 0) == 0);
    CHECK(text_at(sink, ingest_tree_at(dir.path(), sink), "f") == "NEW CONTENT");
  }
  SUBCASE("another file of that name and those times") {
    dir.write("g", "NEW CONTENT");
    const timespec times[2] = {before.st_atim, before.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, dir.path("g").c_str(), times, 0) == 0);
    REQUIRE(::rename(dir.path("g").c_str(), dir.path("f").c_str()) == 0);
    CHECK(text_at(sink, ingest_tree_at(dir.path(), sink), "f") == "NEW CONTENT");
  }
  SUBCASE("metadata alone") {
    REQUIRE(::chmod(dir.path("f").c_str(), 0711) == 0);
    CHECK(sink.find(ingest_tree_at(dir.path(), sink).root, "f").mode == 0711);
  }
  SUBCASE("the file is gone") {
    REQUIRE(::unlink(dir.path("f").c_str()) == 0);
    CHECK(sink.read_directory(ingest_tree_at(dir.path(), sink).root).size() == 1);
  }
}

TEST_CASE("Ingest: files with recent times are read again") {
  const TempDir dir;
  dir.write("f", "content");
  MemorySink sink;
  RecordingObserver observer;
  const Source source{.name = "files", .kind = SourceKind::tree, .origin = dir.path()};
  ingest(source, sink, observer, wall_clock_now());
  CHECK(ingest(source, sink, observer, wall_clock_now()).totals.read_bytes == 7);
}

TEST_CASE("Ingest: malformed records only cost reading") {
  const TempDir dir;
  dir.write("f", "content");
  MemorySink sink;
  ingest_tree_at(dir.path(), sink);
  Buffer& record = sink.records.at(scan_record_key("files", "/"));
  const Buffer good = record;
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, good.size() - 1}) {
    CAPTURE(size);
    record.resize(size);
    const Snapshot snapshot = ingest_tree_at(dir.path(), sink);
    CHECK(snapshot.totals.read_bytes == 7);
    CHECK(record == good);
  }
  record.back() ^= std::byte{0xFF};
  CHECK(ingest_tree_at(dir.path(), sink).complete);
}

TEST_CASE("Ingest: a source may be one file") {
  const TempDir dir;
  dir.write("f", "content");
  MemorySink sink;
  const Snapshot first = ingest_tree_at(dir.path("f"), sink);
  CHECK(first.root.kind == EntryKind::file);
  CHECK(first.root.name.empty());
  CHECK(text_at(sink, first, "") == "content");
  CHECK(first.totals.entries == 1);
  const Snapshot second = ingest_tree_at(dir.path("f"), sink);
  CHECK(second.root == first.root);
  CHECK(second.totals.read_bytes == 0);
}

TEST_CASE("Ingest: a source that is missing is an error") {
  const TempDir dir;
  MemorySink sink;
  CHECK_THROWS_AS(ingest_tree_at(dir.path("missing"), sink), SourceError);
}

TEST_CASE("Ingest: extended attributes of files are kept") {
  const TempDir dir;
  dir.write("f", "content");
  if (::setxattr(dir.path("f").c_str(), "user.ward", "3", 1, 0) != 0) {
    MESSAGE("this file system has no user attributes");
    return;
  }
  MemorySink sink;
  const std::vector<std::pair<std::string, Buffer>> expected{{"user.ward", {std::byte{'3'}}}};
  CHECK(sink.find(ingest_tree_at(dir.path(), sink).root, "f").xattrs == expected);
  CHECK(sink.find(ingest_tree_at(dir.path(), sink).root, "f").xattrs == expected);
}

TEST_CASE("Ingest: every name of a file has its content, which is counted once") {
  const TempDir dir;
  dir.write("a", "content");
  REQUIRE(::link(dir.path("a").c_str(), dir.path("b").c_str()) == 0);
  MemorySink sink;
  for (int night = 0; night < 2; ++night) {  // also what is not read again
    const Snapshot snapshot = ingest_tree_at(dir.path(), sink);
    CHECK(text_at(sink, snapshot, "a") == "content");
    Entry first = sink.find(snapshot.root, "a");
    REQUIRE(first.hard_link.has_value());
    first.name = "b";
    CHECK(sink.find(snapshot.root, "b") == first);
    CHECK(snapshot.totals.bytes == 7);
    CHECK(snapshot.totals.entries == 3);
    REQUIRE(snapshot.signals);
    CHECK(snapshot.signals->tree->files == 1);
  }
}

TEST_CASE("Ingest: a file that changes while it is read is read once more") {
  const TempDir dir;
  const Buffer data = tests::random_bytes(1, 3'000'000);
  dir.write("f", data);
  MemorySink sink;
  RecordingObserver observer;
  int changes_left = 1;
  sink.before_put = [&] {
    if (changes_left-- > 0) {
      REQUIRE(::truncate(dir.path("f").c_str(), 2'900'000 + changes_left) == 0);
    }
  };
  SUBCASE("and is whole if it then stays") {
    const Snapshot snapshot = ingest_tree_at(dir.path(), sink, observer);
    const Entry entry = sink.find(snapshot.root, "f");
    CHECK(entry.flaw == EntryFlaw::none);
    CHECK(equal(sink.read(entry.content.value()), ByteView{data}.first(2'900'000)));
    CHECK(snapshot.complete);
    CHECK(snapshot.totals.read_bytes == 2'900'000);
    CHECK(observer.flaws.empty());
  }
  SUBCASE("and flawed if it never stays") {
    changes_left = 1000;
    const Snapshot snapshot = ingest_tree_at(dir.path(), sink, observer);
    CHECK(sink.find(snapshot.root, "f").flaw == EntryFlaw::changed_while_read);
    CHECK(snapshot.totals.flawed == 1);
    CHECK(snapshot.complete);
    REQUIRE(observer.flaws.size() == 1);
    CHECK(observer.flaws[0].first == dir.path("f"));
    const ScanRecord record{sink.records.at(scan_record_key("files", "/"))};
    REQUIRE(record.children().size() == 1);
    CHECK(record.children()[0].state.empty());
  }
  CHECK(sink.open_streams() == 0);
}

TEST_CASE("Ingest: what cannot be read is listed and the rest is safe") {
  const TempDir dir;
  dir.make_directory("closed");
  dir.write("closed/inside", "");
  dir.write("private", "secret");
  dir.write("public", "open");
  REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(dir.path("closed").c_str(), 0) == 0);
  REQUIRE(::chmod(dir.path("private").c_str(), 0) == 0);
  MemorySink sink;
  RecordingObserver observer;
  Snapshot snapshot;
  {
    const AsNobody nobody;
    snapshot = ingest_tree_at(dir.path(), sink, observer);
  }
  REQUIRE(::chmod(dir.path("closed").c_str(), 0700) == 0);

  CHECK_FALSE(snapshot.complete);
  CHECK(snapshot.totals.flawed == 2);
  CHECK(snapshot.totals.entries == 4);
  CHECK(sink.find(snapshot.root, "closed").flaw == EntryFlaw::unreadable);
  CHECK(sink.find(snapshot.root, "closed").kind == EntryKind::directory);
  CHECK(sink.find(snapshot.root, "private").flaw == EntryFlaw::unreadable);
  CHECK(text_at(sink, snapshot, "public") == "open");
  REQUIRE(observer.flaws.size() == 2);
  CHECK(observer.flaws[0].first == dir.path("closed"));
  CHECK(observer.flaws[1].first == dir.path("private"));
  CHECK(observer.flaws[1].second ==
        "cannot open \"" + dir.path("private") + "\": Permission denied");
}

TEST_CASE("Ingest: names that vanish or change their kind while the tree is read") {
  const TempDir dir;
  dir.write("a", "first");
  dir.write("b", "goes away");
  dir.make_directory("c");
  dir.write("d", "becomes a pipe");
  MemorySink sink;
  RecordingObserver observer;
  bool is_done = false;
  sink.before_put = [&] {  // while "a" is read, the names are already listed
    if (!is_done) {
      is_done = true;
      remove_file(dir.path("b"));
      REQUIRE(::rmdir(dir.path("c").c_str()) == 0);
      remove_file(dir.path("d"));
      REQUIRE(::mkfifo(dir.path("d").c_str(), 0600) == 0);
    }
  };
  const Snapshot snapshot = ingest_tree_at(dir.path(), sink, observer);
  const std::vector<Entry> entries = sink.read_directory(snapshot.root);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].name == "a");
  CHECK(entries[1].name == "d");
  CHECK(entries[1].kind == EntryKind::fifo);
  CHECK(snapshot.complete);
  CHECK(snapshot.totals.entries == 3);
  CHECK(observer.flaws.empty());
}

TEST_CASE("Ingest: a failing sink ends the run, it is never a flaw") {
  const TempDir dir;
  dir.write("f", "content");
  MemorySink sink;
  sink.before_put = [] { throw MediumError{"gone"}; };
  RecordingObserver observer;
  CHECK_THROWS_AS(ingest_tree_at(dir.path(), sink, observer), MediumError);
  CHECK(observer.flaws.empty());
}

}  // namespace azekura::chunker
