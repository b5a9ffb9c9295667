#include "cli/findings.h"

#include "cli/exit_code.h"
#include "core/text.h"

#include <nlohmann/json.hpp>

#include <array>

namespace azekura::cli {

namespace {

std::string_view name_of(vault::Remedy remedy) {
  constexpr std::array<std::string_view, 4> kNames{"none", "healed", "copy", "parity"};
  return kNames.at(static_cast<std::size_t>(remedy));
}

std::string_view heading_of(const vault::Finding& finding) {
  if (finding.kind == ErrorKind::authenticity) {
    return "NOT AUTHENTIC";
  }
  switch (finding.remedy) {
    case vault::Remedy::none:
      return "DAMAGE";
    case vault::Remedy::healed:
      return "HEALED";
    case vault::Remedy::copy:
    case vault::Remedy::parity:
      break;
  }
  return "REPAIRABLE";
}

}  // namespace

int Tally::exit_code() const noexcept {
  if (forged > 0) {
    return exit_code_of(ErrorKind::authenticity);
  }
  if (lost > 0) {
    return exit_code_of(ErrorKind::damage);
  }
  return repairable + healed > 0 ? kRepaired : kDone;
}

Tally tally_of(const std::vector<vault::Finding>& findings) {
  Tally tally;
  for (const vault::Finding& finding : findings) {
    if (finding.kind == ErrorKind::authenticity) {
      ++tally.forged;
    } else if (finding.remedy == vault::Remedy::none) {
      ++tally.lost;
    } else if (finding.remedy == vault::Remedy::healed) {
      ++tally.healed;
    } else {
      ++tally.repairable;
    }
  }
  return tally;
}

void report_finding(const vault::Finding& finding, Output& output) {
  output.object({{"event", "finding"},
                 {"kind", finding.kind == ErrorKind::authenticity ? "authenticity" : "damage"},
                 {"remedy", name_of(finding.remedy)},
                 {"fact", finding.fact}});
  output.line(fmt::format("{}: {}", in_language(heading_of(finding)), printable(finding.fact)));
}

void report_verdict(const Tally& tally, int code, Coverage coverage, Output& output) {
  if (code == kDone) {
    output.line(coverage == Coverage::all
                    ? "every byte and every signature is as it was written"
                    : "what was read is as it was written; the rest is yet to be read");
  } else if (code != kRepaired) {
    output.line("the medium is NOT as it was written");
  } else if (tally.repairable > 0) {
    output.line(
        "nothing is lost: run 'azekura repair --from MEDIUM', then replace this medium soon");
  } else {
    output.line("nothing is lost: what was damaged is healed; replace this medium soon");
  }
}

int report_healing(vault::Healer& healer, int code, Output& output) {
  const std::vector<vault::Healer::MadeLeaf> made = healer.take_made();
  if (made.empty()) {
    return code;
  }
  for (std::size_t i = 0; i < made.size();) {
    std::size_t end = i + 1;
    while (end < made.size() && made[end].pack == made[i].pack) {
      ++end;
    }
    Json leaves = Json::array();
    for (; i < end; ++i) {
      leaves.push_back(made[i].leaf);
    }
    output.object({{"event", "healed"},
                   {"pack", fmt::format("{:08x}", made[end - 1].pack)},
                   {"leaves", std::move(leaves)}});
  }
  output.warn(
      text("{} damaged parts of the medium were made again from parity; nothing of them is "
           "lost. Run 'azekura repair --from MEDIUM', and replace the medium soon",
           made.size()));
  return code == kDone ? kRepaired : code;
}

}  // namespace azekura::cli
