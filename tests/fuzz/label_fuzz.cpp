#include "tests/fuzz/fuzz_target.h"
#include "vault/label.h"

namespace azekura::tests {

/// Input: a label without its signature, which is made anew by the host that signed the golden
/// vaults' labels (tests/golden/make_vault.py, "host 1").
void fuzz_one(ByteView input) {
  static const vault::SigningKey host{vault::Secret::copy_of(
      from_hex("554a8707f304190f3c8773145e66cdfda74607363dc0524b033a19b3d4f285de"))};
  Buffer bytes{input.begin(), input.end()};
  append(bytes, host.sign("azekura label v1", input).bytes());
  const auto label = decoded({ErrorKind::damage, ErrorKind::authenticity},
                             [&] { return vault::Label::decode(bytes); });
  if (label) {
    expect_canonical(bytes, label->encode(host));
  }
}

}  // namespace azekura::tests
