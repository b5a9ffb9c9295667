#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/site_check.h"
#include "core/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace azekura::cli {

namespace {

int report_check(const Invocation& invocation, Output& output) {
  const vault::Site site = vault::Site::open(invocation.site_path());
  std::size_t mistakes = 0;
  std::size_t warnings = 0;
  for (const SiteFinding& finding : check_site(site)) {
    ++(finding.is_mistake ? mistakes : warnings);
    Json object{{"event", "finding"}, {"severity", finding.is_mistake ? "mistake" : "warning"}};
    if (finding.line > 0) {
      object["line"] = finding.line;
    }
    if (finding.column > 0) {
      object["column"] = finding.column;
    }
    object["fact"] = finding.fact;
    object["remedy"] = finding.remedy;
    output.object(object);
    output.line(fmt::format("{}: {}", in_language(finding.is_mistake ? "MISTAKE" : "warning"),
                            with_place(finding)));
    output.line(fmt::format("    {}", finding.remedy));
  }
  output.object({{"event", "checked"}, {"mistakes", mistakes}, {"warnings", warnings}});
  output.line(
      text("site {}: {} mistakes, {} warnings", printable(site.path()), mistakes, warnings));
  return mistakes == 0 ? kDone : exit_code_of(ErrorKind::usage);
}

}  // namespace

void add_check(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      add_command(app, invocation, "check", "Every mistake in site.toml, and what it names");
  command->callback([&invocation] {
    invocation.command = [&invocation] { return report_check(invocation, invocation.output); };
  });
}

}  // namespace azekura::cli
