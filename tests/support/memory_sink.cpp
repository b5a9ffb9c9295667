#include "tests/support/memory_sink.h"

#include "core/byte_writer.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/tree_codec.h"
#include "tests/support/random_bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace azekura::tests {

namespace {

/// 256 bits from four checksums under different secrets: a fake hash.
template <typename Id>
Id fake_hash(std::uint64_t domain, ByteView bytes) {
  ByteWriter sums;
  for (std::uint64_t i = 0; i < 4; ++i) {
    sums.u64(keyed_checksum(bytes, random_bytes(domain * 4 + i, 192)));
  }
  return Id::from_bytes(sums.view());
}

template <typename Chunks>
Digest digest_of(const Chunks& chunks) {
  ByteWriter list;
  for (const auto& chunk : chunks) {
    list.id(chunk.id).u32(chunk.length);
  }
  return fake_hash<Digest>(2, list.view());
}

}  // namespace

CutterKey make_cutter_key(std::uint64_t seed) {
  const Buffer bytes = random_bytes(seed, 256);
  CutterKey key;
  std::memcpy(key.low.data(), bytes.data(), 32);
  std::memcpy(key.high.data(), bytes.data() + 32, 32);
  std::memcpy(key.confirm.data(), bytes.data() + 64, 192);
  return key;
}

StreamId MemorySink::open_stream() {
  const StreamId id{next_stream_++};
  streams_.emplace(id, Stream{});
  return id;
}

void MemorySink::put_chunk(Stream& stream, ByteView chunk) {
  const auto length = static_cast<std::uint32_t>(chunk.size());
  const Stored stored{.id = fake_hash<ChunkId>(1, chunk), .length = length};
  const auto [known, is_new] =
      known_.try_emplace(stored.id, static_cast<std::uint32_t>(pack_.size()));
  if (is_new) {
    stored_.emplace(known->second, stored);
    append(pack_, chunk);
  }
  std::vector<Extent>& extents = stream.content.extents;
  const Position position{.pack = 0, .byte = known->second};
  const bool follows = !extents.empty() && extents.back().kind == ExtentKind::data &&
                       extents.back().position.byte + extents.back().length == position.byte;
  if (!follows) {
    stream.run.clear();
    extents.push_back({.kind = ExtentKind::data, .length = 0, .position = position, .digest = {}});
  }
  stream.run.push_back(stored);
  stream.chunks.push_back(stored);
  extents.back().length += length;
  extents.back().digest = digest_of(stream.run);
  stream.content.size += length;
}

void MemorySink::put(StreamId stream, Piece piece) {
  before_put();
  ByteView rest = piece.bytes;
  put_bytes += rest.size();
  AZK_CHECK(!piece.chunk_lengths.empty());
  for (const std::uint32_t length : piece.chunk_lengths) {
    put_chunk(streams_.at(stream), rest.first(length));
    rest = rest.subspan(length);
  }
  AZK_CHECK(rest.empty());
}

void MemorySink::put_gap(StreamId stream, ExtentKind kind, std::uint64_t length) {
  AZK_CHECK(length > 0 && kind != ExtentKind::data);
  Content& content = streams_.at(stream).content;
  content.extents.push_back({.kind = kind, .length = length, .position = {}, .digest = {}});
  content.size += length;
}

void MemorySink::close_stream(StreamId stream) {
  Stream& closed = streams_.at(stream);
  closed.is_closed = true;
  closed.content.digest = digest_of(closed.chunks);
}

std::optional<Content> MemorySink::poll(StreamId stream) {
  if (contents_come_late) {
    AZK_CHECK(streams_.at(stream).is_closed);
    return std::nullopt;
  }
  return take(stream);
}

Content MemorySink::wait(StreamId stream) {
  ++waits;
  return take(stream);
}

Content MemorySink::take(StreamId stream) {
  AZK_CHECK(streams_.at(stream).is_closed);
  Content content = std::move(streams_.at(stream).content);
  streams_.erase(stream);
  return content;
}

Content MemorySink::put_tree(Piece piece) {
  ++tree_puts;
  Stream tree;
  ByteView rest = piece.bytes;
  for (const std::uint32_t length : piece.chunk_lengths) {
    put_chunk(tree, rest.first(length));
    rest = rest.subspan(length);
  }
  AZK_CHECK(rest.empty());
  tree.content.digest = digest_of(tree.chunks);
  return tree.content;
}

std::optional<Recalled> MemorySink::recall(std::string_view key) {
  const auto record = records.find(std::string{key});
  return record == records.end()
             ? std::nullopt
             : std::optional{Recalled{record->second, record_sessions.at(record->first)}};
}

void MemorySink::remember(std::string_view key, ByteView record, Remembered from) {
  remembered[std::string{key}] = from;
  records[std::string{key}] = Buffer{record.begin(), record.end()};
  record_sessions[std::string{key}] = session;
}

bool MemorySink::holds(const Content& /*content*/, std::uint32_t /*session*/) const {
  return !has_lost_packs;
}

void MemorySink::fetch(std::span<const WantedExtent> wanted, ExtentReceiver& receiver) {
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    const WantedExtent& extent = wanted[index];
    std::vector<Stored> chunks;
    std::uint32_t at = extent.position.byte;
    while (at < extent.position.byte + extent.length && stored_.contains(at)) {
      chunks.push_back(stored_.at(at));
      at += chunks.back().length;
    }
    if (at != extent.position.byte + extent.length || digest_of(chunks) != extent.digest) {
      receiver.failed(index, DamageError{"an extent at byte {} is not there", at});
      continue;
    }
    receiver.bytes(index, 0, ByteView{pack_}.subspan(extent.position.byte, extent.length));
    receiver.proven(index);
    receiver.block_done();
  }
}

Buffer MemorySink::read(const Content& content) { return read_content(*this, content, 1 * kGiB); }

std::vector<Entry> MemorySink::read_directory(const Entry& directory) {
  return decode_directory(read(directory.content.value()));
}

Entry MemorySink::find(const Entry& root, std::string_view path) {
  Entry entry = root;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    const std::vector<Entry> entries = read_directory(entry);
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry& child) { return child.name == name; });
    if (found == entries.end()) {
      throw UsageError{"no entry named {}", name};
    }
    entry = *found;
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return entry;
}

}  // namespace azekura::tests
