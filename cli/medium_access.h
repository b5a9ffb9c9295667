#pragma once

#include "cli/invocation.h"
#include "vault/named_medium.h"
#include "vault/recovery_share.h"
#include "vault/vault_reader.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace azekura::cli {

/// --from, --with and --key, and what they open.
struct MediumOptions {
  std::string from;
  std::vector<std::string> others;  ///< media of the site that may help
  std::vector<std::string> keys;    ///< a recovery.key, or share files

  /// Adds --from; and --key, if `needs_key`.
  void add_to(CLI::App& command, bool needs_key);
  /// Adds --with.
  CLI::Option* add_others_to(CLI::App& command);
  [[nodiscard]] vault::RecoveryKey recovery_key() const;
  /// Opens the medium to read it. From then on this process is confined (core/confinement.h): it
  /// writes beneath `writable_folder` and nowhere else; nowhere at all if that is empty.
  /// Requires: there is no other thread. Errors: those of NamedMedium.
  [[nodiscard]] vault::NamedMedium open_confined(const std::string& writable_folder = {}) const;
  /// The media of --with, to be opened for reading. Disks are mounted, which a confined process
  /// cannot do.
  [[nodiscard]] std::vector<vault::NamedMedium> named_others() const;
};

/// A medium opened with its key, ready to browse or restore, and those that may help.
struct OpenMedium {
  std::vector<vault::NamedMedium> others;
  vault::NamedMedium medium;
  std::unique_ptr<vault::VaultReader> reader;
};

/// Names of the sources that a medium has snapshots of, for a message.
std::string known_sources(const vault::VaultReader& reader);
/// Warns of what of the medium does not count.
void warn_of_findings(const vault::VaultReader& reader, Output& output);
/// Opens as MediumOptions::open_confined does, and warns of sessions that do not count.
/// Errors: UsageError, MediumError, AuthenticityError, DamageError.
OpenMedium open_medium(const MediumOptions& options, Output& output,
                       const std::string& writable_folder = {});

/// Reads a recovery key from one file, or combines share files.
vault::RecoveryKey read_recovery_key(const std::vector<std::string>& paths);
/// The share, if `paths` is one file that is one. Errors: AuthenticityError if it is not whole.
std::optional<vault::RecoveryShare> read_lone_share(const std::vector<std::string>& paths);

/// The snapshots that `name` means, one a source: "42/ehr", "42", "latest", "latest/ehr";
/// `source` narrows it down if it is not empty. "latest" means the latest complete one.
/// Errors: UsageError, saying what there is.
std::vector<const vault::StoredSnapshot*> choose_snapshots(const vault::VaultReader& reader,
                                                           const std::string& name,
                                                           const std::string& source);
/// The one snapshot that `name` means. Errors: UsageError if there are several.
const vault::StoredSnapshot& choose_snapshot(const vault::VaultReader& reader,
                                             const std::string& name);

}  // namespace azekura::cli
