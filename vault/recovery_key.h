#pragma once

#include "core/ids.h"
#include "vault/hpke.h"
#include "vault/key_text.h"
#include "vault/secret.h"
#include "vault/signature.h"

#include <string>
#include <string_view>
#include <vector>

namespace azekura::vault {

/// What is kept offline: opens everything, and certifies hosts. docs/format.md, section 12.
///
/// Text form (`recovery.key`), all a restore needs to be given:
///
///     azekura recovery key, version 1
///     site      0123...            32 hex digits
///     recovery  XXXXX-XXXXX-...    X25519 private key, Crockford base32 with a checksum
///     authority XXXXX-XXXXX-...    Ed25519 seed, the same way
///
/// Blank lines and lines that start with '#' do not count, a line that starts with white space goes
/// on from the line before; upper and lower case are equal, I and L read as 1, O as 0.
class RecoveryKey {
 public:
  static RecoveryKey generate(const SiteId& site);
  /// Errors: UsageError, naming the line and what is wrong with it (never the key itself).
  static RecoveryKey parse(std::string_view text);
  /// Reads `path`. Errors: UsageError if it is not a recovery key; SystemError.
  static RecoveryKey load(const std::string& path);

  [[nodiscard]] const SiteId& site() const noexcept { return site_; }
  [[nodiscard]] const Secret& recovery_secret() const noexcept { return recovery_; }
  [[nodiscard]] RecipientKey recipient() const { return recipient_key_of(recovery_); }
  [[nodiscard]] SigningKey authority() const { return SigningKey{authority_seed_}; }
  /// The text form. The caller wipes it.
  [[nodiscard]] std::string text() const;

  /// The k-of-n share texts; any `threshold` of them give the key back, fewer give nothing.
  /// Requires: 2 <= threshold <= count <= 16. Source: Shamir 1979, over GF(2^8), as
  /// docs/format.md section 12; commitment and checksum on every share.
  [[nodiscard]] std::vector<std::string> split(unsigned threshold, unsigned count) const;
  /// Errors: UsageError if shares are mistyped, too few, repeated, or of different keys.
  static RecoveryKey combine(const std::vector<std::string>& share_texts);

 private:
  RecoveryKey(const SiteId& site, Secret recovery, Secret authority_seed);

  SiteId site_;
  Secret recovery_;
  Secret authority_seed_;
};

}  // namespace azekura::vault
