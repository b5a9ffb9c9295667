#include "cli/commands.h"

/// The program that lies on every medium: what needs a medium and the recovery key only.
int main(int argc, char** argv) {
  namespace cli = azekura::cli;
  CLI::App app{"Reads Azekura media: restore, browse, verify", "azekura-restore"};
  cli::Invocation invocation{"azekura-restore"};
  app.require_subcommand(1);
  app.footer(cli::exit_code_help());
  cli::add_verify(app, invocation);
  cli::add_list(app, invocation);
  cli::add_ls(app, invocation);
  cli::add_find(app, invocation);
  cli::add_cat(app, invocation);
  cli::add_du(app, invocation);
  cli::add_restore(app, invocation);
  cli::add_key(app, invocation);
  cli::add_version(app, invocation);
  return cli::run_invocation(app, invocation, argc, argv);
}
