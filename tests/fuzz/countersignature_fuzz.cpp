#include "tests/fuzz/fuzz_target.h"
#include "vault/countersignature.h"

namespace azekura::tests {

/// Input: what a countersignature says beyond its framing: it is signed by a verifier that the
/// authority certified.
void fuzz_one(ByteView input) {
  static const vault::RecoveryKey kKit = vault::RecoveryKey::generate({});
  static const vault::VerifierKey kVerifier = vault::VerifierKey::issue(kKit);
  static const Buffer kCertified =
      vault::Countersignature{{}, 1, {}, {}, kVerifier.certificate()}.encode(
          kVerifier.signing_key());
  const vault::PublicSigningKey authority = kKit.authority().public_key();
  // As it is, and over one that is whole, so that the signatures are reached, too.
  Buffer spliced = kCertified;
  std::copy_n(input.begin(), std::min(input.size(), spliced.size()), spliced.begin());
  for (const ByteView bytes : {input, ByteView{spliced}}) {
    const auto decoded_one = decoded({ErrorKind::damage, ErrorKind::authenticity}, [&] {
      return vault::Countersignature::decode(bytes, authority);
    });
    if (decoded_one) {
      expect_canonical(bytes, decoded_one->encode(kVerifier.signing_key()));
    }
  }
}

}  // namespace azekura::tests
