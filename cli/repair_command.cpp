#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "cli/medium_access.h"
#include "core/confinement.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/repair.h"

#include <nlohmann/json.hpp>

#include <memory>

namespace azekura::cli {

namespace {

vault::FolderMedium open_writable(const std::string& folder) {
  try {
    return vault::FolderMedium{folder, vault::Access::append};
  } catch (MediumError& error) {
    error.set_hint(
        "make it writable, or copy all of it and repair the copy; restoring needs no repair");
    throw;
  }
}

int repair(const MediumOptions& options, Output& output) {
  static_cast<void>(confine(absolute_path(options.from)));
  vault::FolderMedium medium = open_writable(options.from);
  const vault::RepairReport report = vault::repair_medium(medium, Invocation::threads(), output);
  for (const vault::HealedFile& file : report.healed) {
    output.object({{"event", "repaired"},
                   {"file", file.name},
                   {"from", file.remedy == vault::Remedy::copy ? "copy" : "parity"},
                   {"leaves", file.made.size()},
                   {"bytes", file.bytes}});
  }
  for (const vault::Finding& finding : report.found.findings) {
    report_finding(finding, output);
  }
  const Tally tally = tally_of(report.found.findings);
  output.object({{"event", "repair"},
                 {"repaired", report.healed.size()},
                 {"healed", tally.healed},
                 {"lost", tally.lost}});
  output.line(fmt::format("repaired   {} files; {} cannot be", report.healed.size(), tally.lost));
  const int code = tally.exit_code();
  report_verdict(tally, code, Coverage::all, output);
  if (tally.lost > 0) {
    output.line("which files of which snapshots that costs: azekura verify --deep --key FILE");
  }
  return code;
}

}  // namespace

void add_repair(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      add_command(app, invocation, "repair", "Write whole copies of what is damaged on a medium");
  auto options = std::make_shared<MediumOptions>();
  options->add_to(*command, false);
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] { return repair(*options, invocation.output); };
  });
}

}  // namespace azekura::cli
