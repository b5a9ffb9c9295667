#pragma once

#include "core/ids.h"

#include <map>
#include <vector>

namespace azekura {

/// Plain bytes of packs that a medium has lost.
class LostBytes {
 public:
  /// From where a run was asked for.
  struct Part {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;

    bool operator==(const Part&) const = default;
  };

  /// Requires: none of them was added before.
  void add(Position begin, std::uint64_t length) { lengths_.emplace(begin, length); }
  [[nodiscard]] bool empty() const noexcept { return lengths_.empty(); }
  /// What of a run of bytes is lost, rising.
  [[nodiscard]] std::vector<Part> within(Position begin, std::uint64_t length) const;

 private:
  std::map<Position, std::uint64_t> lengths_;
};

}  // namespace azekura
