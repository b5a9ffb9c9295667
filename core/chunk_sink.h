#pragma once

#include "core/bytes.h"
#include "core/entry.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace azekura {

/// The keyed values the cutter needs; from the set's dedup key. docs/format.md, section 5.
struct CutterKey {
  std::array<std::uint16_t, 16> low{};  ///< g(b) = low[b & 15] ^ high[b >> 4]
  std::array<std::uint16_t, 16> high{};
  std::array<std::byte, 192> confirm{};  ///< XXH3 secret
};

/// A piece of one stream: whole chunks, in order. `bytes` is their concatenation.
struct Piece {
  Buffer bytes;
  std::vector<std::uint32_t> chunk_lengths;
};

/// What an earlier session remembered.
struct Recalled {
  Buffer record;
  std::uint32_t session = 0;  ///< its number
};

/// From when on a record may count.
enum class Remembered {
  at_once,         ///< as far as the packs of its contents are kept
  at_session_end,  ///< it has contents with a list stored apart, whose packs nobody can see in it
};

enum class StreamId : std::uint64_t {};

/// Seam between chunker and vault: tonight's set takes chunks and says what content they became.
///
/// Streams may be stored many at a time; each is fed in order. Positions of a stream's chunks are
/// known only when their blocks are full, so contents are polled, or awaited at the price of a
/// smaller block.
/// Threads: one caller thread. Errors: vault errors (never SourceError); after one the run ends.
class ChunkSink {
 public:
  ChunkSink() = default;
  ChunkSink(const ChunkSink&) = delete;
  ChunkSink& operator=(const ChunkSink&) = delete;
  virtual ~ChunkSink() = default;

  [[nodiscard]] virtual const CutterKey& cutter_key() const noexcept = 0;

  /// All streams until the next call share a lane of blocks; lanes never share a block.
  virtual void begin_lane() = 0;

  /// Requires: a lane was begun.
  virtual StreamId open_stream() = 0;
  virtual void put(StreamId stream, Piece piece) = 0;
  /// `kind` is hole or zero. Requires: length > 0.
  virtual void put_gap(StreamId stream, ExtentKind kind, std::uint64_t length) = 0;
  virtual void close_stream(StreamId stream) = 0;
  /// The content of a closed stream, once, as soon as it is known; nullopt until then.
  virtual std::optional<Content> poll(StreamId stream) = 0;
  /// The content of a closed stream, once; closes the open block if it must.
  virtual Content wait(StreamId stream) = 0;

  /// Stores an encoded directory, cut by the caller, in the metadata lane.
  virtual Content put_tree(Piece piece) = 0;

  /// What was remembered under `key` for this set, if it is still ours and intact.
  virtual std::optional<Recalled> recall(std::string_view key) = 0;
  /// Remembers `record` under `key`; at once: also if this run ends early. Keys are hashed, records
  /// encrypted: neither shows on the host's disk.
  virtual void remember(std::string_view key, ByteView record, Remembered from) = 0;
  /// True if every pack that the extents of this content, remembered by `session`, lie in is known
  /// to be on the set or in its spool, and of that session or an earlier one.
  [[nodiscard]] virtual bool holds(const Content& content, std::uint32_t session) const = 0;
};

}  // namespace azekura
