#include "cli/commands.h"
#include "cli/language.h"

/// The program that lies on every medium: what needs a medium and the recovery key only.
// NOLINTNEXTLINE(bugprone-exception-escape): only while the options are set up, for want of memory
int main(int argc, char** argv) {
  namespace cli = azekura::cli;
  azekura::speak(cli::language_asked_for(argc, argv));
  CLI::App app{"Reads Azekura media: restore, browse, verify", "azekura-restore"};
  cli::Invocation invocation{"azekura-restore"};
  cli::set_up(app);
  cli::add_reading_commands(app, invocation);
  return cli::run_invocation(app, invocation, argc, argv);
}
