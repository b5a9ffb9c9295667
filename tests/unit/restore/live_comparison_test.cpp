#include "restore/live_comparison.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/unit/restore/restore_fixture.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <functional>

namespace azekura::restore {

namespace {

constexpr struct timespec kModified { 1'600'000'000, 123'456'789 };  // as test entries have it

/// A vault that does something before each fetch.
class StirringExtents : public tests::MemoryExtents {
 public:
  std::function<void()> stir = [] {};

  void fetch(std::span<const WantedExtent> wanted, ExtentReceiver& receiver) override {
    stir();
    MemoryExtents::fetch(wanted, receiver);
  }
};

/// A snapshot in memory and a live tree beside it.
struct LiveFixture {
  tests::TempDir live;
  tests::TempDir spill;
  StirringExtents vault;
  tests::NotingObserver observer;
  Snapshot snapshot;
  std::vector<LiveFinding> findings;

  void set_tree(std::vector<Entry> entries) {
    snapshot.root = tests::directory_entry("", vault.store_directory(std::move(entries)));
  }
  Entry file(std::string name, std::string_view text) {
    return tests::file_entry(std::move(name), vault.store(text));
  }
  void put_back_time(const std::string& name) const {
    const std::array<struct timespec, 2> times{kModified, kModified};
    REQUIRE(::utimensat(AT_FDCWD, live.path(name).c_str(), times.data(), AT_SYMLINK_NOFOLLOW) == 0);
  }
  /// A live file of the snapshot's time.
  void write(const std::string& name, std::string_view text) const {
    live.write(name, text);
    put_back_time(name);
  }
  LiveReport compare(LiveScope scope = LiveScope::all, const std::string& path = {}) {
    findings.clear();
    return compare_with_live(vault, snapshot, {path.empty() ? live.path() : path, scope},
                             SpillFile{spill.path()}, observer,
                             [&](const LiveFinding& finding) { findings.push_back(finding); });
  }
};

}  // namespace

TEST_CASE("Live comparison: counts what is the same, changed, gone and new") {
  LiveFixture fixture;
  fixture.set_tree({fixture.file("changed", "12"), fixture.file("empty", ""),
                    fixture.file("gone", "3"), fixture.file("same", "4567"),
                    fixture.file("touched", "89"), tests::symlink_entry("link", "x")});
  fixture.write("changed", "1");
  fixture.write("empty", "");
  fixture.write("same", "4567");
  fixture.live.write("touched", "89");
  fixture.live.write("a new one", "");
  fixture.live.make_directory("new folder/below");
  fixture.live.write("zz", "");
  for (const LiveScope scope : {LiveScope::all, LiveScope::sample}) {
    const LiveReport report = fixture.compare(scope);
    CHECK(report.files == 5);
    CHECK(report.same == 2);
    CHECK(report.changed == 2);
    CHECK(report.gone == 1);
    CHECK(report.added == 3);
    CHECK(report.compared == 1);
    CHECK(report.bytes == 4);
    CHECK(fixture.findings.empty());
  }
}

TEST_CASE("Live comparison: other bytes under the same size and time are an alarm") {
  LiveFixture fixture;
  const std::string text(2000, 'a');
  fixture.set_tree({fixture.file("file", text)});
  std::string live = text;
  ByteRange differs;
  SUBCASE("one byte") {
    live[1234] = 'b';
    differs = {1234, 1};
  }
  SUBCASE("several, with a few between that agree") {
    live[100] = live[163] = 'b';
    differs = {100, 64};
  }
  SUBCASE("only the first range, if many agree") {
    live[100] = live[165] = 'b';
    differs = {100, 1};
  }
  SUBCASE("to the end") {
    live.replace(1990, 10, 10, 'b');
    differs = {1990, 10};
  }
  fixture.write("file", live);
  for (const LiveScope scope : {LiveScope::all, LiveScope::sample}) {
    const LiveReport report = fixture.compare(scope);
    CHECK(report.alarms == 1);
    CHECK(report.same == 1);
    REQUIRE(fixture.findings.size() == 1);
    CHECK(fixture.findings.front().kind == LiveFindingKind::alarm);
    CHECK(fixture.findings.front().path == "file");
    CHECK(fixture.findings.front().differs == differs);
    CHECK(fixture.findings.front().changed > fixture.snapshot.started);
  }
}

TEST_CASE("Live comparison: a range goes on across the pieces that are read") {
  LiveFixture fixture;
  std::string text(2 * kMiB + 100, 'a');
  fixture.set_tree({fixture.file("file", text)});
  text.replace(kMiB - 10, 20, 20, 'b');
  fixture.write("file", text);
  CHECK(fixture.compare().alarms == 1);
  CHECK(fixture.findings.front().differs == ByteRange{kMiB - 10, 20});
}

TEST_CASE("Live comparison: a file that changes while it is compared is no alarm") {
  LiveFixture fixture;
  fixture.set_tree({fixture.file("file", "before")});
  fixture.write("file", "other!");
  int fetches = 0;
  fixture.vault.stir = [&] {
    if (++fetches != 2) {  // the first is of the directory
      return;
    }
    const struct timespec before = tests::look_at(fixture.live.path("file")).st_ctim;
    struct timespec now = before;
    while (now.tv_sec == before.tv_sec && now.tv_nsec == before.tv_nsec) {  // the clock has steps
      fixture.write("file", "after!");
      now = tests::look_at(fixture.live.path("file")).st_ctim;
    }
  };
  const LiveReport report = fixture.compare();
  CHECK(fetches == 2);
  CHECK(report.alarms == 0);
  CHECK(report.changed == 1);
  CHECK(report.same == 0);
}

TEST_CASE("Live comparison: what took a file's place is never followed") {
  LiveFixture fixture;
  const tests::TempDir elsewhere;
  elsewhere.write("file", "text");
  fixture.set_tree({fixture.file("file", "text"),
                    tests::directory_entry(
                        "folder", fixture.vault.store_directory({fixture.file("file", "text")}))});
  std::uint64_t changed = 0;
  SUBCASE("links") {
    REQUIRE(::symlink(elsewhere.path("file").c_str(), fixture.live.path("file").c_str()) == 0);
    REQUIRE(::symlink(elsewhere.path().c_str(), fixture.live.path("folder").c_str()) == 0);
    fixture.put_back_time("file");
    changed = 1;
  }
  SUBCASE("a FIFO and a file") {
    REQUIRE(::mkfifo(fixture.live.path("file").c_str(), 0600) == 0);
    fixture.write("folder", "");
    changed = 1;
  }
  SUBCASE("nothing") {}
  const LiveReport report = fixture.compare();
  CHECK(report.files == 2);
  CHECK(report.changed == changed);
  CHECK(report.gone == 2 - changed);
  CHECK(report.compared == 0);
  CHECK(report.added == 0);
}

TEST_CASE("Live comparison: names of one file are compared once, and apart once they are others") {
  LiveFixture fixture;
  Entry first = fixture.file("a", "text");
  first.hard_link = HardLink{1, 3};
  Entry second = tests::file_entry("b", Content{});
  second.content.reset();
  second.hard_link = first.hard_link;
  Entry third = second;
  third.name = "c";
  fixture.set_tree({first, second, third});
  fixture.write("a", "text");
  REQUIRE(::link(fixture.live.path("a").c_str(), fixture.live.path("b").c_str()) == 0);
  fixture.write("c", "tent");
  const LiveReport report = fixture.compare();
  CHECK(report.files == 2);
  CHECK(report.compared == 2);
  CHECK(report.alarms == 1);
  REQUIRE(fixture.findings.size() == 1);
  CHECK(fixture.findings.front().path == "c");
}

TEST_CASE("Live comparison: what the snapshot does not have whole is skipped") {
  LiveFixture fixture;
  Entry flawed = fixture.file("a", "text");
  flawed.flaw = EntryFlaw::changed_while_read;
  flawed.hard_link = HardLink{1, 2};
  Entry further = tests::file_entry("b", Content{});
  further.content.reset();
  further.hard_link = flawed.hard_link;
  Entry folder = tests::directory_entry("folder", fixture.vault.store_directory({}));
  folder.flaw = EntryFlaw::unreadable;
  fixture.set_tree({flawed, further, folder});
  fixture.write("a", "tent");
  fixture.live.make_directory("folder");
  fixture.write("folder/who knows", "");
  const LiveReport report = fixture.compare();
  CHECK(report.files == 1);
  CHECK(report.flawed == 1);
  CHECK(report.gone == 0);
  CHECK(report.added == 0);
  CHECK(fixture.findings.empty());
}

TEST_CASE("Live comparison: damage of the medium is a loss, not an alarm") {
  LiveFixture fixture;
  const std::uint32_t bad = fixture.vault.begin_pack();
  Entry lost = fixture.file("lost", "text");
  Entry hidden = tests::directory_entry(
      "hidden", fixture.vault.store_directory({fixture.file("file", "text")}));
  fixture.vault.begin_pack();
  fixture.set_tree({hidden, lost, fixture.file("same", "text")});
  fixture.vault.damage(bad);
  fixture.live.make_directory("hidden");
  for (const std::string name : {"hidden/file", "lost", "same"}) {
    fixture.write(name, "tent");
  }
  const LiveReport report = fixture.compare();
  CHECK(report.lost == 2);
  CHECK(report.alarms == 1);
  CHECK(report.added == 0);
  REQUIRE(fixture.findings.size() == 3);
  CHECK(fixture.findings[0].path == "hidden");
  CHECK(fixture.findings[0].kind == LiveFindingKind::lost);
  CHECK(fixture.findings[1].path == "lost");
  CHECK(fixture.findings[2].path == "same");
}

TEST_CASE("Live comparison: what differs before bytes that are lost is an alarm all the same") {
  LiveFixture fixture;
  Content content = fixture.vault.store(std::string(1000, 'a'));
  const std::uint32_t bad = fixture.vault.begin_pack();
  content.extents.push_back(fixture.vault.store(std::string(1000, 'a')).extents.front());
  content.size = 2000;
  fixture.vault.begin_pack();
  fixture.set_tree({tests::file_entry("file", content)});
  fixture.vault.damage(bad);
  std::string live(2000, 'a');
  live[10] = 'b';
  fixture.write("file", live);
  const LiveReport report = fixture.compare();
  CHECK(report.alarms == 1);
  CHECK(report.lost == 1);
  CHECK(report.compared == 0);
  REQUIRE(fixture.findings.size() == 2);
  CHECK(fixture.findings[0].kind == LiveFindingKind::lost);
  CHECK(fixture.findings[1].differs == ByteRange{10, 1});
}

TEST_CASE("Live comparison: a medium that is gone ends it") {
  LiveFixture fixture;
  fixture.set_tree({fixture.file("file", "text")});
  fixture.write("file", "text");
  fixture.vault.remove_after(1);
  CHECK_THROWS_AS(fixture.compare(), MediumError);
}

TEST_CASE("Live comparison: a source that is one file") {
  LiveFixture fixture;
  fixture.snapshot.root = fixture.file("", "text");
  fixture.write("file", "tent");
  REQUIRE(::symlink("file", fixture.live.path("way").c_str()) == 0);
  for (const std::string name : {"file", "way"}) {
    CHECK(fixture.compare(LiveScope::sample, fixture.live.path(name)).alarms == 1);
    CHECK(fixture.findings.front().path.empty());
  }
  CHECK(fixture.compare(LiveScope::sample, fixture.live.path("none")).gone == 1);
  CHECK_THROWS_AS(fixture.compare(LiveScope::sample, fixture.live.path("no/file")), UsageError);
}

TEST_CASE("Live comparison: a root that is not there is a wrong request") {
  LiveFixture fixture;
  fixture.set_tree({});
  CHECK_THROWS_AS(fixture.compare(LiveScope::all, fixture.live.path("none")), UsageError);
  fixture.write("file", "");
  CHECK_THROWS_AS(fixture.compare(LiveScope::all, fixture.live.path("file")), UsageError);
}

TEST_CASE("Live comparison: a tree deeper than a path can say") {
  LiveFixture fixture;
  constexpr int kDepth = 60;
  const std::string name(200, 'd');
  std::vector<Entry> entries{fixture.file("file", "text")};
  for (int i = 0; i < kDepth; ++i) {
    entries = {tests::directory_entry(name, fixture.vault.store_directory(std::move(entries))),
               fixture.file("file", "text")};
  }
  fixture.set_tree(std::move(entries));
  UniqueFd directory = open_file(fixture.live.path(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i <= kDepth; ++i) {
    const UniqueFd file = open_file_at(directory.get(), "file", O_WRONLY | O_CREAT);
    write_all(file.get(), as_bytes("tent"), "file");
    const std::array<struct timespec, 2> times{kModified, kModified};
    REQUIRE(::futimens(file.get(), times.data()) == 0);
    if (i < kDepth) {
      REQUIRE(::mkdirat(directory.get(), name.c_str(), 0700) == 0);
      directory = open_file_at(directory.get(), name, O_RDONLY | O_DIRECTORY);
    }
  }
  for (const LiveScope scope : {LiveScope::all, LiveScope::sample}) {
    CHECK(fixture.compare(scope).alarms == kDepth + 1);
  }
}

}  // namespace azekura::restore
