#pragma once

#include "core/ids.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace azekura::cli {

/// The directories of one snapshot that were walked to their end, by their encoded contents. One
/// that occurs again holds nothing new, so that a walk need not take longer than there are
/// different directories.
class WalkedDirectories {
 public:
  /// Begins a directory of that depth. `lost`: items lost before it.
  void enter(const Digest& content, std::size_t depth, std::uint64_t lost);
  /// Ends the directories that an entry of that depth is not in. `lost`: items lost by now.
  void leave(std::size_t depth, std::uint64_t lost);
  /// Whether something was lost in it or below; nullopt if it was not walked yet.
  [[nodiscard]] std::optional<bool> find(const Digest& content) const;

 private:
  struct Open {
    Digest content;
    std::size_t depth = 0;
    std::uint64_t lost_before = 0;
  };

  std::vector<Open> open_;
  std::map<Digest, bool> walked_;
};

}  // namespace azekura::cli
