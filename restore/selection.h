#pragma once

#include "core/extent_source.h"

#include <string>
#include <vector>

namespace azekura::restore {

/// How much of an entry is wanted.
enum class Coverage {
  none,    ///< neither it nor anything below it
  parent,  ///< it is on the way to something wanted
  whole,   ///< it and all below it
};

/// Which paths of a tree are wanted: each one named, with everything below it.
class Selection {
 public:
  /// Everything if `paths` is empty. Shape: raw bytes, as in split_path.
  explicit Selection(const std::vector<std::string>& paths);

  /// Requires: asked from the root down; `above` is the answer for the directory that holds it.
  [[nodiscard]] Coverage of(const std::string& path, Coverage above) const;
  /// The answer for the root.
  [[nodiscard]] Coverage of_root() const;
  [[nodiscard]] bool is_everything() const { return of_root() == Coverage::whole; }

  /// Errors: UsageError naming a path that the tree does not have; a path that cannot be looked up
  /// because a directory on the way is damaged passes, a walk meets that damage again.
  void expect_known(ExtentSource& source, const Entry& root) const;

 private:
  std::vector<std::string> paths_;  ///< sorted, in the form of TreeWalk::path
};

}  // namespace azekura::restore
