#include "tests/fuzz/fuzz_target.h"
#include "vault/session.h"

namespace azekura::tests {

/// Input: a session's manifest.
void fuzz_one(ByteView input) {
  const auto manifest = decoded({ErrorKind::damage, ErrorKind::authenticity},
                                [&] { return vault::Manifest::decode(input); });
  if (manifest) {
    expect_canonical(input, manifest->encode());
  }
}

}  // namespace azekura::tests
