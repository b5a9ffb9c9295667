#include "cli/commands.h"

int main(int argc, char** argv) {
  namespace cli = azekura::cli;
  CLI::App app{"Immutable, offline backup and restore for hospitals", "azekura"};
  cli::Invocation invocation{"azekura"};
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(cli::exit_code_help());
  app.add_option("-s,--site", invocation.site_option, "Else $AZEKURA_SITE, else /var/lib/azekura")
      ->type_name("DIR");
  cli::add_init(app, invocation);
  cli::add_source(app, invocation);
  cli::add_set(app, invocation);
  cli::add_backup(app, invocation);
  cli::add_write(app, invocation);
  cli::add_status(app, invocation);
  cli::add_catalogue(app, invocation);
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
