#include "vault/session_writer.h"

#include "core/error.h"
#include "core/limits.h"
#include "core/tree_codec.h"
#include "vault/block.h"
#include "vault/sealer.h"

#include <algorithm>

namespace azekura::vault {

namespace {

/// Items inside a stage beyond one a thread: enough to keep every thread busy, few enough to bound
/// memory (pieces and blocks have at most 2 MiB).
constexpr std::size_t kItemsAhead = 6;
/// What small files put is handed to the threads together: a hand-over costs as much as hashing
/// tens of KiB.
constexpr std::size_t kBatchBytes = 512 * kKiB;
constexpr std::size_t kBatchItems = 256;
/// Scan records that are written together.
constexpr std::size_t kRememberedBytes = 4 * kMiB;
/// A block is closed by the chunk that fills it.
constexpr std::size_t kBlockReserve = limits::kBlockPlainTarget + 256 * kKiB;
/// Long extent lists are stored in chunks of one size; they are made of random digests, which no
/// cutter could align.
constexpr std::uint32_t kListChunkBytes = 64 * kKiB;

}  // namespace

/// Where a block's plain bytes begin, once it is in a pack.
struct SessionWriter::BlockPlace {
  std::optional<Position> position;  // guarded by mutex_
};

/// One chunk or gap of a stream, in order.
struct SessionWriter::Part {
  ExtentKind kind = ExtentKind::data;
  std::uint64_t length = 0;
  ChunkId id;
  Position position;                  ///< in the pack, or in the block while `block` is set
  std::shared_ptr<BlockPlace> block;  ///< not placed when the chunk was met
};

struct SessionWriter::Stream {
  std::deque<Part> parts;  ///< not yet in the builder
  ContentBuilder builder;
  bool closed = false;
};

struct SessionWriter::Unfinished {
  std::shared_ptr<BlockPlace> block;
  std::uint32_t offset = 0;  ///< in the block's plain bytes
  std::uint32_t length = 0;
};

/// A piece, a gap or the end of a stream.
struct SessionWriter::StreamPart {
  std::uint64_t stream = 0;
  Piece piece;
  std::vector<ChunkId> ids;
  ExtentKind gap = ExtentKind::data;
  std::uint64_t gap_length = 0;
  bool closes = false;
};

/// What goes through the hash stage together.
struct SessionWriter::HashJob {
  std::vector<StreamPart> parts;
  std::size_t bytes = 0;

