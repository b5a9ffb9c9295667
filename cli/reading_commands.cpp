#include "cli/commands.h"

namespace azekura::cli {

void add_reading_commands(CLI::App& app, Invocation& invocation) {
  add_verify(app, invocation);
  add_list(app, invocation);
  add_ls(app, invocation);
  add_find(app, invocation);
  add_cat(app, invocation);
  add_du(app, invocation);
  add_diff(app, invocation);
  add_restore(app, invocation);
  add_key(app, invocation);
  add_version(app, invocation);
}

}  // namespace azekura::cli
