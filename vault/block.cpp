#include "vault/block.h"

#include "core/error.h"

namespace azekura::vault {

void compress_block(PreparedBlock& block) {
  AZK_CHECK(block.payload.size() == block.plain_bytes);
  const Codec codec = choose_codec(block.payload);
  block.codec = Codec::stored;
  if (codec == Codec::stored) {
    return;
  }
  if (std::optional<Buffer> smaller = compress(codec, block.payload)) {
    AZK_CHECK(equal(expand(codec, *smaller, block.plain_bytes), block.payload));
    block.payload = std::move(*smaller);
    block.codec = codec;
  }
}

}  // namespace azekura::vault
