#include "tests/support/test_site.h"

#include "chunker/ingest.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "restore/restorer.h"
#include "vault/medium_setup.h"
#include "vault/set_writer.h"

#include <filesystem>

namespace azekura::tests {

namespace {

constexpr int kAttempts = 2;

/// Long enough after a test's files were made that their times are trusted.
Timestamp later() {
  Timestamp time = wall_clock_now();
  time.seconds += 10;
  return time;
}

}  // namespace

TestSite::TestSite()
    : key_{vault::RecoveryKey::generate(vault::random_id<SiteId>())},
      site_{vault::Site::create(dir_.path("site"), key_, 1, empty_site_file())} {
  dir_.write("azekura-restore", "the restore program");
}

void TestSite::add_set(const std::string& name) {
  const vault::SetSecrets secrets = site_.create_set(name);
  vault::set_up_medium(site_, secrets, medium(name), path("azekura-restore"));
}

vault::CaptureTotals TestSite::capture(vault::MediaSet& set, const std::string& tree,
                                       unsigned threads) {
  vault::SessionWriter writer{set, threads};
  vault::Generation generation;
  generation.host = "test";
  generation.set_name = set.name();
  generation.site_file = site_.site_file();
  generation.snapshots.push_back(
      chunker::ingest({"files", SourceKind::tree, tree}, writer, observer, later()));
  return writer.finish(generation);
}

vault::CaptureTotals TestSite::capture(const std::string& set, const std::string& tree,
                                       unsigned threads) {
  vault::MediaSet media_set{site_, set, observer};
  return capture(media_set, tree, threads);
}

bool TestSite::write(vault::MediaSet& set) {
  vault::FolderMedium folder{medium(set.name()), vault::Access::append};
  vault::SetWriter writer{set, folder, observer};
  if (writer.attach() == vault::Attached::recapture) {
    return false;
  }
  vault::WriteTotals totals;
  writer.write(totals);
  return true;
}

bool TestSite::write(const std::string& set) {
  vault::MediaSet media_set{site_, set, observer};
  return write(media_set);
}

vault::CaptureTotals TestSite::backup(const std::string& set, const std::string& tree,
                                      unsigned threads) {
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    vault::MediaSet media_set{site_, set, observer};
    if (media_set.catalogue().head().number == 0) {
      vault::FolderMedium folder{medium(set), vault::Access::append};
      static_cast<void>(vault::SetWriter{media_set, folder, observer}.attach());
    }
    const vault::CaptureTotals totals = capture(media_set, tree, threads);
    if (write(media_set)) {
      return totals;
    }
  }
  throw MediumError{"the set changed twice under the run"};
}

std::vector<std::string> TestSite::snapshots(const std::string& set) const {
  const vault::FolderMedium folder{medium(set), vault::Access::read};
  const vault::VaultReader reader{folder, key_, 1};
  std::vector<std::string> names;
  for (const vault::StoredSnapshot& snapshot : reader.snapshots()) {
    names.push_back(snapshot.name());
  }
  return names;
}

std::map<std::string, std::string> TestSite::restored(const std::string& set,
                                                      const std::string& snapshot) {
  const vault::FolderMedium folder{medium(set), vault::Access::read};
  vault::VaultReader reader{folder, key_, 2};
  for (auto stored = reader.snapshots().rbegin(); stored != reader.snapshots().rend(); ++stored) {
    if (!snapshot.empty() && stored->name() != snapshot) {
      continue;
    }
    restore::RestoreSettings settings;
    settings.target = path("restored-" + std::to_string(++restores_));
    const restore::RestoreReport report =
        restore::restore_tree(reader, stored->snapshot, settings, observer);
    if (!report.lost.empty()) {
      throw DamageError{"{} items were lost, \"{}\" first: {}", report.lost.size(),
                        report.lost.front().path, report.lost.front().reason};
    }
    return describe_tree(settings.target);
  }
  throw DamageError{"there is no snapshot \"{}\"", snapshot};
}

void copy_tree(const std::string& from, const std::string& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(
      from, to,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
}

}  // namespace azekura::tests
