#include "core/byte_reader.h"
#include "core/limits.h"
#include "tests/fuzz/fuzz_target.h"
#include "vault/codec.h"

namespace azekura::tests {

/// Input: u32 length a block promises ‖ its zstd frame. What lies beyond the limit of a block, the
/// block table has refused already.
void fuzz_one(ByteView input) {
  if (input.size() < sizeof(std::uint32_t)) {
    return;
  }
  ByteReader in{input, "the input"};
  const std::size_t plain_size = in.u32() % (limits::kBlockPlainMax + 1);
  const ByteView frame = in.bytes(in.remaining());
  const auto plain = decoded([&] { return vault::expand(vault::Codec::zstd, frame, plain_size); });
  if (!plain) {
    return;
  }
  AZK_CHECK(plain->size() == plain_size);
  if (const auto smaller = vault::compress(*plain)) {
    AZK_CHECK(vault::expand(vault::Codec::zstd, *smaller, plain_size) == *plain);
  }
}

}  // namespace azekura::tests
