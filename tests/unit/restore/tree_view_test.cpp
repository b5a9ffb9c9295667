#include "restore/tree_view.h"

#include "core/limits.h"
#include "tests/unit/restore/restore_fixture.h"

#include <doctest/doctest.h>

namespace azekura::restore {

namespace {

using tests::RestoreFixture;

struct Visits {
  std::vector<std::string> paths;
  std::vector<std::string> unlisted;
};

Visits visit_all(ExtentSource& source, const Entry& root, const std::string& skipped = "-") {
  Visits visits;
  TreeWalk walk{source, root};
  bool more = true;
  while (more) {
    try {
      more = walk.next();
    } catch (const Error&) {
      visits.unlisted.push_back(walk.path());
      continue;
    }
    if (more) {
      visits.paths.push_back(walk.path());
      if (walk.path() == skipped) {
        walk.skip();
      }
    }
  }
  return visits;
}

}  // namespace

TEST_CASE("Tree walk: visits in tree order and goes on behind a directory it cannot list") {
  RestoreFixture f;
  const Entry a = f.folder("a", {f.file("x", "1"), f.folder("y", {f.file("z", "2")})});
  const std::uint32_t bad = f.vault.begin_pack();
  const Entry b = f.folder("b", {f.file("x", "1")});
  f.vault.begin_pack();
  f.set_tree({a, b, f.file("c", "3")});
  f.vault.damage(bad);

  const Visits all = visit_all(f.vault, f.snapshot.root);
  CHECK(all.paths == std::vector<std::string>{"", "a", "a/x", "a/y", "a/y/z", "b", "c"});
  CHECK(all.unlisted == std::vector<std::string>{"b"});
  CHECK(visit_all(f.vault, f.snapshot.root, "a").paths ==
        std::vector<std::string>{"", "a", "b", "c"});
}

TEST_CASE("Tree walk: a tree that is too deep is refused where it is too deep") {
  RestoreFixture f;
  Entry entry = f.folder("d", {});
  for (std::size_t i = 0; i < limits::kTreeDepthMax; ++i) {
    entry = f.folder("d", {entry});
  }
  f.set_tree({entry});
  const Visits visits = visit_all(f.vault, f.snapshot.root);
  CHECK(visits.paths.size() == limits::kTreeDepthMax + 1);
  CHECK(visits.unlisted.size() == 1);
}

TEST_CASE("Tree view: entries are found by raw path") {
  RestoreFixture f;
  const std::string raw = "\xff\n";
  f.set_tree({f.folder("a", {f.folder(raw, {f.file("leaf", "1")})}), f.file("b", "2")});
  const Entry& root = f.snapshot.root;
  CHECK(find_entry(f.vault, root, "a/" + raw + "/leaf")->name == "leaf");
  CHECK(find_entry(f.vault, root, "/a//" + raw + "/")->name == raw);
  CHECK(find_entry(f.vault, root, "")->kind == EntryKind::directory);
  for (const std::string path : {"c", "a/c", "b/leaf", "..", "a/../b", "."}) {
    CAPTURE(path);
    CHECK_FALSE(find_entry(f.vault, root, path).has_value());
  }
}

TEST_CASE("Tree view: the content of a further name is that of the first") {
  RestoreFixture f;
  Entry first = f.file("first", "shared");
  first.hard_link = HardLink{1, 2};
  Entry second = f.file("second", "");
  second.content.reset();
  second.hard_link = HardLink{1, 2};
  f.set_tree({f.folder("a", {first}), second});
  CHECK(find_content(f.vault, f.snapshot.root, second) == first.content);
  second.hard_link->id = 2;
  CHECK_FALSE(find_content(f.vault, f.snapshot.root, second).has_value());
}

}  // namespace azekura::restore
