#pragma once

#include "core/signals.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace azekura::chunker {

/// Counts files by the extensions of their names.
///
/// At most kKindsMax different extensions are counted apart, those that come first: names are
/// chosen by whoever can write to a source. Files of others are told by what is missing in the sum.
class ExtensionCounter {
 public:
  static constexpr std::size_t kKindsMax = 65'536;

  void add(std::string_view name);

  /// The kExtensionsMax most frequent extensions, in order.
  [[nodiscard]] std::vector<ExtensionCount> most_frequent() const;
  /// There were more kinds than are counted apart: a frequent one may be missing.
  [[nodiscard]] bool is_bounded() const noexcept { return is_bounded_; }

 private:
  std::unordered_map<std::string, std::uint64_t> files_;
  bool is_bounded_ = false;
};

}  // namespace azekura::chunker
