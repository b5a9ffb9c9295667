#pragma once

#include "cli/medium_access.h"
#include "cli/output.h"

#include <CLI/App.hpp>

#include <optional>
#include <string>

namespace azekura::cli {

/// verify --against: a mode of its own, which compares a snapshot with the live source.
struct AgainstOptions {
  std::optional<std::string> source;  ///< NAME=PATH, or NAME
  std::string snapshot = "latest";
  bool all = false;

  /// Adds the options, which exclude all but --from, --key and --json of what the command has.
  void add_to(CLI::App& command);
};

/// Returns the exit code. Requires: options.source. Errors: UsageError; as open_medium,
/// choose_snapshots and restore::compare_with_live.
int verify_against(const MediumOptions& medium, const AgainstOptions& options, Output& output);

}  // namespace azekura::cli
