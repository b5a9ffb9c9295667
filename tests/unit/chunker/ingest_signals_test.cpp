#include "chunker/ingest.h"
#include "chunker/scan_record.h"
#include "core/clock.h"
#include "tests/support/as_nobody.h"
#include "tests/support/memory_sink.h"
#include "tests/support/recording_observer.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace azekura::chunker {

namespace {

namespace fs = std::filesystem;

/// A tree that is captured night after night.
struct Nights {
  tests::TempDir dir;
  tests::MemorySink sink;
  tests::RecordingObserver observer;
  LeftOut left_out;

  Snapshot capture(const std::string& below = "") {
    Timestamp started = wall_clock_now();
    started.seconds += 10;  // so that the times of all files are trusted
    return capture_at(started, below);
  }
  Snapshot capture_at(const Timestamp& started, const std::string& below = "") {
    const Source source{
        .name = "files", .kind = SourceKind::tree, .origin = dir.path("source" + below)};
    Snapshot snapshot = ingest(source, sink, observer, started, left_out);
    ++sink.session;
    return snapshot;
  }
  TreeSignals signals() { return capture().signals->tree.value(); }
  /// Against the nights before.
  ChangeSignals changes() { return signals().changes.value(); }

  void write(const std::string& path, std::string_view text) const {
    dir.make_directory(fs::path{"source/" + path}.parent_path().string());
    dir.write("source/" + path, text);
  }
  [[nodiscard]] std::string at(const std::string& path) const { return dir.path("source/" + path); }
  void move(const std::string& from, const std::string& to) const { fs::rename(at(from), at(to)); }
};

/// What changed, without extensions.
ChangeSignals only(std::uint64_t files, std::uint64_t bytes, std::uint64_t gone,
                   std::uint64_t renamed) {
  ChangeSignals changes;
  changes.files = files;
  changes.bytes = bytes;
  changes.gone = gone;
  changes.renamed = renamed;
  return changes;
}

ChangeSignals without_extensions(ChangeSignals changes) {
  changes.extensions.clear();
  return changes;
}

void fill_wards(const Nights& nights) {
  nights.write("a.txt", "aaaa");
  nights.write("b.TXT", "bbbb");
  nights.write("ward/c.png", "cccccc");
  nights.write("ward/deep/d", "dd");
  nights.write("ward/deep/empty.txt", "");
  nights.write("z/y/x.log", "xx");
}

}  // namespace

TEST_CASE("Ingest signals: the first night has nothing to compare with") {
  Nights nights;
  fill_wards(nights);
  REQUIRE(::symlink("a.txt", nights.at("link.txt").c_str()) == 0);
  REQUIRE(::link(nights.at("a.txt").c_str(), nights.at("name.too").c_str()) == 0);
  const TreeSignals signals = nights.signals();
  CHECK(signals.files == 6);
  CHECK(signals.bytes == 18);
  CHECK(signals.extensions ==
        std::vector<ExtensionCount>{{"txt", 3}, {"", 1}, {"log", 1}, {"png", 1}});
  CHECK_FALSE(signals.changes.has_value());
}

TEST_CASE("Ingest signals: a night without changes has none") {
  Nights nights;
  SUBCASE("files are not read again") {
    fill_wards(nights);
    nights.capture();
    const auto records = nights.sink.records;
    CHECK(nights.changes() == ChangeSignals{});
    CHECK(nights.changes() == ChangeSignals{});
    CHECK(nights.sink.records == records);
  }
  SUBCASE("files are read again, their times are too recent") {
    fill_wards(nights);
    for (int night = 0; night < 3; ++night) {
      const Snapshot snapshot = nights.capture_at(wall_clock_now());
      CHECK(snapshot.totals.read_bytes == 18);
      if (night > 0) {
        CHECK(snapshot.signals->tree->changes == ChangeSignals{});
      }
    }
  }
  SUBCASE("files are read again, only their times changed") {
    fill_wards(nights);
    nights.capture();
    nights.write("a.txt", "aaaa");
    const Snapshot snapshot = nights.capture();
    CHECK(snapshot.totals.read_bytes == 4);
    CHECK(snapshot.signals->tree->changes == ChangeSignals{});
  }
  SUBCASE("files are read again, their packs are lost") {
    fill_wards(nights);
    nights.capture();
    nights.sink.has_lost_packs = true;
    const Snapshot snapshot = nights.capture();
    CHECK(snapshot.totals.read_bytes == 18);
    CHECK(snapshot.signals->tree->changes == ChangeSignals{});
  }
}

