#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace azekura::chunker {

/// Patterns of one source that say what it leaves out, in the syntax of gitignore(5), as if they
/// were the lines of a .gitignore at the source's root. They match bytes: '?' is one byte.
///
/// A pattern that gitignore calls invalid matches nothing. Cost of an answer: the patterns times
/// the product of pattern and path length at worst, never exponential.
class PathFilter {
 public:
  explicit PathFilter(std::span<const std::string> patterns);

  [[nodiscard]] bool empty() const noexcept { return rules_.empty(); }

  /// True if the last pattern that matches leaves `path` out. Below a directory that is left out
  /// nothing may be asked: gitignore cannot take anything back in there.
  ///
  /// Shape: names below the root, '/' between them. A link to a directory is no directory.
  [[nodiscard]] bool leaves_out(std::string_view path, bool is_directory) const;

 private:
  struct Rule {
    std::string pattern;
    bool takes_in = false;  ///< it began with '!'
    bool only_directories = false;
    bool matches_name = false;  ///< has no '/': the last name is compared, not the path
  };

  std::vector<Rule> rules_;
};

}  // namespace azekura::chunker
