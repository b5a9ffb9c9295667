#include "vault/verifier_key.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/text.h"
#include "vault/key_file.h"

#include <fmt/format.h>

#include <utility>

namespace azekura::vault {

namespace {

constexpr std::string_view kVerifierHeading = "azekura verifier key, version 1";
constexpr std::string_view kVerifierDomain = "azekura verifier certificate v1";

Buffer signed_part(const VerifierCertificate& certificate) {
  return ByteWriter{}.id(certificate.site).id(certificate.verifier).take();
}

}  // namespace

bool VerifierCertificate::is_signed_by(const PublicSigningKey& authority) const {
  return verify_signature(authority, kVerifierDomain, signed_part(*this), signature);
}

VerifierKey::VerifierKey(Secret seed, const VerifierCertificate& certificate)
    : seed_{std::move(seed)}, certificate_{certificate} {}

VerifierKey VerifierKey::issue(const RecoveryKey& kit) {
  Secret seed = Secret::random(SigningKey::kSeedBytes);
  VerifierCertificate certificate{kit.site(), SigningKey{seed}.public_key(), {}};
  certificate.signature = kit.authority().sign(kVerifierDomain, signed_part(certificate));
  return {std::move(seed), certificate};
}

VerifierKey VerifierKey::parse(std::string_view text) {
  const KeyFile file{text, kVerifierHeading, {"site", "key", "certificate"}};
  Secret seed = file.read(
      "key", [](std::string_view value) { return from_key_text(value, SigningKey::kSeedBytes); });
  const VerifierCertificate certificate{file.read("site", id_from_hex<SiteId>),
                                        SigningKey{seed}.public_key(),
                                        file.read("certificate", id_from_hex<Signature>)};
  return {std::move(seed), certificate};
}

VerifierKey VerifierKey::load(const std::string& path) {
  const KeyFileText text{path};
  return while_doing([&] { return parse(text.view()); }, "reading the verifier key \"{}\"",
                     printable(path));
}

std::string VerifierKey::text() const {
  const KeyText key{to_key_text(seed_.bytes())};
  const std::string head =
      fmt::format("{}\nsite        {}\ncertificate {}\nkey         ", kVerifierHeading,
                  certificate_.site.hex(), certificate_.signature.hex());
  std::string text;
  // Reserved at once, so that no shorter copy of the key stays behind.
  text.reserve(head.size() + key.text.size() + 1);
  text.append(head).append(key.text).append("\n");
  return text;
}

}  // namespace azekura::vault
