#include "vault/block.h"

#include "core/error.h"

namespace azekura::vault {

void compress_block(PreparedBlock& block) {
  AZK_CHECK(block.payload.size() == block.plain_bytes);
  block.codec = Codec::stored;
  if (std::optional<Buffer> smaller = compress(block.payload)) {
    AZK_CHECK(equal(expand(Codec::zstd, *smaller, block.plain_bytes), block.payload));
    block.payload = std::move(*smaller);
    block.codec = Codec::zstd;
  }
}

}  // namespace azekura::vault
