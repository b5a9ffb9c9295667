#pragma once

#include "core/chunk_sink.h"
#include "core/ordered_stage.h"
#include "core/signals.h"
#include "vault/capture.h"
#include "vault/content_builder.h"
#include "vault/tree_lane.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace azekura::vault {

/// What a capture read and stored.
struct CaptureTotals {
  std::uint64_t chunk_bytes = 0;      ///< bytes of all chunks put
  std::uint64_t new_chunk_bytes = 0;  ///< of these, in chunks the set did not have
  std::uint64_t stored_bytes = 0;     ///< length of the pack files made
  std::uint32_t packs = 0;
};

/// Captures one session into the spool of a media set: the ChunkSink of tonight.
///
///     put, in batches → [hash, many threads] → look up, group into blocks → [compress, many
///     threads]
///         → place into the pack, encrypt, write
///
/// Both stages deliver in the order of put, so equal input gives equal blocks in equal order.
class SessionWriter final : public ChunkSink {
 public:
  /// Makes the session's header durable in the spool. Lifetime: `set` outlives it.
  SessionWriter(MediaSet& set, unsigned threads);
  SessionWriter(const SessionWriter&) = delete;
  SessionWriter& operator=(const SessionWriter&) = delete;
  ~SessionWriter() override;

  [[nodiscard]] const CutterKey& cutter_key() const noexcept override { return cutter_key_; }
  void begin_lane() override;
  StreamId open_stream() override;
  void put(StreamId stream, Piece piece) override;
  void put_gap(StreamId stream, ExtentKind kind, std::uint64_t length) override;
  void close_stream(StreamId stream) override;
  std::optional<Content> poll(StreamId stream) override;
  Content wait(StreamId stream) override;
  Content put_tree(Piece piece) override;
  std::optional<Recalled> recall(std::string_view key) override;
  void remember(std::string_view key, ByteView record, Remembered from) override;
  [[nodiscard]] bool holds(const Content& content, std::uint32_t session) const override;

  /// What was cut in each lane so far, in the order they began; waits until all of it is placed.
  [[nodiscard]] std::vector<ChunkSignals> lanes();
  /// Finishes all packs and makes the manifest durable: the session waits in the spool.
  CaptureTotals finish(const Generation& generation);
  [[nodiscard]] const SessionIdentity& identity() const noexcept { return capture_.identity(); }

 private:
  struct BlockPlace;
  struct Part;
  struct Stream;
  struct StreamPart;
  struct HashJob;
  struct BlockJob;

  void add(StreamPart part);
  void flush_lane();
  void flush_batch();
  void look_up(const StreamPart& part);
  Part locate(const ChunkId& id, ByteView chunk);
  void flush_block();
  void place(BlockJob&& job);
  static void advance(Stream& stream);
  [[nodiscard]] Content store_long_list(Content content);
  [[nodiscard]] Digest path_hash(std::string_view key);
  void flush_remembered();

  MediaSet& set_;
  Capture capture_;
  CutterKey cutter_key_;
  Hmac chunk_hasher_;
  Hmac path_hasher_;
  TreeLane tree_lane_;
  std::uint64_t next_stream_ = 1;
  std::vector<std::pair<Digest, Buffer>> remembered_;
  std::size_t remembered_bytes_ = 0;
  std::vector<std::pair<Digest, Buffer>> remembered_at_end_;

  std::mutex mutex_;  // guards streams_, unfinished_ and lanes_
  std::unordered_map<std::uint64_t, Stream> streams_;
  /// Chunks of blocks whose pack is not finished: the catalogue does not know them yet.
  struct Unfinished;
  std::unordered_map<ChunkId, Unfinished, IdHash<ChunkId>> unfinished_;
  std::vector<ChunkSignals> lanes_;  ///< the last is the one that chunks are put in

  std::unique_ptr<HashJob> batch_;         ///< filled by the caller's thread
  std::unique_ptr<BlockJob> open_block_;   ///< filled by the hash stage's deliveries
  std::unique_ptr<PackWriter> data_pack_;  ///< filled by the block stage's deliveries

  // Last, so that their threads end before what they use; the fed one ends after its feeder.
  std::unique_ptr<OrderedStage<BlockJob>> block_stage_;
  std::unique_ptr<OrderedStage<HashJob>> hash_stage_;
};

}  // namespace azekura::vault
