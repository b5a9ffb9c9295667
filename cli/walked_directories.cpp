#include "cli/walked_directories.h"

namespace azekura::cli {

void WalkedDirectories::enter(const Digest& content, std::size_t depth, std::uint64_t lost) {
  open_.push_back({content, depth, lost});
}

void WalkedDirectories::leave(std::size_t depth, std::uint64_t lost) {
  while (!open_.empty() && open_.back().depth >= depth) {
    walked_[open_.back().content] = lost != open_.back().lost_before;
    open_.pop_back();
  }
}

std::optional<bool> WalkedDirectories::find(const Digest& content) const {
  const auto found = walked_.find(content);
  return found == walked_.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace azekura::cli
