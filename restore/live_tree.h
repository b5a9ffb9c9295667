#pragma once

#include "core/bytes.h"
#include "core/entry.h"
#include "core/unique_fd.h"

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace azekura::restore {

/// A regular file of a live source, open to be read. Errors: SourceError naming the path.
class LiveFile {
 public:
  LiveFile(UniqueFd fd, std::string path) : fd_{std::move(fd)}, path_{std::move(path)} {}

  [[nodiscard]] struct stat state() const;
  /// What is read of these bytes next comes from the device, not from memory.
  void forget_cached(std::uint64_t offset, std::uint64_t length) const noexcept;
  /// Returns how many bytes were read: fewer than there is room for if the file ends.
  std::size_t read(std::uint64_t offset, MutableBytes into) const;

 private:
  UniqueFd fd_;
  std::string path_;
};

/// A source as it is now: a directory and what is below it, or one file. Nothing of it is changed.
///
/// Whatever lies in it is reached from its root through no link and onto no other mount. Paths
/// count from the root, as those of TreeWalk. Errors: SourceError naming the path.
/// Threads: one caller. Source: openat2(2).
class LiveTree {
 public:
  /// `kind`: directory or file. Links on the way to the root are followed.
  /// Errors: UsageError if there is no such thing.
  LiveTree(const std::string& path, EntryKind kind);

  /// Names in a directory, sorted; nullopt if there is none to be reached.
  std::optional<std::vector<std::string>> list(const std::string& path);
  /// The object itself; nullopt if there is none to be reached.
  std::optional<struct stat> look_at(const std::string& path);
  /// nullopt if there is no regular file to be reached. Never waits.
  std::optional<LiveFile> open(const std::string& path);

 private:
  struct Place {
    int directory;
    std::string name;
  };

  /// nullopt if its directory is not to be reached. Lifetime: until the next call.
  std::optional<Place> place_of(const std::string& path);
  /// -1 if it is not to be reached. Lifetime: until the next call.
  int directory(const std::string& path);
  /// From a directory down along what is left of `path` behind `at`.
  [[nodiscard]] std::optional<UniqueFd> descend(int from, const std::string& path,
                                                std::size_t at) const;
  [[nodiscard]] std::string shown(const std::string& path) const;

  std::string path_;
  std::string file_;  ///< name of a source that is a file, in root_; else empty
  UniqueFd root_;
  std::string current_path_;
  std::optional<UniqueFd> current_;  ///< the latest directory; nullopt if it could not be reached
};

}  // namespace azekura::restore
