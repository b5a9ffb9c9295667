#include "core/lost_bytes.h"

#include <algorithm>
#include <iterator>

namespace azekura {

std::vector<LostBytes::Part> LostBytes::within(Position begin, std::uint64_t length) const {
  std::vector<Part> parts;
  auto lost = lengths_.upper_bound(begin);
  if (lost != lengths_.begin()) {
    --lost;
  }
  const std::uint64_t end = begin.byte + length;
  const Position behind{begin.pack,
                        static_cast<std::uint32_t>(std::min<std::uint64_t>(end, UINT32_MAX))};
  for (; lost != lengths_.end() && lost->first < behind; ++lost) {
    const std::uint64_t from = std::max(lost->first.byte, begin.byte);
    const std::uint64_t to = std::min(lost->first.byte + lost->second, end);
    if (lost->first.pack == begin.pack && from < to) {
      parts.push_back({from - begin.byte, to - from});
    }
  }
  return parts;
}

}  // namespace azekura
