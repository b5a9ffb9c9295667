#include "cli/lost_ranges.h"

#include "core/messages.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace azekura::cli {

void put_ranges(Json& object, const std::vector<restore::LostRange>& ranges) {
  Json bounds = Json::array();
  Json packs = Json::array();
  for (const restore::LostRange& range : ranges) {
    bounds.push_back({range.offset, range.length});
    packs.push_back(fmt::format("{:08x}", range.pack));
  }
  object["ranges"] = std::move(bounds);
  object["packs"] = std::move(packs);
}

std::string ranges_text(const std::vector<restore::LostRange>& ranges) {
  std::string ranges_said;
  for (const restore::LostRange& range : ranges) {
    ranges_said += ranges_said.empty() ? text(" bytes ") : ", ";
    ranges_said += text("{}+{} (pack {:08x})", range.offset, range.length, range.pack);
  }
  return ranges_said;
}

}  // namespace azekura::cli
