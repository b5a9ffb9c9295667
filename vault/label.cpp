#include "vault/label.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "vault/object.h"

namespace azekura::vault {

namespace {

constexpr std::string_view kMagic = "AZKLABEL";
constexpr std::string_view kDomain = "azekura label v1";
constexpr std::string_view kObject = "the label";
constexpr std::uint16_t kIdentity = 1;
constexpr std::uint16_t kAuthority = 2;
constexpr std::uint16_t kCertificate = 3;

}  // namespace

Buffer Label::encode(const SigningKey& host) const {
  Sections sections;
  sections[kIdentity] = ByteWriter{}.id(site).id(set).id(medium).u32(sequence).u64(capacity).take();
  sections[kAuthority] = ByteWriter{}.id(writer.authority).take();
  sections[kCertificate] = writer.certificate.encode();
  Buffer bytes = encode_object(kMagic, sections);
  append(bytes, host.sign(kDomain, bytes).bytes());
  return bytes;
}

Label Label::decode(ByteView bytes) {
  ByteReader in{bytes, kObject};
  const Sections sections = decode_object(in, kMagic, kCertificate, kObject);
  const auto signature = in.id<Signature>();
  in.expect_end();

  Label label;
  ByteReader identity{section(sections, kIdentity, kObject), kObject};
  label.site = identity.id<SiteId>();
  label.set = identity.id<SetId>();
  label.medium = identity.id<MediumId>();
  label.sequence = identity.u32();
  label.capacity = identity.u64();
  identity.expect_end();
  ByteReader authority{section(sections, kAuthority, kObject), kObject};
  label.writer.authority = authority.id<PublicSigningKey>();
  authority.expect_end();
  label.writer.certificate = Certificate::decode(section(sections, kCertificate, kObject));

  const Certificate& certificate = label.writer.certificate;
  if (certificate.site != label.site || !certificate.is_signed_by(label.writer.authority)) {
    throw AuthenticityError{"the label's host certificate is not signed by its authority"};
  }
  const ByteView signed_bytes = bytes.first(bytes.size() - Signature::kBytes);
  if (!verify_signature(certificate.host_key, kDomain, signed_bytes, signature)) {
    throw AuthenticityError{"the label's signature is not its host's"};
  }
  return label;
}

}  // namespace azekura::vault
