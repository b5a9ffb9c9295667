#include "vault/countersignature.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "vault/object.h"

#include <algorithm>

namespace azekura::vault {

namespace {

constexpr std::string_view kCounterMagic = "AZKCSIG1";
constexpr std::string_view kCounterDomain = "azekura countersignature v1";
constexpr std::string_view kCounterObject = "a countersignature";
constexpr std::string_view kCounterFolder = "countersignatures";
constexpr std::uint16_t kCounterIdentity = 1;
constexpr std::uint16_t kCounterHead = 2;
constexpr std::uint16_t kCounterVerifier = 3;

}  // namespace

std::string Countersignature::path() const {
  return fmt::format("{}/{:06}-{}", kCounterFolder, session, verifier.verifier.hex().substr(0, 16));
}

Buffer Countersignature::encode(const SigningKey& key) const {
  Sections sections;
  sections[kCounterIdentity] = ByteWriter{}.id(verifier.site).id(medium).take();
  sections[kCounterHead] = ByteWriter{}.u32(session).id(seal).i64(when.seconds).take();
  sections[kCounterVerifier] = ByteWriter{}.id(verifier.verifier).id(verifier.signature).take();
  Buffer bytes = encode_object(kCounterMagic, sections);
  append(bytes, key.sign(kCounterDomain, bytes).bytes());
  return bytes;
}

Countersignature Countersignature::decode(ByteView bytes, const PublicSigningKey& authority) {
  ByteReader in{bytes, kCounterObject};
  const Sections sections = decode_object(in, kCounterMagic, kCounterVerifier, kCounterObject);
  const auto signature = in.id<Signature>();
  in.expect_end();
  Countersignature one;
  ByteReader identity{section(sections, kCounterIdentity, kCounterObject), kCounterObject};
  one.verifier.site = identity.id<SiteId>();
  one.medium = identity.id<MediumId>();
  identity.expect_end();
  ByteReader head{section(sections, kCounterHead, kCounterObject), kCounterObject};
  one.session = head.u32();
  one.seal = head.id<Digest>();
  one.when.seconds = head.i64();
  head.expect_end();
  ByteReader verifier{section(sections, kCounterVerifier, kCounterObject), kCounterObject};
  one.verifier.verifier = verifier.id<PublicSigningKey>();
  one.verifier.signature = verifier.id<Signature>();
  verifier.expect_end();
  if (!one.verifier.is_signed_by(authority)) {
    throw AuthenticityError{"its verifier is not certified by authority {}",
                            authority_fingerprint(authority)};
  }
  if (!verify_signature(one.verifier.verifier, kCounterDomain,
                        bytes.first(bytes.size() - Signature::kBytes), signature)) {
    throw AuthenticityError{"its signature is not its verifier's"};
  }
  return one;
}

std::vector<Countersignature> countersignatures_on(const FolderMedium& medium,
                                                   std::span<const SealedSession> sessions,
                                                   const PublicSigningKey& authority,
                                                   std::vector<std::string>& problems) {
  std::vector<Countersignature> counting;
  for (const std::string& name : medium.list(std::string{kCounterFolder})) {
    const std::string path = fmt::format("{}/{}", kCounterFolder, name);
    try {
      const std::optional<Buffer> bytes = medium.read(path, limits::kSealBytesMax);
      if (!bytes) {
        continue;
      }
      const Countersignature one = Countersignature::decode(*bytes, authority);
      const bool is_of_session =
          std::any_of(sessions.begin(), sessions.end(), [&](const SealedSession& session) {
            return session.number() == one.session && session.seal_digest == one.seal &&
                   session.seal.medium == one.medium &&
                   session.seal.identity.site == one.verifier.site;
          });
      if (!is_of_session) {
        throw AuthenticityError{"there is no session {} that it is for", one.session};
      }
      counting.push_back(one);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::medium || error.kind() == ErrorKind::interrupted) {
        throw;
      }
      problems.push_back(text("\"{}\" does not count: {}", printable(path), error.what()));
    }
  }
  std::stable_sort(counting.begin(), counting.end(),
                   [](const auto& a, const auto& b) { return a.session < b.session; });
  return counting;
}

}  // namespace azekura::vault
