#pragma once

#include <string>
#include <vector>

namespace azekura::chunker {

/// What of a tree is no part of its snapshot. The root itself never is left out.
struct LeftOut {
  /// Directories whose content is left out, with a notice; absolute, and they need not exist.
  std::vector<std::string> folders;
  /// See path_filter.h.
  std::vector<std::string> patterns;
  /// Whether of a directory below the root with a CACHEDIR.TAG that tag alone is kept.
  bool caches = false;
};

}  // namespace azekura::chunker
