#pragma once

#include "tests/support/recording_observer.h"
#include "tests/support/temp_dir.h"
#include "vault/media_set.h"
#include "vault/session_writer.h"
#include "vault/vault_reader.h"

#include <map>
#include <string>
#include <vector>

namespace azekura::tests {

/// A site with its recovery key, and a folder beside it as the medium of each set.
class TestSite {
 public:
  TestSite();

  void add_set(const std::string& name);

  [[nodiscard]] const vault::Site& site() const noexcept { return site_; }
  [[nodiscard]] const vault::RecoveryKey& key() const noexcept { return key_; }
  [[nodiscard]] std::string path(const std::string& below) const { return dir_.path(below); }
  [[nodiscard]] std::string medium(const std::string& set) const { return path("medium-" + set); }
  [[nodiscard]] std::string catalogue(const std::string& set) const {
    return site_.catalogue_path(set);
  }

  /// Captures a tree into a set's spool.
  vault::CaptureTotals capture(vault::MediaSet& set, const std::string& tree, unsigned threads = 2);
  vault::CaptureTotals capture(const std::string& set, const std::string& tree,
                               unsigned threads = 2);
  /// Writes what waits; false if it did not fit the medium and was discarded.
  bool write(vault::MediaSet& set);
  bool write(const std::string& set);
  /// Captures and writes until both agree, as cli/capture_run.cpp does.
  vault::CaptureTotals backup(const std::string& set, const std::string& tree,
                              unsigned threads = 2);

  /// Names of the snapshots on the set's medium.
  [[nodiscard]] std::vector<std::string> snapshots(const std::string& set) const;
  /// Restores a snapshot, the newest if none is named, and describes the result.
  /// Errors: DamageError if anything was lost.
  std::map<std::string, std::string> restored(const std::string& set,
                                              const std::string& snapshot = {});

  RecordingObserver observer;

 private:
  TempDir dir_;
  vault::RecoveryKey key_;
  vault::Site site_;
  int restores_ = 0;
};

/// Everything that a backup must bring back of a tree, by path.
std::map<std::string, std::string> describe_tree(const std::string& root);

/// A tree of files of many sizes, holes, links, odd names and attributes; old enough to be
/// remembered. Requires: `path` does not exist.
void make_random_tree(const std::string& path, std::uint64_t seed);
/// Changes some files of a tree, adds and removes some.
void change_tree(const std::string& path, std::uint64_t seed);

/// Copies a directory and all below it.
void copy_tree(const std::string& from, const std::string& to);

}  // namespace azekura::tests
