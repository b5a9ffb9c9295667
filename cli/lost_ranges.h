#pragma once

#include "cli/output.h"
#include "restore/report.h"

#include <string>
#include <vector>

namespace azekura::cli {

/// Sets `ranges` and `packs` of a `lost` event.
void put_ranges(Json& object, const std::vector<restore::LostRange>& ranges);
/// Like " bytes 0+5 (pack 0000002a), 10+5 (pack 0000002b)"; empty if there are none.
std::string ranges_text(const std::vector<restore::LostRange>& ranges);

}  // namespace azekura::cli
