#pragma once

#include "core/extent_source.h"
#include "core/snapshot.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace azekura::restore {

/// The contents that snapshots have of the file at one path: each once, in the snapshots' order.
/// They are looked for as they are asked for.
class FileVersions {
 public:
  /// Lifetime: source and snapshots outlive it.
  FileVersions(ExtentSource& source, std::vector<const Snapshot*> snapshots, std::string path)
      : source_{source}, snapshots_{std::move(snapshots)}, path_{std::move(path)} {}

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The extents of a version, empty if they cannot be had; nullptr if there are no more versions.
  /// Errors: MediumError. Lifetime: until the next call.
  const std::vector<Extent>* version(std::size_t number);

 private:
  void look_into_next();
  void resolve(std::size_t number);

  ExtentSource& source_;
  std::vector<const Snapshot*> snapshots_;
  std::string path_;
  std::size_t next_ = 0;  ///< among the snapshots
  std::vector<Content> contents_;
  std::set<Digest> known_;
  std::optional<std::size_t> resolved_;  ///< whose extents are kept: they may be many
  std::vector<Extent> extents_;
};

}  // namespace azekura::restore
