#include "cli/walked_directories.h"

namespace azekura::cli {

void WalkedDirectories::enter(const Digest& content, std::size_t depth, std::uint64_t lost) {
  open_.push_back({content, depth, lost, {}});
}

void WalkedDirectories::note_first_name() {
  if (!open_.empty()) {
    open_.back().findings.has_first_names = true;
  }
}

void WalkedDirectories::leave(std::size_t depth, std::uint64_t lost) {
  while (!open_.empty() && open_.back().depth >= depth) {
    Open directory = open_.back();
    open_.pop_back();
    directory.findings.has_lost = lost != directory.lost_before;
    walked_[directory.content] = directory.findings;
    if (directory.findings.has_first_names) {
      note_first_name();
    }
  }
}

const DirectoryFindings* WalkedDirectories::find(const Digest& content) const {
  const auto found = walked_.find(content);
  return found == walked_.end() ? nullptr : &found->second;
}

}  // namespace azekura::cli
