#include "tests/fuzz/fuzz_target.h"
#include "vault/session.h"

namespace azekura::tests {

/// Input: a session's header.
void fuzz_one(ByteView input) {
  const auto header = decoded({ErrorKind::damage, ErrorKind::authenticity},
                              [&] { return vault::SessionHeader::decode(input); });
  if (header) {
    expect_canonical(input, header->encode());
  }
}

}  // namespace azekura::tests
