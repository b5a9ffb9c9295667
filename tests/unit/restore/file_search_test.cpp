#include "restore/file_search.h"

#include "restore/file_versions.h"
#include "tests/unit/restore/restore_fixture.h"

#include <doctest/doctest.h>

namespace azekura::restore {

namespace {

using tests::RestoreFixture;

Position position_of(const Entry& file) { return file.content->extents.at(0).position; }

}  // namespace

TEST_CASE("File search: finds the files that have lost bytes, by source, path and offset") {
  RestoreFixture f;
  const Entry first = f.file("first", std::string(9000, 'a'));  // three extents
  const Entry other = f.file("other", "intact");
  f.set_tree({f.folder("ward", {first}), other});
  LostBytes lost;
  const Position second = first.content->extents.at(1).position;
  lost.add(second, 4096);
  FileSearch search{f.vault, lost};
  search.add(f.snapshot);
  const std::vector<FileBytes> wanted{{"files", "ward/first", 4096}};
  CHECK(search.find(second, 4096) == wanted);
  CHECK(search.find({second.pack, second.byte + 1000}, 1000) ==
        std::vector<FileBytes>{{"files", "ward/first", 5096}});
  CHECK(search.find({second.pack, second.byte + 4000}, 1000).empty());
  CHECK(search.find(position_of(other), 6).empty());
  CHECK(lost_ranges(f.vault, *first.content, lost) ==
        std::vector<LostRange>{{4096, 4096, second.pack}});
  CHECK(lost_ranges(f.vault, *other.content, lost).empty());
}

TEST_CASE("File search: lost ranges that follow each other are one") {
  RestoreFixture f;
  const Entry file = f.file("file", std::string(12'288, 'a'));
  LostBytes lost;
  for (const Extent& extent : file.content->extents) {
    lost.add(extent.position, extent.length);
  }
  REQUIRE(file.content->extents.size() == 3);
  CHECK(lost_ranges(f.vault, *file.content, lost).size() == 1);
  Content list = f.vault.with_list(*file.content);
  CHECK(lost_ranges(f.vault, list, lost).front().length == 12'288);
}

TEST_CASE("File search: files of several snapshots and sources that share bytes, each once") {
  RestoreFixture f;
  const Entry file = f.file("one", "shared bytes");
  Entry renamed = file;
  renamed.name = "two";
  LostBytes lost;
  lost.add(position_of(file), 12);
  FileSearch search{f.vault, lost};
  f.set_tree({renamed});
  search.add(f.snapshot);
  search.add(f.snapshot);
  f.set_tree({file});
  search.add(f.snapshot);
  f.snapshot.source.name = "others";
  search.add(f.snapshot);
  CHECK(search.find(position_of(file), 12) ==
        std::vector<FileBytes>{{"files", "two", 0}, {"files", "one", 0}, {"others", "one", 0}});
}

TEST_CASE("File search: goes on behind what cannot be read, and takes no more than can be tried") {
  RestoreFixture f;
  const Entry file = f.file("file", "wanted");
  const std::uint32_t bad = f.vault.begin_pack();
  const Entry unlisted = f.folder("bad", {f.file("x", "1")});
  Entry listless = f.file("listless", "12");
  listless.content = f.vault.with_list(*listless.content);
  f.vault.begin_pack();
  std::vector<Entry> entries{unlisted, listless};
  for (int i = 100; i < 200; ++i) {
    entries.push_back(file);
    entries.back().name = std::to_string(i);
  }
  f.set_tree(entries);
  f.vault.damage(bad);
  LostBytes lost;
  lost.add(position_of(file), 6);
  FileSearch search{f.vault, lost};
  search.add(f.snapshot);
  const std::vector<FileBytes> found = search.find(position_of(file), 6);
  CHECK(found.size() == 16);
  CHECK(found.front().path == "100");
}

TEST_CASE("File versions: each content of a path once, in the order of the snapshots") {
  RestoreFixture f;
  std::vector<Snapshot> snapshots;
  const auto add = [&](std::vector<Entry> entries) {
    f.set_tree(std::move(entries));
    snapshots.push_back(f.snapshot);
  };
  const Entry newer = f.file("file", "newer");
  const Entry older = f.file("file", "older");
  add({newer});
  add({});
  add({newer, f.file("more", "x")});
  add({f.folder("file", {})});
  const std::uint32_t bad = f.vault.begin_pack();
  Entry lost = f.file("file", "lost!");
  lost.content = f.vault.with_list(*lost.content);
  f.vault.begin_pack();
  add({lost});
  add({older});
  f.vault.damage(bad);
  std::vector<const Snapshot*> ordered;
  for (const Snapshot& one : snapshots) {
    ordered.push_back(&one);
  }
  FileVersions versions{f.vault, ordered, "file"};
  REQUIRE(versions.version(0) != nullptr);
  CHECK(*versions.version(0) == newer.content->extents);
  REQUIRE(versions.version(1) != nullptr);
  CHECK(versions.version(1)->empty());
  REQUIRE(versions.version(2) != nullptr);
  CHECK(*versions.version(2) == older.content->extents);
  CHECK(versions.version(3) == nullptr);
  CHECK(*versions.version(0) == newer.content->extents);
}

}  // namespace azekura::restore
