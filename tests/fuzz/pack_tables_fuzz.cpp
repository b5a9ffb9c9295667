#include "core/limits.h"
#include "tests/fuzz/fuzz_target.h"
#include "vault/pack_format.h"

namespace azekura::tests {

namespace {

/// What a reader of blocks relies on.
void expect_sound(const vault::BlockTable& table) {
  std::uint64_t stored = vault::kPackHeaderBytes;
  std::uint64_t plain = 0;
  std::size_t chunks = 0;
  for (const vault::BlockInfo& block : table.blocks) {
    AZK_CHECK(block.stored_offset == stored && block.plain_offset == plain);
    AZK_CHECK(block.first_chunk == chunks && block.chunk_count > 0);
    stored += block.stored_bytes;
    plain += block.plain_bytes;
    chunks += block.chunk_count;
  }
  AZK_CHECK(stored <= limits::kPackDataBytes && plain <= limits::kPackPlainMax);
  AZK_CHECK(chunks == table.chunk_lengths.size());
}

}  // namespace

/// Input: the plain bytes of a block table, or of a chunk table.
void fuzz_one(ByteView input) {
  const auto blocks =
      decoded([&] { return vault::BlockTable::decode(input, limits::kPackDataBytes); });
  if (blocks) {
    AZK_CHECK(equal(blocks->encode(), input));
    expect_sound(*blocks);
  }
  if (const auto chunks = decoded([&] { return vault::decode_chunk_table(input); })) {
    AZK_CHECK(equal(vault::encode_chunk_table(*chunks), input));
  }
}

}  // namespace azekura::tests
