#include "restore/selection.h"

#include "tests/unit/restore/restore_fixture.h"

#include <doctest/doctest.h>

namespace azekura::restore {

TEST_CASE("Selection: no path means everything") {
  const Selection all{{}};
  CHECK(all.is_everything());
  CHECK(all.of("a", all.of_root()) == Coverage::whole);
  CHECK(Selection{{"/"}}.is_everything());
}

TEST_CASE("Selection: a path covers itself, what is below it and the way to it") {
  const Selection some{{"a/b", "a-c//d/"}};
  CHECK(some.of_root() == Coverage::parent);
  CHECK(some.of("a", Coverage::parent) == Coverage::parent);
  CHECK(some.of("a/b", Coverage::parent) == Coverage::whole);
  CHECK(some.of("a/b/c", Coverage::whole) == Coverage::whole);
  CHECK(some.of("a/bc", Coverage::parent) == Coverage::none);
  CHECK(some.of("a-c", Coverage::parent) == Coverage::parent);
  CHECK(some.of("a-c/d", Coverage::parent) == Coverage::whole);
  CHECK(some.of("b", Coverage::parent) == Coverage::none);
  CHECK(some.of("a/b", Coverage::none) == Coverage::none);
}

TEST_CASE("Selection: a path behind a damaged directory is not called unknown") {
  tests::RestoreFixture f;
  const std::uint32_t bad = f.vault.begin_pack();
  const Entry broken = f.folder("broken", {f.file("a", "1")});
  f.vault.begin_pack();
  f.set_tree({broken});
  f.vault.damage(bad);
  CHECK_NOTHROW(Selection{{"broken/a"}}.expect_known(f.vault, f.snapshot.root));
  CHECK_THROWS_WITH_AS(Selection{{"b"}}.expect_known(f.vault, f.snapshot.root),
                       "the snapshot has no \"b\"", UsageError);
}

}  // namespace azekura::restore
