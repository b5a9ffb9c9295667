#pragma once

#include "core/byte_reader.h"
#include "vault/hpke.h"
#include "vault/signature.h"

#include <vector>

/// Who may write and who may read, as the authority signed it. docs/format.md, section 6.
namespace azekura::vault {

using HostId = FixedId<struct HostIdKind, 16>;
using RecipientTag = FixedId<struct RecipientTagKind, 16>;

/// The authority lets a host write. A later epoch replaces earlier hosts.
struct Certificate {
  SiteId site;
  HostId host;
  std::uint32_t epoch = 0;
  PublicSigningKey host_key;
  Signature signature;

  static Certificate issue(const SigningKey& authority, Certificate unsigned_one);
  [[nodiscard]] bool is_signed_by(const PublicSigningKey& authority) const;
  [[nodiscard]] Buffer encode() const;
  /// Errors: DamageError.
  static Certificate decode(ByteView bytes);
};

/// The authority says for whom sessions are sealed.
struct Policy {
  SiteId site;
  std::uint32_t number = 1;
  std::vector<RecipientKey> recipients;  ///< rising
  Signature signature;

  static Policy issue(const SigningKey& authority, Policy unsigned_one);
  [[nodiscard]] bool is_signed_by(const PublicSigningKey& authority) const;
  [[nodiscard]] Buffer encode() const;
  /// Errors: DamageError.
  static Policy decode(ByteView bytes);
};

RecipientTag recipient_tag(const RecipientKey& recipient);

/// The parts of an object that say who wrote it.
struct Writer {
  PublicSigningKey authority;
  Certificate certificate;
};

}  // namespace azekura::vault
