#include "cli/commands.h"
#include "cli/language.h"

// NOLINTNEXTLINE(bugprone-exception-escape): only while the options are set up, for want of memory
int main(int argc, char** argv) {
  namespace cli = azekura::cli;
  azekura::speak(cli::language_asked_for(argc, argv));
  CLI::App app{"Immutable, offline backup and restore for hospitals", "azekura"};
  cli::Invocation invocation{"azekura"};
  cli::set_up(app);
  app.add_option("-s,--site", invocation.site_option, "Else $AZEKURA_SITE, else /var/lib/azekura")
      ->type_name("DIR");
  cli::add_init(app, invocation);
  cli::add_source(app, invocation);
  cli::add_set(app, invocation);
  cli::add_medium(app, invocation);
  cli::add_backup(app, invocation);
  cli::add_write(app, invocation);
  cli::add_nightly(app, invocation);
  cli::add_rotate(app, invocation);
  cli::add_schedule(app, invocation);
  cli::add_check(app, invocation);
  cli::add_status(app, invocation);
  cli::add_catalogue(app, invocation);
  cli::add_repair(app, invocation);
  cli::add_reading_commands(app, invocation);
  return cli::run_invocation(app, invocation, argc, argv);
}
