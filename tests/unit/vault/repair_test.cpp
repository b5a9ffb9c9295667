#include "vault/repair.h"

#include "core/error.h"
#include "core/limits.h"
#include "tests/support/written_set.h"
#include "vault/pack_format.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace azekura::vault {

namespace {

using tests::files_below;
using tests::spoil;
using tests::WrittenSet;

std::string path_of(const WrittenSet& set, const std::string& name) {
  return set.medium() + "/" + name;
}

RepairReport repair(const WrittenSet& set) {
  tests::RecordingObserver observer;
  FolderMedium medium{set.medium(), Access::append};
  return repair_medium(medium, 2, observer);
}

VerifyReport verify(const WrittenSet& set) {
  tests::RecordingObserver observer;
  const FolderMedium medium{set.medium(), Access::read};
  return verify_medium(medium, {std::nullopt, 2}, observer);
}

std::set<std::string> names_with(const std::map<std::string, Buffer>& files,
                                 std::string_view begin) {
  std::set<std::string> names;
  for (const auto& [name, bytes] : files) {
    if (name.starts_with(begin)) {
      names.insert(name);
    }
  }
  return names;
}

std::string first_with(const WrittenSet& set, std::string_view begin) {
  const std::vector<std::string> names = set.names();
  return *std::find_if(names.begin(), names.end(),
                       [&](const std::string& name) { return name.starts_with(begin); });
}

std::string shortest_pack(const WrittenSet& set) {
  std::string shortest = first_with(set, "packs/");
  for (const std::string& name : set.names()) {
    if (name.starts_with("packs/") && set.written(name).size() < set.written(shortest).size()) {
      shortest = name;
    }
  }
  return shortest;
}

/// The tree packs of the first session, or its others.
std::vector<std::uint32_t> row_of_first(const WrittenSet& set, std::size_t row) {
  const FolderMedium medium{set.medium(), Access::read};
  return Vault{medium, std::nullopt}.sessions().front().manifest.parity->rows.at(row).packs;
}

/// Damages files of every kind, each so that it comes back; returns their names.
std::set<std::string> spoil_some(const WrittenSet& set) {
  const std::string tree_pack = pack_path(row_of_first(set, 0).front());
  const std::string pack = pack_path(row_of_first(set, 1).front());
  const std::set<std::string> damaged{tree_pack,
                                      pack,
                                      "parity/000001/1",
                                      "parity/000002/0",
                                      "sessions/000001/header",
                                      "sessions-2/000002/manifest",
                                      "sessions-3/000001/seal"};
  std::filesystem::remove(path_of(set, tree_pack));
  spoil(path_of(set, pack), 10, 2 * limits::kLeafBytes);
  spoil(path_of(set, "parity/000001/1"), set.written("parity/000001/1").size() - 100, 1);
  std::filesystem::remove(path_of(set, "parity/000002/0"));
  spoil(path_of(set, "sessions/000001/header"), 30, 1);
  std::filesystem::remove(path_of(set, "sessions-2/000002/manifest"));
  spoil(path_of(set, "sessions-3/000001/seal"), 30, 1);
  return damaged;
}

void check_healed(const WrittenSet& set, const std::set<std::string>& damaged) {
  const auto files = files_below(set.medium());
  for (const std::string& name : damaged) {
    CAPTURE(name);
    REQUIRE(files.contains(healed_path(name)));
    CHECK(equal(files.at(healed_path(name)), set.written(name)));
  }
}

}  // namespace

TEST_CASE("Repair: of a whole medium writes nothing") {
  const WrittenSet& set = WrittenSet::shared();
  const RepairReport report = repair(set);
  CHECK(report.healed.empty());
  CHECK(report.found.findings.empty());
  CHECK(report.found.sessions == 3);
  CHECK_FALSE(std::filesystem::exists(path_of(set, "healed")));
}

