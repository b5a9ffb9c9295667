#pragma once

#include "core/entry.h"
#include "vault/vault.h"
#include "vault/verifier_key.h"

#include <span>
#include <string>
#include <vector>

namespace azekura::vault {

/// A verifier's word that it opened and hashed all of a medium up to a session, and that nothing
/// of it is lost. docs/format.md, section 8.
struct Countersignature {
  MediumId medium;
  std::uint32_t session = 0;  ///< the newest one that was there
  Digest seal;                ///< of that session's seal file
  Timestamp when;             ///< what the verifier's clock said
  VerifierCertificate verifier;

  /// Its file on the medium, like "countersignatures/000042-0123456789abcdef".
  [[nodiscard]] std::string path() const;
  /// The file, signed. Requires: `key` is the certificate's.
  [[nodiscard]] Buffer encode(const SigningKey& key) const;
  /// Checks form, certificate and signature. Errors: DamageError, VersionError;
  /// AuthenticityError if the authority did not certify the verifier.
  static Countersignature decode(ByteView bytes, const PublicSigningKey& authority);
};

/// Those of a medium that count, oldest first: of one of these sessions, as it is sealed.
/// What is wrong with others goes to `problems`; nothing of the medium hangs on them.
std::vector<Countersignature> countersignatures_on(const FolderMedium& medium,
                                                   std::span<const SealedSession> sessions,
                                                   const PublicSigningKey& authority,
                                                   std::vector<std::string>& problems);

}  // namespace azekura::vault
