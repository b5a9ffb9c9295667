#include "core/byte_reader.h"
#include "core/limits.h"
#include "tests/fuzz/fuzz_target.h"
#include "vault/codec.h"

namespace azekura::tests {

/// Input: u32 length a block promises ‖ its zstd frame, of plain bytes and of planes. What lies
/// beyond the limit of a block, the block table has refused already.
void fuzz_one(ByteView input) {
  if (input.size() < sizeof(std::uint32_t)) {
    return;
  }
  ByteReader in{input, "the input"};
  const std::size_t plain_size = in.u32() % (limits::kBlockPlainMax + 1);
  const ByteView frame = in.bytes(in.remaining());
  for (const vault::Codec codec : {vault::Codec::zstd, vault::Codec::zstd_planes}) {
    const auto plain = decoded([&] { return vault::expand(codec, frame, plain_size); });
    if (!plain) {
      return;
    }
    AZK_CHECK(plain->size() == plain_size);
    static_cast<void>(vault::choose_codec(*plain));
    if (const auto smaller = vault::compress(codec, *plain)) {
      AZK_CHECK(vault::expand(codec, *smaller, plain_size) == *plain);
    }
  }
}

}  // namespace azekura::tests
