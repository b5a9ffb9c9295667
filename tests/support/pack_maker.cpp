#include "tests/support/pack_maker.h"

#include "core/file_io.h"
#include "vault/block.h"
#include "vault/pack_check.h"

#include <fcntl.h>

#include <numeric>

namespace azekura::tests {

namespace {

template <typename Id>
Id id_of(std::uint64_t seed) {
  return Id::from_bytes(random_bytes(seed, Id::kBytes));
}

}  // namespace

PackMaker::PackMaker(std::uint64_t seed, std::uint32_t session_number)
    : session_{id_of<SiteId>(1), id_of<SetId>(seed), id_of<SessionId>(seed * 1000 + session_number),
               session_number},
      session_key_{vault::Secret::copy_of(random_bytes(seed * 7 + session_number, 32))},
      set_keys_{vault::SetKeys::from_bytes(random_bytes(seed * 11, 64))} {}

vault::OpenedSlot PackMaker::slot() const {
  return {session_, session_key_.clone(), set_keys_.clone()};
}

vault::PreparedBlock PackMaker::block(std::uint64_t seed, const std::vector<std::uint32_t>& lengths,
                                      bool zeros) const {
  vault::PreparedBlock block;
  block.lengths = lengths;
  block.plain_bytes = std::accumulate(lengths.begin(), lengths.end(), 0U);
  block.payload = random_bytes(seed, block.plain_bytes);
  if (zeros) {
    block.payload.assign(block.payload.size(), static_cast<std::byte>(seed));
  }
  vault::Hmac hasher = set_keys_.chunk_hasher(session_.set);
  std::size_t at = 0;
  for (const std::uint32_t length : lengths) {
    block.ids.push_back(
        ChunkId::from_bytes(hasher(ByteView{block.payload}.subspan(at, length)).bytes()));
    at += length;
  }
  vault::compress_block(block);
  return block;
}

vault::PackWriter PackMaker::writer(const std::string& path, std::uint32_t number) const {
  return {path, session_, number, session_key_, set_keys_.catalogue};
}

vault::PackInfo PackMaker::write(const std::string& path, std::uint32_t number,
                                 const std::vector<vault::PreparedBlock>& blocks,
                                 Buffer* sealed_chunk_table) const {
  vault::PackWriter pack = writer(path, number);
  for (const vault::PreparedBlock& block : blocks) {
    pack.append(block);
  }
  const vault::PackInfo info = pack.finish(false);
  if (sealed_chunk_table != nullptr) {
    *sealed_chunk_table = pack.sealed_chunk_table();
  }
  return info;
}

vault::PackReader PackMaker::open(const std::string& path, const vault::PackInfo& info) const {
  return {open_file(path, O_RDONLY), info, slot()};
}

void check_pack(ByteView bytes, const vault::PackInfo& info,
                const vault::SessionIdentity& session) {
  vault::PackCheck check{info, session};
  check.update(bytes);
  check.finish();
}

}  // namespace azekura::tests
