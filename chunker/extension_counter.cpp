#include "chunker/extension_counter.h"

#include <algorithm>
#include <utility>

namespace azekura::chunker {

void ExtensionCounter::add(std::string_view name) {
  std::string extension = extension_of(name);
  if (files_.size() < kKindsMax) {
    ++files_[std::move(extension)];
  } else if (const auto known = files_.find(extension); known != files_.end()) {
    ++known->second;
  } else {
    is_bounded_ = true;
  }
}

std::vector<ExtensionCount> ExtensionCounter::most_frequent() const {
  std::vector<ExtensionCount> counts;
  counts.reserve(files_.size());
  for (const auto& [extension, files] : files_) {
    counts.push_back({.extension = extension, .files = files});
  }
  const std::size_t kept = std::min(counts.size(), kExtensionsMax);
  std::partial_sort(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(kept),
                    counts.end(), comes_before);
  counts.resize(kept);
  return counts;
}

}  // namespace azekura::chunker