  void hash(Hmac& chunk_hasher);
};

void SessionWriter::HashJob::hash(Hmac& chunk_hasher) {
  std::vector<ByteView> chunks;
  for (const StreamPart& part : parts) {
    ByteView rest = part.piece.bytes;
    for (const std::uint32_t length : part.piece.chunk_lengths) {
      chunks.push_back(rest.first(length));
      rest = rest.subspan(length);
    }
    AZK_CHECK(rest.empty());
  }
  const std::vector<ChunkId> ids = ids_of_chunks(chunks, chunk_hasher);
  auto id = ids.begin();
  for (StreamPart& part : parts) {
    const auto end = id + static_cast<std::ptrdiff_t>(part.piece.chunk_lengths.size());
    part.ids.assign(id, end);
    id = end;
  }
}

struct SessionWriter::BlockJob {
  PreparedBlock block;
  std::shared_ptr<BlockPlace> place = std::make_shared<BlockPlace>();
  std::size_t lane = 0;
};

SessionWriter::SessionWriter(MediaSet& set, unsigned threads)
    : set_{set},
      capture_{set},
      cutter_key_{set.secrets().keys.cutter_key(set.secrets().id)},
      chunk_hasher_{set.secrets().keys.chunk_hasher(set.secrets().id)},
      path_hasher_{derive(set.secrets().keys.dedup, "azekura path v1", set.secrets().id.bytes(), 32)
                       .bytes()},
      tree_lane_{capture_, set.catalogue(), chunk_hasher_.clone()},
      batch_{std::make_unique<HashJob>()},
      open_block_{std::make_unique<BlockJob>()} {
  const std::size_t bound = threads + kItemsAhead;
  block_stage_ = std::make_unique<OrderedStage<BlockJob>>(
      threads, bound, [](BlockJob& job) { compress_block(job.block); },
      [this](BlockJob&& job) { place(std::move(job)); });
  hash_stage_ = std::make_unique<OrderedStage<HashJob>>(
      threads, bound,
      [this](HashJob& job) {
        Hmac hasher = chunk_hasher_.clone();
        job.hash(hasher);
      },
      [this](HashJob&& job) {
        for (const StreamPart& part : job.parts) {
          look_up(part);
        }
      });
}

SessionWriter::~SessionWriter() {
  // A feeder waiting for the fed stage would never end: stop that one first.
  block_stage_->stop();
  hash_stage_.reset();
}

void SessionWriter::begin_lane() {
  flush_lane();
  const std::lock_guard lock{mutex_};
  lanes_.emplace_back();
}

/// What was put so far shares no block with what comes.
void SessionWriter::flush_lane() {
  flush_remembered();
  flush_batch();
  hash_stage_->drain();
  flush_block();
}

StreamId SessionWriter::open_stream() {
  const std::lock_guard lock{mutex_};
  AZK_CHECK(!lanes_.empty());
  streams_.try_emplace(next_stream_);
  return StreamId{next_stream_++};
}

void SessionWriter::put(StreamId stream, Piece piece) {
  StreamPart part;
  part.stream = static_cast<std::uint64_t>(stream);
  part.piece = std::move(piece);
  add(std::move(part));
}

void SessionWriter::put_gap(StreamId stream, ExtentKind kind, std::uint64_t length) {
  StreamPart part;
  part.stream = static_cast<std::uint64_t>(stream);
  part.gap = kind;
  part.gap_length = length;
  add(std::move(part));
}

void SessionWriter::close_stream(StreamId stream) {
  StreamPart part;
  part.stream = static_cast<std::uint64_t>(stream);
  part.closes = true;
  add(std::move(part));
}

void SessionWriter::add(StreamPart part) {
  batch_->bytes += part.piece.bytes.size();
  batch_->parts.push_back(std::move(part));
  if (batch_->bytes >= kBatchBytes || batch_->parts.size() == kBatchItems) {
    flush_batch();
  }
}

void SessionWriter::flush_batch() {
  if (!batch_->parts.empty()) {
    hash_stage_->push(std::move(*batch_));
    *batch_ = {};
  }
}

void SessionWriter::look_up(const StreamPart& part) {
  std::vector<Part> parts;
  if (part.gap_length > 0) {
    parts.push_back({part.gap, part.gap_length, {}, {}, nullptr});
  }
  ByteView rest = part.piece.bytes;
  for (std::size_t i = 0; i < part.ids.size(); ++i) {
    const std::uint32_t length = part.piece.chunk_lengths[i];
    parts.push_back(locate(part.ids[i], rest.first(length)));
    rest = rest.subspan(length);
  }
  const std::lock_guard lock{mutex_};
  lanes_.back().chunks += part.ids.size();
  lanes_.back().bytes += part.piece.bytes.size();
  Stream& stream = streams_.at(part.stream);
  std::move(parts.begin(), parts.end(), std::back_inserter(stream.parts));
  stream.closed = part.closes;
  advance(stream);
}

SessionWriter::Part SessionWriter::locate(const ChunkId& id, ByteView chunk) {
  const auto length = static_cast<std::uint32_t>(chunk.size());
  {
    const std::lock_guard lock{mutex_};
    if (const auto found = unfinished_.find(id); found != unfinished_.end()) {
      return {ExtentKind::data, length, id, {0, found->second.offset}, found->second.block};
    }
  }
  if (const std::optional<Position> known = set_.catalogue().find(id, length)) {
    return {ExtentKind::data, length, id, *known, nullptr};
  }
  PreparedBlock& block = open_block_->block;
  if (block.plain_bytes + length > limits::kBlockPlainMax ||
      block.ids.size() == limits::kBlockChunksMax) {
    flush_block();
  }
  PreparedBlock& target = open_block_->block;
  Part part{ExtentKind::data, length, id, {0, target.plain_bytes}, open_block_->place};
  target.ids.push_back(id);
  target.lengths.push_back(length);
  if (target.payload.empty()) {
    target.payload.reserve(kBlockReserve);
  }
  append(target.payload, chunk);
  target.plain_bytes += length;
  {
    const std::lock_guard lock{mutex_};
    unfinished_.emplace(id, Unfinished{part.block, part.position.byte, length});
    ++lanes_.back().new_chunks;
    lanes_.back().new_bytes += length;
  }
  if (target.plain_bytes >= limits::kBlockPlainTarget) {
    flush_block();
  }
  return part;
}

void SessionWriter::flush_block() {
  if (!open_block_->block.ids.empty()) {
    {
      const std::lock_guard lock{mutex_};
      open_block_->lane = lanes_.size() - 1;
    }
    block_stage_->push(std::move(*open_block_));
    open_block_ = std::make_unique<BlockJob>();
  }
}

void SessionWriter::place(BlockJob&& job) {
  const PreparedBlock& block = job.block;
  if (data_pack_ != nullptr &&
      !data_pack_->fits(block.payload.size(), block.plain_bytes, block.ids.size())) {
    const ChunkTable chunks = data_pack_->chunks();
    // Padding one that was ended by its many tiny chunks to the full size would cost more than it
    // hides.
    const bool is_full = data_pack_->fits_chunks(block.ids.size());
    capture_.finish_pack(std::move(data_pack_), is_full);
    data_pack_ = nullptr;
    // The catalogue knows them now.
    const std::lock_guard lock{mutex_};
    for (const ChunkRow& row : chunks) {
      unfinished_.erase(row.id);
    }
  }
  if (data_pack_ == nullptr) {
    data_pack_ = capture_.begin_pack();
  }
  const Position position{data_pack_->number(), data_pack_->plain_bytes()};
  data_pack_->append(block);
  const std::lock_guard lock{mutex_};
  job.place->position = position;
  lanes_[job.lane].stored_bytes += block.payload.size() + kTagBytes;
}

void SessionWriter::advance(Stream& stream) {
  while (!stream.parts.empty()) {
    Part& part = stream.parts.front();
    if (part.kind != ExtentKind::data) {
      stream.builder.add_gap(part.kind, part.length);
    } else {
      Position position = part.position;
      if (part.block != nullptr) {
        if (!part.block->position) {
          return;
        }
        position = {part.block->position->pack, part.block->position->byte + position.byte};
      }
      stream.builder.add_chunk(part.id, static_cast<std::uint32_t>(part.length), position);
    }
    stream.parts.pop_front();
  }
}

std::optional<Content> SessionWriter::poll(StreamId stream) {
  Content content;
  {
    const std::lock_guard lock{mutex_};
    const auto found = streams_.find(static_cast<std::uint64_t>(stream));
    AZK_CHECK(found != streams_.end());
    advance(found->second);
    if (!found->second.closed || !found->second.parts.empty()) {
      return std::nullopt;
    }
    content = found->second.builder.finish();
    streams_.erase(found);
  }
  return store_long_list(std::move(content));
}

Content SessionWriter::wait(StreamId stream) {
  if (std::optional<Content> content = poll(stream)) {
    return std::move(*content);
  }
  flush_lane();
  block_stage_->drain();
  std::optional<Content> content = poll(stream);
  AZK_CHECK(content.has_value());
  return std::move(*content);
}

Content SessionWriter::store_long_list(Content content) {
  if (content.extents.size() <= limits::kInlineExtents) {
    return content;
  }
  Piece list;
  list.bytes = encode_extents(content.extents);
  for (std::size_t done = 0; done < list.bytes.size(); done += kListChunkBytes) {
    list.chunk_lengths.push_back(static_cast<std::uint32_t>(
        std::min<std::size_t>(kListChunkBytes, list.bytes.size() - done)));
  }
  content.extents = tree_lane_.put(list).extents;
  content.level = 1;
  return content;
}

Content SessionWriter::put_tree(Piece piece) { return store_long_list(tree_lane_.put(piece)); }

Digest SessionWriter::path_hash(std::string_view key) { return path_hasher_(as_bytes(key)); }

std::optional<Recalled> SessionWriter::recall(std::string_view key) {
  return set_.catalogue().recall(path_hash(key));
}

void SessionWriter::remember(std::string_view key, ByteView record, Remembered from) {
  if (from == Remembered::at_session_end) {
    remembered_at_end_.emplace_back(path_hash(key), Buffer{record.begin(), record.end()});
    return;
  }
  remembered_.emplace_back(path_hash(key), Buffer{record.begin(), record.end()});
  remembered_bytes_ += record.size();
  if (remembered_bytes_ >= kRememberedBytes) {
    flush_remembered();
  }
}

void SessionWriter::flush_remembered() {
  if (remembered_.empty()) {
    return;
  }
  set_.catalogue().remember(remembered_, capture_.identity());
  remembered_.clear();
  remembered_bytes_ = 0;
}

/// A pack that was not finished before this run ended is no more, and a later session may use its
/// number: that one's pack is not the one that was meant.
bool SessionWriter::holds(const Content& content, std::uint32_t session) const {
  return std::all_of(content.extents.begin(), content.extents.end(), [&](const Extent& extent) {
    if (extent.kind != ExtentKind::data) {
      return true;
    }
    const std::optional<std::uint32_t> owner = set_.catalogue().session_of(extent.position.pack);
    return owner && *owner <= session;
  });
}

std::vector<ChunkSignals> SessionWriter::lanes() {
  flush_lane();
  block_stage_->drain();
  const std::lock_guard lock{mutex_};
  return lanes_;
}

CaptureTotals SessionWriter::finish(const Generation& generation) {
  CaptureTotals totals;
  for (const ChunkSignals& lane : lanes()) {
    totals.chunk_bytes += lane.bytes;
    totals.new_chunk_bytes += lane.new_bytes;
  }
  capture_.finish_pack(std::move(data_pack_), false);
  tree_lane_.finish();
  capture_.finish(generation);
  flush_remembered();
  set_.catalogue().remember(remembered_at_end_, capture_.identity());
  totals.packs = capture_.pack_count();
  totals.stored_bytes = capture_.stored_bytes();
  return totals;
}

}  // namespace azekura::vault
