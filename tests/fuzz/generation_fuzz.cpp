#include "core/byte_reader.h"
#include "tests/fuzz/fuzz_target.h"
#include "vault/session.h"

namespace azekura::tests {

namespace {

/// The length and the body, without the padding.
ByteView unpadded(ByteView plain) {
  return plain.first(sizeof(std::uint32_t) + ByteReader{plain, "a generation"}.u32());
}

}  // namespace

/// Input: the plain bytes of a generation; they are sealed for the decoder.
void fuzz_one(ByteView input) {
  static const vault::Secret session_key{32};
  static const vault::SessionIdentity identity{{}, {}, {}, 1};
  static const vault::Secret key =
      vault::derive(session_key, "azekura generation v1", identity.bytes(), 32);
  const Buffer box = vault::seal_box(key, identity.bytes(), input);
  const auto generation = decoded({ErrorKind::damage, ErrorKind::authenticity}, [&] {
    return vault::Generation::open(box, session_key, identity);
  });
  if (generation) {
    const Buffer again = generation->seal(session_key, identity);
    const Buffer plain = vault::open_box(key, identity.bytes(), again, "a generation");
    expect_canonical(unpadded(input), unpadded(plain));
  }
}

}  // namespace azekura::tests
