#include "core/tree_codec.h"
#include "tests/fuzz/fuzz_target.h"

namespace azekura::tests {

/// Input: an encoded content, or an extent list.
void fuzz_one(ByteView input) {
  ByteReader in{input, "a content"};
  if (const auto content = decoded([&] { return decode_content(in); })) {
    ByteWriter encoded;
    encode_content(encoded, *content);
    AZK_CHECK(equal(encoded.view(), input.first(input.size() - in.remaining())));
  }
  if (const auto extents = decoded([&] { return decode_extents(input); })) {
    AZK_CHECK(equal(encode_extents(*extents), input));
    static_cast<void>(decoded([&] { return covered_bytes(*extents); }));
  }
}

}  // namespace azekura::tests
