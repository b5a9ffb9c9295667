#include "tests/support/memory_extents.h"

#include "core/byte_writer.h"
#include "core/checksum.h"
#include "core/tree_codec.h"

#include <unistd.h>

#include <algorithm>
#include <deque>

namespace azekura::tests {

namespace {

constexpr std::size_t kPiece = 1500;

Digest digest_of(ByteView bytes) {
  ByteWriter out;
  out.u64(checksum(bytes)).u64(bytes.size()).u64(0).u64(0);
  return Digest::from_bytes(out.view());
}

Entry entry_of(std::string name, EntryKind kind) {
  Entry entry;
  entry.name = std::move(name);
  entry.kind = kind;
  entry.mode = kind == EntryKind::directory ? 0755 : 0644;
  entry.uid = ::geteuid();
  entry.gid = ::getegid();
  entry.modified = {1'600'000'000, 123'456'789};
  return entry;
}

}  // namespace

std::uint32_t MemoryExtents::begin_pack() {
  packs_.emplace_back();
  return static_cast<std::uint32_t>(packs_.size() - 1);
}

Extent MemoryExtents::store_extent(ByteView bytes) {
  if (packs_.empty() || packs_.back().size() + bytes.size() > pack_bytes_) {
    begin_pack();
  }
  Extent extent;
  extent.length = bytes.size();
  extent.position = {static_cast<std::uint32_t>(packs_.size() - 1),
                     static_cast<std::uint32_t>(packs_.back().size())};
  extent.digest = digest_of(bytes);
  append(packs_.back(), bytes);
  return extent;
}

Content MemoryExtents::store(ByteView bytes) {
  Content content;
  content.size = bytes.size();
  content.digest = digest_of(bytes);
  while (!bytes.empty()) {
    const auto length =
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), extent_bytes_));
    content.extents.push_back(store_extent(bytes.first(length)));
    bytes = bytes.subspan(length);
  }
  return content;
}

Content MemoryExtents::with_list(Content content) {
  const Content list = store(encode_extents(content.extents));
  content.level = 1;
  content.extents = list.extents;
  return content;
}

Content MemoryExtents::store_directory(std::vector<Entry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return store(encode_directory(entries));
}

void MemoryExtents::fetch(std::span<const WantedExtent> wanted, ExtentReceiver& receiver) {
  fetches_.emplace_back();
  std::deque<Buffer> given;  // of one pack, which is one block here
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i > 0 && wanted[i].position.pack != wanted[i - 1].position.pack) {
      receiver.block_done();
      given.clear();
    }
    if (extents_left_-- == 0) {
      throw MediumError{"the medium is gone"};
    }
    const Position position = wanted[i].position;
    fetches_.back().push_back(position);
    if (position.pack >= packs_.size() ||
        position.byte + std::uint64_t{wanted[i].length} > packs_[position.pack].size()) {
      receiver.failed(i, DamageError{"there is no pack {}", position.pack});
      continue;
    }
    const auto first = packs_[position.pack].begin() + position.byte;
    Buffer& bytes = given.emplace_back(first, first + wanted[i].length);
    if (damaged_.contains(position.pack)) {
      bytes.back() ^= std::byte{1};
    }
    for (const Position& damaged : damaged_bytes_) {
      if (damaged.pack == position.pack && damaged.byte >= position.byte &&
          damaged.byte - position.byte < bytes.size()) {
        bytes[damaged.byte - position.byte] ^= std::byte{1};
      }
    }
    for (std::size_t offset = 0; offset < bytes.size(); offset += kPiece) {
      receiver.bytes(i, offset,
                     ByteView{bytes}.subspan(offset, std::min(kPiece, bytes.size() - offset)));
    }
    if (digest_of(bytes) == wanted[i].digest) {
      receiver.proven(i);
    } else {
      receiver.failed(i, DamageError{"pack {} is damaged", position.pack});
    }
  }
  receiver.block_done();
}

std::vector<WantedExtent> MemoryExtents::chunks_of(const WantedExtent& extent) {
  std::vector<WantedExtent> chunks;
  const ByteView stored =
      ByteView{packs_[extent.position.pack]}.subspan(extent.position.byte, extent.length);
  for (std::uint32_t at = 0; at < extent.length; at += kChunk) {
    const std::uint32_t length = std::min(kChunk, extent.length - at);
    chunks.push_back({{extent.position.pack, extent.position.byte + at},
                      length,
                      digest_of(stored.subspan(at, length))});
  }
  return chunks;
}

Entry file_entry(std::string name, Content content) {
  Entry entry = entry_of(std::move(name), EntryKind::file);
  entry.content = std::move(content);
  return entry;
}

Entry directory_entry(std::string name, Content content) {
  Entry entry = entry_of(std::move(name), EntryKind::directory);
  entry.content = std::move(content);
  return entry;
}

Entry symlink_entry(std::string name, std::string target) {
  Entry entry = entry_of(std::move(name), EntryKind::symlink);
  entry.mode = 0777;
  entry.link_target = std::move(target);
  return entry;
}

Entry special_entry(std::string name, EntryKind kind) {
  Entry entry = entry_of(std::move(name), kind);
  if (kind == EntryKind::block_device || kind == EntryKind::character_device) {
    entry.device = DeviceNumber{1, 3};
  }
  return entry;
}

}  // namespace azekura::tests
