#pragma once

#include "core/entry.h"
#include "core/extent_source.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azekura::restore {

/// Encoded bytes of all directories that are open at once on the way to an entry: more than ten
/// million entries; a snapshot beyond it is hostile.
inline constexpr std::uint64_t kOpenDirectoryBytesMax = 2 * kGiB;

/// Visits a stored tree in tree order, a directory before its children, reading each directory
/// only when it is entered.
///
/// Lifetime: source and root outlive it; path() and entry() are valid until the next call.
class TreeWalk {
 public:
  /// `path`: of the root, if it is itself inside a tree. Shape: as plain_path.
  TreeWalk(ExtentSource& source, const Entry& root, std::string path = {})
      : source_{source}, root_{root}, path_{std::move(path)} {}

  /// Moves to the next entry, first the root; false at the end.
  /// Errors: those of read_content, and DamageError, when the directory path() cannot be listed.
  /// The next call then goes on behind that directory.
  bool next();
  /// Does not enter the directory just visited.
  void skip() noexcept { enter_ = false; }

  /// Raw names with '/' between them; empty for the root of a tree.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const Entry& entry() const noexcept { return *entry_; }
  /// Directories above the entry, from the walk's root down; 0 for that root.
  [[nodiscard]] std::size_t depth() const noexcept { return depth_; }

 private:
  struct Frame {
    std::vector<Entry> entries;
    std::size_t next = 0;
    std::size_t path_length = 0;  ///< of the directory's own path
    std::uint64_t bytes = 0;
  };

  void visit(const Entry& entry, std::size_t depth);
  void open_directory();

  ExtentSource& source_;
  const Entry& root_;
  std::string path_;
  const Entry* entry_ = nullptr;
  std::vector<Frame> frames_;
  std::size_t depth_ = 0;
  std::uint64_t open_bytes_ = 0;
  bool enter_ = false;
};

/// The names in a path, raw; surplus slashes are ignored.
std::vector<std::string> split_path(std::string_view path);
/// The same names with one '/' between them: the form of TreeWalk::path.
std::string plain_path(std::string_view path);

/// The entry at `path` beneath `root`, which an empty path names; nullopt if there is none.
/// Errors: those of read_content for a directory on the way.
std::optional<Entry> find_entry(ExtentSource& source, const Entry& root, std::string_view path);

/// The content of a file of this tree; that of a further name of a file is found at its first
/// name, by walking the tree. nullopt if the snapshot has none.
/// Errors: those of read_content.
std::optional<Content> find_content(ExtentSource& source, const Entry& root, const Entry& file);

}  // namespace azekura::restore
