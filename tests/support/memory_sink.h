#pragma once

#include "core/chunk_sink.h"
#include "core/extent_source.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace azekura::tests {

/// A cutter key from a seed.
CutterKey make_cutter_key(std::uint64_t seed);

/// Keeps chunks in memory, deduplicates them, and gives them back.
///
/// All chunks lie in pack 0. A digest is a keyed checksum over (chunk id, length), not the
/// vault's hash. What is remembered can be recalled at once.
class MemorySink : public ChunkSink, public ExtentSource {
 public:
  explicit MemorySink(std::uint64_t seed = 1) : key_{make_cutter_key(seed)} {}

  /// Called before each put, to change a source while it is read.
  std::function<void()> before_put = [] {};
  /// Contents are known only to those who wait.
  bool contents_come_late = false;
  /// Forgets all packs: nothing is held any more.
  bool has_lost_packs = false;
  /// Number of the session that remembers.
  std::uint32_t session = 1;

  [[nodiscard]] const CutterKey& cutter_key() const noexcept override { return key_; }
  void begin_lane() override { ++lanes; }
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

  void fetch(std::span<const WantedExtent> wanted, ExtentReceiver& receiver) override;
  std::optional<std::string> mismatch(const Content& /*content*/,
                                      std::span<const Extent> /*extents*/) override {
    return std::nullopt;
  }

  std::map<std::string, Remembered> remembered;  ///< by key, from when on it counts

  /// The bytes of a content, holes and zeros included.
  Buffer read(const Content& content);
  /// The entries of a stored directory.
  std::vector<Entry> read_directory(const Entry& directory);
  /// The entry at `path` below `root`, names separated by '/'. Requires: it is there.
  Entry find(const Entry& root, std::string_view path);
  /// Streams opened whose content nobody took.
  [[nodiscard]] std::size_t open_streams() const noexcept { return streams_.size(); }

  std::uint64_t lanes = 0;
  std::uint64_t put_bytes = 0;
  std::uint64_t tree_puts = 0;
  std::uint64_t waits = 0;
  std::map<std::string, Buffer> records;
  std::map<std::string, std::uint32_t> record_sessions;  ///< by key, who remembered it

 private:
  struct Stored {
    ChunkId id;
    std::uint32_t length = 0;
  };
  struct Stream {
    Content content;
    std::vector<Stored> chunks;  ///< of the whole stream
    std::vector<Stored> run;     ///< of its last extent
    bool is_closed = false;
  };
  void put_chunk(Stream& stream, ByteView chunk);
  Content take(StreamId stream);

  CutterKey key_;
  Buffer pack_;
  std::map<std::uint32_t, Stored> stored_;  ///< by position
  std::unordered_map<ChunkId, std::uint32_t, IdHash<ChunkId>> known_;
  std::map<StreamId, Stream> streams_;
  std::uint64_t next_stream_ = 1;
};

}  // namespace azekura::tests