TEST_CASE("Ingest signals: what is new, changed, gone and renamed") {
  Nights nights;
  fill_wards(nights);
  nights.capture();
  SUBCASE("changed and new") {
    nights.write("a.txt", "other text");
    nights.write("new/e.TXT", "eee");
    nights.write("ward/f", "ffff");
    const ChangeSignals changes = nights.changes();
    CHECK(without_extensions(changes) == only(3, 17, 0, 0));
    CHECK(changes.extensions == std::vector<ExtensionCount>{{"txt", 2}, {"", 1}});
  }
  SUBCASE("gone") {
    fs::remove(nights.at("a.txt"));
    fs::remove(nights.at("ward/deep/empty.txt"));
    CHECK(nights.changes() == only(0, 0, 2, 0));
  }
  SUBCASE("a directory is gone with all below it") {
    fs::remove_all(nights.at("ward"));
    CHECK(nights.changes() == only(0, 0, 5, 0));
  }
  SUBCASE("the last directory is gone") {
    fs::remove_all(nights.at("z"));
    CHECK(nights.changes() == only(0, 0, 3, 0));
  }
  SUBCASE("renamed where it is") {
    nights.move("a.txt", "a.locked");
    const ChangeSignals changes = nights.changes();
    CHECK(without_extensions(changes) == only(1, 4, 1, 1));
    CHECK(changes.extensions == std::vector<ExtensionCount>{{"locked", 1}});
  }
  SUBCASE("moved to a directory that comes first, or last") {
    nights.move("ward/c.png", "0.png");
    nights.move("b.TXT", "z/y/b.TXT");
    CHECK(without_extensions(nights.changes()) == only(2, 10, 2, 2));
  }
  SUBCASE("a directory is renamed: every name below it is another one") {
    nights.move("ward", "station");
    CHECK(without_extensions(nights.changes()) == only(3, 8, 5, 2));  // the empty file is no rename
  }
  SUBCASE("copied is not renamed") {
    fs::copy_file(nights.at("a.txt"), nights.at("copy.txt"));
    CHECK(without_extensions(nights.changes()) == only(1, 4, 0, 0));
  }
  SUBCASE("a file becomes a directory, a directory a file") {
    fs::remove(nights.at("a.txt"));
    nights.write("a.txt/inside", "in");
    fs::remove_all(nights.at("z"));
    nights.write("z", "zzz");
    CHECK(without_extensions(nights.changes()) == only(2, 5, 2, 0));
  }
  SUBCASE("another name of a file takes its content over") {
    fs::create_hard_link(nights.at("b.TXT"), nights.at("c.txt"));
    CHECK(nights.changes() == ChangeSignals{});
    fs::remove(nights.at("b.TXT"));
    CHECK(without_extensions(nights.changes()) == only(1, 4, 1, 1));
  }
  SUBCASE("names that are left out now are gone") {
    nights.left_out.patterns = {"*.TXT"};
    CHECK(nights.changes() == only(0, 0, 1, 0));
  }
  nights.capture();
  CHECK(nights.changes() == ChangeSignals{});
}

TEST_CASE("Ingest signals: a directory that comes back is new") {
  Nights nights;
  fill_wards(nights);
  nights.capture();
  fs::rename(nights.at("ward"), nights.dir.path("elsewhere"));
  CHECK(nights.changes() == only(0, 0, 5, 0));
  fs::rename(nights.dir.path("elsewhere"), nights.at("ward"));
  const Snapshot back = nights.capture();
  CHECK(without_extensions(*back.signals->tree->changes) == only(3, 8, 0, 0));
  CHECK(back.totals.read_bytes == 0);  // its files are remembered all the same
  CHECK(nights.changes() == ChangeSignals{});
  fs::remove_all(nights.at("ward"));
  CHECK(nights.changes() == only(0, 0, 5, 0));
}

TEST_CASE("Ingest signals: a directory that is emptied is so only once") {
  Nights nights;
  fill_wards(nights);
  nights.capture();
  fs::remove_all(nights.at("z/y"));
  CHECK(nights.changes() == only(0, 0, 2, 0));
  CHECK(nights.changes() == ChangeSignals{});
}

