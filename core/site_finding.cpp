#include "core/site_finding.h"

#include "core/messages.h"

namespace azekura {

std::string with_place(const SiteFinding& finding) {
  if (finding.line == 0) {
    return finding.fact;
  }
  if (finding.column == 0) {
    return text("site.toml, line {}: {}", finding.line, finding.fact);
  }
  return text("site.toml, line {}, column {}: {}", finding.line, finding.column, finding.fact);
}

}  // namespace azekura
