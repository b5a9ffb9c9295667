#include "tests/fuzz/fuzz_target.h"
#include "vault/session.h"

namespace azekura::tests {

/// Input: a seal.
void fuzz_one(ByteView input) {
  static const vault::SigningKey host{vault::Secret{vault::SigningKey::kSeedBytes}};
  const auto seal = decoded({ErrorKind::damage, ErrorKind::authenticity},
                            [&] { return vault::Seal::decode(input); });
  if (!seal) {
    return;
  }
  const Buffer encoded = seal->encode(host);
  const auto without_signature = [](ByteView bytes) {
    return bytes.first(bytes.size() - vault::Signature::kBytes);
  };
  expect_canonical(without_signature(input), without_signature(encoded));
  AZK_CHECK(vault::Seal::is_signed_by(encoded, host.public_key()));
  AZK_CHECK(equal(input, encoded) || !vault::Seal::is_signed_by(input, host.public_key()));
}

}  // namespace azekura::tests
