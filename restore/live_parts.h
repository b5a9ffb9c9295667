#pragma once

#include "restore/live_tree.h"

#include <optional>
#include <string>

namespace azekura::restore {

/// Parts of the files of a live source, for who asks for them one after the other.
class LiveParts {
 public:
  /// `root`: a folder, or a single file. Errors: UsageError if there is none.
  explicit LiveParts(const std::string& root);

  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  /// nullopt if the file at `path` (the root itself if that is empty) has no such bytes, or does
  /// not give them.
  std::optional<Buffer> read(const std::string& path, std::uint64_t offset, std::size_t bytes);

 private:
  std::string root_;
  LiveTree tree_;
  std::string open_path_;  ///< whose file is kept open
  std::optional<LiveFile> file_;
};

}  // namespace azekura::restore
