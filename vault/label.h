#pragma once

#include "vault/identity.h"

namespace azekura::vault {

/// What a medium says of itself. docs/format.md, section 6.
struct Label {
  SiteId site;
  SetId set;  ///< of its first session
  MediumId medium;
  std::uint32_t sequence = 1;  ///< among the media of the set
  std::uint64_t capacity = 0;  ///< bytes; 0 if unknown
  Writer writer;

  /// The label's file, signed.
  [[nodiscard]] Buffer encode(const SigningKey& host) const;
  /// Checks form, certificate and signature against the authority the label itself names.
  /// Errors: DamageError, VersionError, AuthenticityError.
  static Label decode(ByteView bytes);
};

}  // namespace azekura::vault
