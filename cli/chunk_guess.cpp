#include "cli/chunk_guess.h"

#include "core/interrupt.h"
#include "vault/content_builder.h"

#include <algorithm>

namespace azekura::cli {

namespace {

constexpr std::uint64_t kReadAtOnce = 4 * kMiB;

Buffer item_of(ByteView chunk, vault::Hmac& hasher) {
  const ChunkId id = ChunkId::from_bytes(hasher(chunk).bytes());
  return vault::chunk_item(id, static_cast<std::uint32_t>(chunk.size()));
}

}  // namespace

std::vector<WantedExtent> cut_again(const WantedExtent& extent, std::uint64_t offset,
                                    const RangeReader& read, const chunker::ChunkEnds& ends,
                                    vault::Hmac& hasher) {
  std::vector<WantedExtent> chunks;
  vault::Sha256 all;
  Buffer buffer;  // begins with the chunk in progress, or with `used` bytes before it
  std::size_t used = 0;
  std::size_t searched = 0;
  std::uint64_t taken = 0;  // of the extent, in chunks
  while (taken < extent.length) {
    throw_if_interrupted();
    const ByteView rest = ByteView{buffer}.subspan(used);
    std::optional<std::size_t> length = ends.find(rest, offset + taken, searched);
    const std::uint64_t unread = extent.length - taken - rest.size();
    if (!length && unread > 0) {
      const auto count = static_cast<std::uint32_t>(std::min(unread, kReadAtOnce));
      const std::optional<Buffer> more = read(offset + taken + rest.size(), count);
      if (!more) {
        return {};
      }
      searched = rest.size();
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(used));
      used = 0;
      append(buffer, *more);
      continue;
    }
    const ByteView chunk =
        rest.first(length.value_or(rest.size()));  // a file ends, or a hole begins
    const Buffer item = item_of(chunk, hasher);
    all.update(item);
    const auto begin = static_cast<std::uint32_t>(extent.position.byte + taken);
    chunks.push_back({{extent.position.pack, begin},
                      static_cast<std::uint32_t>(chunk.size()),
                      vault::sha256(item)});
    taken += chunk.size();
    used += chunk.size();
    searched = 0;
  }
  return all.finish() == extent.digest ? chunks : std::vector<WantedExtent>{};
}

Digest chunk_digest(ByteView chunk, vault::Hmac& hasher) {
  return vault::sha256(item_of(chunk, hasher));
}

}  // namespace azekura::cli
