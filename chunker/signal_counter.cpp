#include "chunker/signal_counter.h"

#include <algorithm>
#include <utility>

namespace azekura::chunker {

namespace {

/// How many can be paired, each with an equal one on the other side.
std::uint64_t count_pairs(std::vector<DigestPrefix>& left, std::vector<DigestPrefix>& right) {
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  std::uint64_t pairs = 0;
  for (auto a = left.begin(), b = right.begin(); a != left.end() && b != right.end();) {
    if (*a == *b) {
      ++pairs;
      ++a;
      ++b;
    } else {
      ++(*a < *b ? a : b);
    }
  }
  return pairs;
}

}  // namespace

void SignalCounter::add(const Entry& entry, const Before& before) {
  if (entry.kind != EntryKind::file || !entry.content) {
    return;
  }
  ++tree_.files;
  tree_.bytes += entry.content->size;
  extensions_.add(entry.name);
  const DigestPrefix content = prefix_of(entry.content->digest);
  switch (before.kind) {
    case Before::Kind::unknown:
      part_is_unknown();
      return;
    case Before::Kind::nothing:
      // An empty file is like any other one.
      if (entry.content->size > 0) {
        note(new_, content);
      }
      break;
    case Before::Kind::content:
      if (content == before.content) {
        return;
      }
      break;
  }
  ++changes_.files;
  changes_.bytes += entry.content->size;
  changed_extensions_.add(entry.name);
}

void SignalCounter::add_gone(const std::optional<DigestPrefix>& content) {
  ++changes_.gone;
  if (content) {
    note(gone_, *content);
  }
}

void SignalCounter::note(std::vector<DigestPrefix>& contents, const DigestPrefix& content) {
  if (contents.size() < kContentsMax) {
    contents.push_back(content);
  } else {
    changes_.is_bounded = true;
  }
}

TreeSignals SignalCounter::take(bool is_compared) {
  tree_.extensions = extensions_.most_frequent();
  tree_.is_bounded = extensions_.is_bounded();
  if (is_compared) {
    changes_.renamed = count_pairs(new_, gone_);
    changes_.extensions = changed_extensions_.most_frequent();
    tree_.changes = std::move(changes_);
  }
  return std::move(tree_);
}

}  // namespace azekura::chunker
