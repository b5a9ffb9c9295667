#pragma once

#include "core/ids.h"
#include "vault/recovery_key.h"

#include <string>
#include <string_view>

namespace azekura::vault {

/// The authority lets a machine say of media that it verified them. docs/format.md, section 6.
struct VerifierCertificate {
  SiteId site;
  PublicSigningKey verifier;
  Signature signature;

  [[nodiscard]] bool is_signed_by(const PublicSigningKey& authority) const;
};

/// The key of a machine that verifies, which is never the backup host. docs/format.md, section 12.
///
/// Text form, a key file:
///
///     azekura verifier key, version 1
///     site        0123...            32 hex digits
///     key         XXXXX-XXXXX-...    Ed25519 seed, as in recovery.key
///     certificate 0123...            128 hex digits: the authority's signature
class VerifierKey {
 public:
  /// A new one, certified by the kit.
  static VerifierKey issue(const RecoveryKey& kit);
  /// Errors: UsageError, naming the line and what is wrong with it; SystemError.
  static VerifierKey load(const std::string& path);

  [[nodiscard]] const VerifierCertificate& certificate() const noexcept { return certificate_; }
  [[nodiscard]] SigningKey signing_key() const { return SigningKey{seed_}; }
  /// The text form. The caller wipes it.
  [[nodiscard]] std::string text() const;

 private:
  VerifierKey(Secret seed, const VerifierCertificate& certificate);
  static VerifierKey parse(std::string_view text);

  Secret seed_;
  VerifierCertificate certificate_;
};

}  // namespace azekura::vault
