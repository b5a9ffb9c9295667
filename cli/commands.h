#pragma once

#include "cli/invocation.h"

/// Each function adds one verb, with its options, to the program; one file a verb.
namespace azekura::cli {

// Verbs of the backup host; they need a site.
void add_init(CLI::App& app, Invocation& invocation);
void add_source(CLI::App& app, Invocation& invocation);
void add_set(CLI::App& app, Invocation& invocation);
void add_medium(CLI::App& app, Invocation& invocation);
/// Verbs of `medium`.
void add_inventory(CLI::App& medium, Invocation& invocation);
void add_label(CLI::App& medium, Invocation& invocation);
void add_backup(CLI::App& app, Invocation& invocation);
void add_nightly(CLI::App& app, Invocation& invocation);
void add_write(CLI::App& app, Invocation& invocation);
void add_rotate(CLI::App& app, Invocation& invocation);
void add_schedule(CLI::App& app, Invocation& invocation);
void add_check(CLI::App& app, Invocation& invocation);
void add_status(CLI::App& app, Invocation& invocation);
void add_catalogue(CLI::App& app, Invocation& invocation);
void add_repair(CLI::App& app, Invocation& invocation);

/// The verbs that need a medium only: all of azekura-restore.
void add_reading_commands(CLI::App& app, Invocation& invocation);
void add_verify(CLI::App& app, Invocation& invocation);
void add_list(CLI::App& app, Invocation& invocation);
void add_ls(CLI::App& app, Invocation& invocation);
void add_find(CLI::App& app, Invocation& invocation);
void add_cat(CLI::App& app, Invocation& invocation);
void add_du(CLI::App& app, Invocation& invocation);
void add_diff(CLI::App& app, Invocation& invocation);
void add_restore(CLI::App& app, Invocation& invocation);
void add_key(CLI::App& app, Invocation& invocation);
void add_version(CLI::App& app, Invocation& invocation);

}  // namespace azekura::cli
