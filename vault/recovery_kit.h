#pragma once

#include "core/ids.h"
#include "vault/recovery_key.h"

#include <optional>
#include <string>

namespace azekura::vault {

/// `threshold` of `count` people together hold the key.
struct ShareScheme {
  unsigned threshold;
  unsigned count;
};

/// Writes what is to be printed and locked away into `directory`, which is created if it is absent.
///
/// Shape: without shares `recovery.key`, `recovery-kit.txt` and `recovery-kit.svg`; with shares
/// `share-1-of-5.txt` and `.svg` for each holder, and the whole key nowhere. Every text file can be
/// given to a restore as it is. `restore_digest` is the SHA-256 of the azekura-restore to use.
/// All files are on the device, have been read back and compared, and every combination of
/// `threshold` shares has given the key back when this returns.
/// Errors: UsageError if the directory is not empty or the scheme is not one; SystemError.
void write_recovery_kit(const std::string& directory, const RecoveryKey& key,
                        const std::optional<ShareScheme>& shares, const std::string& site_name,
                        const std::optional<Digest>& restore_digest = std::nullopt);

}  // namespace azekura::vault
