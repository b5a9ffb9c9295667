#include "vault/identity.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/limits.h"
#include "vault/hash.h"

namespace azekura::vault {

namespace {

constexpr std::string_view kCertificateDomain = "azekura host certificate v1";
constexpr std::string_view kPolicyDomain = "azekura policy v1";

Buffer signed_part(const Certificate& certificate) {
  return ByteWriter{}
      .id(certificate.site)
      .id(certificate.host)
      .u32(certificate.epoch)
      .id(certificate.host_key)
      .take();
}

Buffer signed_part(const Policy& policy) {
  ByteWriter out;
  out.id(policy.site).u32(policy.number).u8(static_cast<std::uint8_t>(policy.recipients.size()));
  for (const RecipientKey& recipient : policy.recipients) {
    out.id(recipient);
  }
  return out.take();
}

}  // namespace

Certificate Certificate::issue(const SigningKey& authority, Certificate unsigned_one) {
  unsigned_one.signature = authority.sign(kCertificateDomain, signed_part(unsigned_one));
  return unsigned_one;
}

bool Certificate::is_signed_by(const PublicSigningKey& authority) const {
  return verify_signature(authority, kCertificateDomain, signed_part(*this), signature);
}

Buffer Certificate::encode() const {
  return ByteWriter{}.bytes(signed_part(*this)).id(signature).take();
}

Certificate Certificate::decode(ByteView bytes) {
  ByteReader in{bytes, "a host certificate"};
  Certificate certificate;
  certificate.site = in.id<SiteId>();
  certificate.host = in.id<HostId>();
  certificate.epoch = in.u32();
  certificate.host_key = in.id<PublicSigningKey>();
  certificate.signature = in.id<Signature>();
  in.expect_end();
  return certificate;
}

Policy Policy::issue(const SigningKey& authority, Policy unsigned_one) {
  unsigned_one.signature = authority.sign(kPolicyDomain, signed_part(unsigned_one));
  return unsigned_one;
}

bool Policy::is_signed_by(const PublicSigningKey& authority) const {
  return verify_signature(authority, kPolicyDomain, signed_part(*this), signature);
}

Buffer Policy::encode() const {
  return ByteWriter{}.bytes(signed_part(*this)).id(signature).take();
}

Policy Policy::decode(ByteView bytes) {
  ByteReader in{bytes, "a policy"};
  Policy policy;
  policy.site = in.id<SiteId>();
  policy.number = in.u32();
  const std::uint8_t count = in.u8();
  if (count == 0 || count > limits::kRecipientsMax) {
    in.fail("it names no recipient or too many");
  }
  for (std::uint8_t i = 0; i < count; ++i) {
    policy.recipients.push_back(in.id<RecipientKey>());
    if (i > 0 && policy.recipients[i - 1U] >= policy.recipients[i]) {
      in.fail("recipients are not rising");
    }
  }
  policy.signature = in.id<Signature>();
  in.expect_end();
  return policy;
}

RecipientTag recipient_tag(const RecipientKey& recipient) {
  const Buffer input = ByteWriter{}.text("azekura recipient v1").u8(0).id(recipient).take();
  return RecipientTag::from_bytes(sha256(input).bytes().first(RecipientTag::kBytes));
}

}  // namespace azekura::vault
