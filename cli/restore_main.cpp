#include "cli/commands.h"

/// The program that lies on every medium: what needs a medium and the recovery key only.
int main(int argc, char** argv) {
  using namespace azekura::cli;
  CLI::App app{"Reads Azekura media: restore, browse, verify", "azekura-restore"};
  Invocation invocation{"azekura-restore"};
  app.require_subcommand(1);
  app.footer(exit_code_help());
  add_verify(app, invocation);
  add_list(app, invocation);
  add_ls(app, invocation);
  add_find(app, invocation);
  add_cat(app, invocation);
  add_du(app, invocation);
  add_restore(app, invocation);
  add_key(app, invocation);
  add_version(app, invocation);
  return run_invocation(app, invocation, argc, argv);
}