TEST_CASE("Ingest signals: a source that is not mounted is compared with when it was") {
  Nights nights;
  fill_wards(nights);
  nights.capture();
  fs::rename(nights.at(""), nights.dir.path("unmounted"));
  fs::create_directory(nights.at(""));
  for (int night = 0; night < 2; ++night) {
    const Snapshot snapshot = nights.capture();
    CHECK_FALSE(snapshot.complete);
    CHECK(snapshot.signals->tree->changes == only(0, 0, 10, 0));
  }
  fs::remove(nights.at(""));
  fs::rename(nights.dir.path("unmounted"), nights.at(""));
  CHECK(nights.changes() == ChangeSignals{});
}

TEST_CASE("Ingest signals: what a run saw that ended early is compared with nothing") {
  Nights nights;
  fill_wards(nights);
  nights.capture();
  const std::string snapshot_key = scan_record_key("files", std::string_view{"\0snapshot", 9});
  const std::uint32_t first = nights.sink.record_sessions.at(snapshot_key);
  nights.write("ward/c.png", "CCCCCC");
  nights.capture();
  nights.sink.record_sessions.at(snapshot_key) = first;  // as if it had not reached its end
  nights.write("a.txt", "AAAA");
  nights.write("ward/deep/d", "DD");
  const ChangeSignals changes = nights.changes();
  CHECK(changes.is_partial);  // of ward
  CHECK(changes.files == 2);
  CHECK(nights.changes() == ChangeSignals{});
}

TEST_CASE("Ingest signals: of a part whose record is lost nothing is counted, and that is said") {
  Nights nights;
  fill_wards(nights);
  nights.capture();
  ChangeSignals expected;
  SUBCASE("of a directory that is there") {
    nights.sink.records.erase(scan_record_key("files", "/ward/"));
    nights.write("ward/c.png", "changed");
    nights.write("b.TXT", "BB");
    expected = only(1, 2, 0, 0);
  }
  SUBCASE("of one that is gone") {
    nights.sink.records.erase(scan_record_key("files", "/ward/deep/"));
    fs::remove_all(nights.at("ward"));
    expected = only(0, 0, 3, 0);
  }
  SUBCASE("of the root") {
    nights.sink.records.erase(scan_record_key("files", "/"));
    nights.write("a.txt", "AA");
    nights.write("z/y/x.log", "X");
    expected = only(1, 1, 0, 0);
  }
  expected.is_partial = true;
  CHECK(without_extensions(nights.changes()) == expected);
  CHECK(nights.changes() == ChangeSignals{});
}

TEST_CASE("Ingest signals: without the mark of a snapshot nothing is known of before") {
  Nights nights;
  fill_wards(nights);
  nights.capture();
  nights.sink.records.erase(scan_record_key("files", std::string_view{"\0snapshot", 9}));
  const Snapshot snapshot = nights.capture();
  CHECK_FALSE(snapshot.signals->tree->changes.has_value());
  CHECK(snapshot.totals.read_bytes == 0);
  CHECK(nights.changes() == ChangeSignals{});
}

TEST_CASE("Ingest signals: what cannot be listed is not gone") {
  Nights nights;
  fill_wards(nights);
  nights.capture();
  REQUIRE(::chmod(nights.dir.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(nights.at("ward").c_str(), 0) == 0);
  {
    const tests::AsNobody nobody;
    const Snapshot closed = nights.capture();
    CHECK_FALSE(closed.complete);
    ChangeSignals expected;
    expected.is_partial = true;
    CHECK(closed.signals->tree->changes == expected);
  }
  REQUIRE(::chmod(nights.at("ward").c_str(), 0755) == 0);
  fs::remove(nights.at("ward/c.png"));
  CHECK(nights.changes() == only(0, 0, 1, 0));  // against when it was seen last
}

TEST_CASE("Ingest signals: a source may be one file, or a command") {
  Nights nights;
  nights.write("f", "content");
  CHECK_FALSE(nights.capture("/f").signals->tree->changes.has_value());
  CHECK(nights.capture("/f").signals->tree->changes == ChangeSignals{});
  nights.write("f", "changed");
  const Snapshot changed = nights.capture("/f");
  CHECK(changed.signals->tree->files == 1);
  CHECK(without_extensions(*changed.signals->tree->changes) == only(1, 7, 0, 0));

  const Source stream{.name = "stream", .kind = SourceKind::stream, .origin = "echo x"};
  const Snapshot snapshot = ingest(stream, nights.sink, nights.observer, wall_clock_now());
  REQUIRE(snapshot.signals.has_value());
  CHECK_FALSE(snapshot.signals->tree.has_value());
}

}  // namespace azekura::chunker
