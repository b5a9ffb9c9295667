#pragma once

#include "core/observer.h"
#include "core/snapshot.h"
#include "restore/restorer.h"
#include "tests/support/memory_extents.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temp_dir.h"

#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace azekura::tests {

/// Keeps what an operation told.
class NotingObserver : public Observer {
 public:
  void flawed(std::string_view path, std::string_view reason) override {
    flaws.emplace_back(path, reason);
  }
  void left_out(std::string_view path, std::string_view what) override {
    omitted.emplace_back(path, what);
  }
  void not_set(std::string_view path, std::string_view what, std::string_view /*reason*/) override {
    unset.emplace_back(path, what);
  }
  void advanced(std::uint64_t bytes) override { done += bytes; }

  std::vector<std::pair<std::string, std::string>> flaws;
  std::vector<std::pair<std::string, std::string>> omitted;
  std::vector<std::pair<std::string, std::string>> unset;
  std::uint64_t done = 0;
};

/// A vault in memory, an absent target and what was observed.
struct RestoreFixture {
  TempDir directory;
  MemoryExtents vault;
  NotingObserver observer;
  Snapshot snapshot;
  restore::RestoreSettings settings;

  RestoreFixture() {
    settings.target = directory.path() + "/target";
    snapshot.source = {"files", SourceKind::tree, "/srv/files"};
    snapshot.complete = true;
  }

  /// The snapshot's root becomes a directory with these entries.
  void set_tree(std::vector<Entry> entries) {
    snapshot.root = directory_entry("", vault.store_directory(std::move(entries)));
  }
  Entry file(std::string name, std::string_view text) {
    return file_entry(std::move(name), vault.store(text));
  }
  Entry folder(std::string name, std::vector<Entry> entries) {
    return directory_entry(std::move(name), vault.store_directory(std::move(entries)));
  }
  restore::RestoreReport restore() {
    return restore::restore_tree(vault, snapshot, settings, observer);
  }
  [[nodiscard]] std::string in_target(const std::string& path) const {
    return settings.target + '/' + path;
  }
};

inline struct stat look_at(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    throw SystemError{errno, "look at \"{}\"", path};
  }
  return info;
}

}  // namespace azekura::tests
