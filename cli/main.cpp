#include "cli/commands.h"

int main(int argc, char** argv) {
  using namespace azekura::cli;
  CLI::App app{"Immutable, offline backup and restore for hospitals", "azekura"};
  Invocation invocation{"azekura"};
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(exit_code_help());
  app.add_option("-s,--site", invocation.site_option,
                 "Site folder; else $AZEKURA_SITE, else /var/lib/azekura")
      ->type_name("DIR");
  add_init(app, invocation);
  add_source(app, invocation);
  add_set(app, invocation);
  add_backup(app, invocation);
  add_write(app, invocation);
  add_status(app, invocation);
  add_catalogue(app, invocation);
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
