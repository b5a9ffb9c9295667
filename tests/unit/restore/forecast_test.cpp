#include "restore/forecast.h"

#include "core/file_io.h"
#include "tests/unit/restore/restore_fixture.h"

#include <doctest/doctest.h>

#include <unistd.h>

namespace azekura::restore {

namespace {

using tests::RestoreFixture;

/// A tree with something of everything; what of it is damaged depends on the case.
void plant_tree(RestoreFixture& f) {
  Entry tool = f.file("tool", "elf");
  tool.mode = 04755;
  Entry first = tests::file_entry("first", f.vault.store(tests::random_bytes(1, 9000)));
  first.hard_link = HardLink{1, 3};
  const auto further = [](std::string name) {
    Entry entry = tests::file_entry(std::move(name), {});
    entry.content.reset();
    entry.hard_link = HardLink{1, 3};
    return entry;
  };
  f.set_tree({tool, first, f.folder("inner", {f.file("leaf", "leaf"), further("second")}),
              further("third"), tests::symlink_entry("link", "x"),
              tests::special_entry("socket", EntryKind::socket),
              tests::special_entry("null", EntryKind::character_device)});
}

void check_same(const RestoreReport& forecast, const RestoreReport& report) {
  CHECK(forecast.entries == report.entries);
  CHECK(forecast.files == report.files);
  CHECK(forecast.bytes == report.bytes);
  CHECK(forecast.lost.size() == report.lost.size());
  for (std::size_t i = 0; i < kLacks; ++i) {
    const auto lack = static_cast<Lack>(i);
    CAPTURE(name_of(lack));
    CHECK(forecast.left_out.of(lack) == report.left_out.of(lack));
    CHECK(forecast.not_set.of(lack) == report.not_set.of(lack));
  }
}

}  // namespace

TEST_CASE("Forecast: says what the restore then does, and touches nothing") {
  RestoreFixture f;
  plant_tree(f);
  SUBCASE("all") {}
  SUBCASE("a part") { f.settings.paths = {"inner", "tool"}; }
  SUBCASE("the whole system") { f.settings.mode = RestoreMode::system; }

  const Forecast forecast = forecast_restore(f.vault, f.snapshot, f.settings, f.observer);

  CHECK_FALSE(exists(f.settings.target));
  CHECK(forecast.packs == std::set<std::uint32_t>{0});
  check_same(forecast.report, f.restore());
}

TEST_CASE("Forecast: reads no bytes of files, and finds damaged metadata") {
  RestoreFixture f;
  const Content bytes = f.vault.store(tests::random_bytes(1, 9000));
  const std::uint32_t bad = f.vault.begin_pack();
  const Entry broken = f.folder("broken", {f.file("a", "1")});
  f.vault.begin_pack();
  f.set_tree({broken, tests::file_entry("file", bytes), f.folder("good", {f.file("b", "2")})});
  f.vault.damage(bad);
  f.vault.damage(0);

  const Forecast forecast = forecast_restore(f.vault, f.snapshot, f.settings, f.observer);

  REQUIRE(forecast.report.lost.size() == 1);
  CHECK(forecast.report.lost.front().path == "broken");
  CHECK(forecast.packs.contains(0));
  for (const auto& fetch : f.vault.fetches()) {
    for (const Position& position : fetch) {
      CHECK(position.pack != 0);
    }
  }
}

TEST_CASE("Forecast: an unknown path is refused") {
  RestoreFixture f;
  plant_tree(f);
  f.settings.paths = {"nothing"};
  CHECK_THROWS_AS(forecast_restore(f.vault, f.snapshot, f.settings, f.observer), UsageError);
}

}  // namespace azekura::restore
