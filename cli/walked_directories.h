#pragma once

#include "core/ids.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace azekura::cli {

/// What was found in a directory and below.
struct DirectoryFindings {
  bool has_lost = false;
  bool has_first_names = false;  ///< of files with several names
};

/// The directories of one snapshot that were walked to their end, by their encoded contents. One
/// that occurs again holds nothing new, so that a walk need not take longer than there are
/// different directories.
class WalkedDirectories {
 public:
  /// Begins a directory of that depth. `lost`: items lost before it.
  void enter(const Digest& content, std::size_t depth, std::uint64_t lost);
  /// The directory begun last has the first name of a file with several.
  void note_first_name();
  /// Ends the directories that an entry of that depth is not in. `lost`: items lost by now.
  void leave(std::size_t depth, std::uint64_t lost);
  /// nullptr if it was not walked yet. Lifetime: until the next call.
  [[nodiscard]] const DirectoryFindings* find(const Digest& content) const;

 private:
  struct Open {
    Digest content;
    std::size_t depth = 0;
    std::uint64_t lost_before = 0;
    DirectoryFindings findings;
  };

  std::vector<Open> open_;
  std::map<Digest, DirectoryFindings> walked_;
};

}  // namespace azekura::cli
