#include "core/tree_codec.h"
#include "tests/fuzz/fuzz_target.h"

namespace azekura::tests {

/// Input: an encoded directory, or one entry of it.
void fuzz_one(ByteView input) {
  if (const auto entries = decoded([&] { return decode_directory(input); })) {
    AZK_CHECK(equal(encode_directory(*entries), input));
  }
  if (const auto entry = decoded([&] { return decode_entry(input); })) {
    ByteWriter encoded;
    encode_entry(encoded, *entry);
    AZK_CHECK(equal(encoded.view(), input));
  }
}

}  // namespace azekura::tests
