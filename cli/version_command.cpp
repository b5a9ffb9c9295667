#include "cli/commands.h"
#include "core/confinement.h"

#include <nlohmann/json.hpp>

namespace azekura::cli {

namespace {

constexpr int kVaultFormat = 1;

std::string text_of(const Confinement& confinement) {
  std::string means = confinement.seccomp ? "seccomp" : "";
  if (confinement.landlock > 0) {
    means += fmt::format("{}Landlock ABI {}", means.empty() ? "" : ", ", confinement.landlock);
  }
  return means.empty() ? text("no") : means;
}

/// Tries the confinement on itself, so that it says what holds and not what should.
int version(Output& output) {
  const Confinement confinement = confine({});
  output.object({{"event", "version"},
                 {"version", AZEKURA_VERSION},
                 {"format", kVaultFormat},
                 {"seccomp", confinement.seccomp},
                 {"landlock", confinement.landlock}});
  output.line(text("azekura {}, vault format {}", AZEKURA_VERSION, kVaultFormat));
  output.line(text("reads media confined: {}", text_of(confinement)));
  return 0;
}

}  // namespace

void add_version(CLI::App& app, Invocation& invocation) {
  CLI::App* command = add_command(app, invocation, "version", "Version of program and format");
  command->callback(
      [&invocation] { invocation.command = [&invocation] { return version(invocation.output); }; });
}

}  // namespace azekura::cli
