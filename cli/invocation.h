#pragma once

#include "cli/output.h"

#include <CLI/App.hpp>

#include <functional>
#include <string>

namespace azekura::cli {

/// One run of the program: what all commands share, and the command that was chosen.
struct Invocation {
  explicit Invocation(std::string_view program) : output{program} {}

  Output output;
  std::string site_option;       ///< -s; empty if it was not given
  std::function<int()> command;  ///< set by the chosen command; returns the exit code

  /// The site folder: -s, $AZEKURA_SITE, or /var/lib/azekura.
  [[nodiscard]] std::string site_path() const;
  /// Threads for heavy work.
  [[nodiscard]] static unsigned threads();
};

/// A command without positional or options of its own yet, with --json.
CLI::App* add_command(CLI::App& parent, Invocation& invocation, const std::string& name,
                      const std::string& description);

/// Parses, runs the chosen command, and turns every failure into its message and exit code.
int run_invocation(CLI::App& app, Invocation& invocation, int argc, char** argv);

/// What both programs have: --lang, help in the language spoken with the exit codes in the end, and
/// that a command is needed. Before commands are added.
void set_up(CLI::App& app);

}  // namespace azekura::cli
