#include "cli/commands.h"
#include "core/confinement.h"

#include <nlohmann/json.hpp>

namespace azekura::cli {

namespace {

std::string text_of(const Confinement& confinement) {
  std::string text = confinement.seccomp ? "seccomp" : "";
  if (confinement.landlock > 0) {
    text += fmt::format("{}Landlock ABI {}", text.empty() ? "" : ", ", confinement.landlock);
  }
  return text.empty() ? "no" : text;
}

/// Tries the confinement on itself, so that it says what holds and not what should.
int version(Output& output) {
  const Confinement confinement = confine({});
  output.object({{"event", "version"},
                 {"version", AZEKURA_VERSION},
                 {"format", 1},
                 {"seccomp", confinement.seccomp},
                 {"landlock", confinement.landlock}});
  output.line("azekura " AZEKURA_VERSION ", vault format 1");
  output.line("reads media confined: " + text_of(confinement));
  return 0;
}

}  // namespace

void add_version(CLI::App& app, Invocation& invocation) {
  CLI::App* command = add_command(app, invocation, "version", "Version of program and format");
  command->callback(
      [&invocation] { invocation.command = [&invocation] { return version(invocation.output); }; });
}

}  // namespace azekura::cli