TEST_CASE("Repair: healed copies are what was written, and nothing else is touched") {
  const WrittenSet& set = WrittenSet::shared();
  const std::set<std::string> damaged = spoil_some(set);
  const auto before = files_below(set.medium());
  const RepairReport report = repair(set);

  std::set<std::string> healed;
  for (const HealedFile& file : report.healed) {
    healed.insert(file.name);
    CHECK(file.bytes == set.written(file.name).size());
    CHECK_FALSE(file.fact.empty());
    CHECK(file.remedy == (file.name.starts_with("sessions") ? Remedy::copy : Remedy::parity));
  }
  CHECK(healed == damaged);
  REQUIRE(report.found.findings.size() == damaged.size());
  for (const Finding& finding : report.found.findings) {
    CHECK(finding.remedy == Remedy::healed);
  }
  check_healed(set, damaged);
  const auto after = files_below(set.medium());
  for (const auto& [name, bytes] : before) {
    CHECK(equal(after.at(name), bytes));
  }
  CHECK(names_with(after, "healed/").size() == damaged.size() + 1);  // and the log
  CHECK(names_with(after, "tmp/").empty());
  CHECK(after.size() == before.size() + damaged.size() + 1);
}

TEST_CASE("Repair: the log says what of each healed file came from where") {
  const WrittenSet& set = WrittenSet::shared();
  const std::uint32_t number = row_of_first(set, 1).front();
  const std::string pack = pack_path(number);
  const std::string short_pack = shortest_pack(set);
  spoil(path_of(set, pack), 3 * limits::kLeafBytes + 5, 1);
  spoil(path_of(set, short_pack), 0, 1);
  spoil(path_of(set, "sessions/000001/header"), 30, 1);
  const RepairReport report = repair(set);
  const auto files = files_below(set.medium());
  const std::set<std::string> logs = names_with(files, "healed/log/");
  REQUIRE(logs.size() == 1);
  const std::string text{as_text(files.at(*logs.begin()))};
  CAPTURE(text);
  const auto has = [&](const std::string& words) { return text.find(words) != std::string::npos; };
  CHECK(has("healed/" + pack + ": pack "));
  CHECK(has(fmt::format("bytes 196608 to 262144 of pack {:08x} made from parity\n", number)));
  const std::uint64_t data_bytes = pack_data_bytes(set.written(short_pack).size());
  REQUIRE(data_bytes < limits::kLeafBytes);
  CHECK(has(fmt::format("bytes 0 to {} of pack ", data_bytes)));
  CHECK(has("healed/sessions/000001/header: "));
  CHECK(has(" from another copy\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 8);
}

TEST_CASE("Repair: a second one has nothing to do; verifying says that all is healed") {
  const WrittenSet& set = WrittenSet::shared();
  const std::set<std::string> damaged = spoil_some(set);
  static_cast<void>(repair(set));
  const auto before = files_below(set.medium());
  const RepairReport second = repair(set);
  CHECK(second.healed.empty());
  CHECK(files_below(set.medium()) == before);
  const VerifyReport verified = verify(set);
  CHECK(verified.findings.size() == damaged.size());
  for (const Finding& finding : verified.findings) {
    CHECK(finding.kind == ErrorKind::damage);
    CHECK(finding.remedy == Remedy::healed);
  }
}

TEST_CASE("Repair: what healed copies hold restores, and more may be damaged after it") {
  WrittenSet& set = WrittenSet::shared();
  static_cast<void>(spoil_some(set));
  static_cast<void>(repair(set));
  CHECK(set.site().restored("daily") == set.newest());
  // Parity carries two more in every stripe, now that the first ones are healed.
  for (const std::uint32_t pack : row_of_first(set, 0)) {
    std::filesystem::remove(path_of(set, pack_path(pack)));
    break;
  }
  const std::uint32_t pack = row_of_first(set, 1).front();
  spoil(path_of(set, pack_path(pack)), 0, pack_data_bytes(set.written(pack_path(pack)).size()));
  CHECK(set.site().restored("daily") == set.newest());
}

TEST_CASE("Repair: a healed copy that is damaged is replaced, and kept aside") {
  const WrittenSet& set = WrittenSet::shared();
  const std::set<std::string> damaged = spoil_some(set);
  static_cast<void>(repair(set));
  const auto first = files_below(set.medium());
  for (const std::string& name : damaged) {
    spoil(path_of(set, healed_path(name)), 0, 1);
  }
  const RepairReport report = repair(set);
  CHECK(report.healed.size() == damaged.size());
  check_healed(set, damaged);
  const auto after = files_below(set.medium());
  for (const std::string& name : damaged) {
    CAPTURE(name);
    std::set<std::string> aside = names_with(after, healed_path(name) + ".stray-");
    REQUIRE(aside.size() == 1);
    CHECK(after.at(*aside.begin()).size() == first.at(healed_path(name)).size());
    CHECK_FALSE(equal(after.at(*aside.begin()), set.written(name)));
  }
  CHECK(names_with(after, "healed/log/").size() == 2);
}

TEST_CASE("Repair: copies of a session's objects come from a healed copy, too") {
  const WrittenSet& set = WrittenSet::shared();
  spoil(path_of(set, "sessions/000001/header"), 30, 1);
  static_cast<void>(repair(set));
  spoil(path_of(set, "sessions-2/000001/header"), 30, 1);
  spoil(path_of(set, "sessions-3/000001/header"), 30, 1);
  const RepairReport report = repair(set);
  CHECK(report.found.sessions == 3);
  CHECK(report.healed.size() == 2);
  check_healed(set,
               {"sessions/000001/header", "sessions-2/000001/header", "sessions-3/000001/header"});
  for (const Finding& finding : verify(set).findings) {
    CHECK(finding.remedy == Remedy::healed);
  }
}

TEST_CASE("Repair: heals what it can, and says what is lost") {
  const WrittenSet& set = WrittenSet::shared();
  const std::uint32_t pack = row_of_first(set, 1).front();
  std::filesystem::remove(path_of(set, pack_path(pack)));  // most of its row: beyond parity
  spoil(path_of(set, "parity/000002/1"), 0, 1);
  const RepairReport report = repair(set);
  REQUIRE(report.healed.size() == 1);
  CHECK(report.healed.front().name == "parity/000002/1");
  REQUIRE(report.found.findings.size() == 2);
  for (const Finding& finding : report.found.findings) {
    const bool is_healed = finding.file == "parity/000002/1";
    CHECK(finding.remedy == (is_healed ? Remedy::healed : Remedy::none));
  }
  CHECK_FALSE(std::filesystem::exists(path_of(set, healed_path(pack_path(pack)))));
}

TEST_CASE("Repair: what earlier repairs left unfinished is cleared away") {
  const WrittenSet& set = WrittenSet::shared();
  spoil(path_of(set, first_with(set, "packs/")), 0, 1);
  std::filesystem::copy_file(path_of(set, "label"), path_of(set, "tmp/0123456789abcdef"));
  CHECK(repair(set).healed.size() == 1);
  CHECK(names_with(files_below(set.medium()), "tmp/").empty());
}

TEST_CASE("Repair: parity that was sealed wrong is lost, and does not keep the rest from healing") {
  WrittenSet set{11};
  const FolderMedium medium{set.medium(), Access::read};
  SealedSession newest = Vault{medium, std::nullopt}.sessions().back();
  newest.manifest.parity->roots[0] = newest.manifest.parity->roots[1];
  const Buffer manifest = newest.manifest.encode();
  newest.seal.manifest = sha256(manifest);
  const Buffer seal = newest.seal.encode(set.site().site().host_key());
  for (const std::string_view folder : kSessionFolders) {
    tests::overwrite(path_of(set, session_path(folder, 3, "manifest")), manifest);
    tests::overwrite(path_of(set, session_path(folder, 3, "seal")), seal);
  }
  const std::string pack = pack_path(row_of_first(set, 1).front());
  spoil(path_of(set, pack), 0, 1);
  const RepairReport report = repair(set);
  REQUIRE(report.healed.size() == 1);
  CHECK(report.healed.front().name == pack);
  REQUIRE(report.found.findings.size() == 2);
  for (const Finding& finding : report.found.findings) {
    CHECK(finding.remedy == (finding.file == pack ? Remedy::healed : Remedy::none));
  }
}

TEST_CASE("Repair: a folder that is no medium is refused") {
  const tests::TempDir dir;
  tests::RecordingObserver observer;
  FolderMedium medium{dir.path(), Access::append};
  CHECK_THROWS_AS(static_cast<void>(repair_medium(medium, 1, observer)), MediumError);
}

TEST_CASE("Backup: after a repair goes on with what only a healed copy holds") {
  WrittenSet set{10};
  const std::string name = pack_path(row_of_first(set, 0).front());
  std::filesystem::remove(path_of(set, name));
  static_cast<void>(repair(set));
  const CaptureTotals totals = set.site().backup("daily", set.site().path("tree"));
  CHECK(set.site().observer.notices.empty());
  CHECK(totals.stored_bytes < set.written(name).size() + 2 * kMiB);
  CHECK(set.site().snapshots("daily").size() == 4);
  CHECK(set.site().restored("daily") == tests::describe_tree(set.site().path("tree")));
}

}  // namespace azekura::vault
