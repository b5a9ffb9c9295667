#pragma once

#include "chunker/source_file.h"
#include "core/bytes.h"

#include <optional>
#include <string>

namespace azekura::chunker {

/// Parts of the files of a source as they are now. No link below the root is followed.
class LiveTree {
 public:
  /// `root`: a folder, or a single file.
  explicit LiveTree(std::string root) : root_{std::move(root)} {}

  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  /// nullopt if the file at `path` (the root itself if that is empty) has no such bytes, or does
  /// not give them. Requires: each name in `path` is one that an entry may have.
  std::optional<Buffer> read(const std::string& path, std::uint64_t offset, std::size_t bytes);

 private:
  [[nodiscard]] std::optional<SourceFile> open(const std::string& path) const;

  std::string root_;
  std::string open_path_;  ///< whose file is kept open: its parts are read one after the other
  std::optional<SourceFile> file_;
};

}  // namespace azekura::chunker
