#pragma once

#include "chunker/chunk_ends.h"
#include "core/bytes.h"
#include "core/chunk_sink.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace azekura::chunker {

/// Feeds one stream of a sink: bytes in as they are read, whole chunks and gaps out.
///
/// A chunk of zeros becomes a zero gap. Memory: what was filled in at once, and a chunk; pieces
/// take less than twice their bytes.
/// Lifetime: `sink` and `ends` outlive it. Errors: those of the sink.
class ChunkFeed {
 public:
  /// Opens a stream.
  ChunkFeed(ChunkSink& sink, const ChunkEnds& ends);

  /// Room for the stream's next `count` bytes. Lifetime: until the next call.
  MutableBytes space(std::size_t count);
  /// Takes the first `count` bytes of the room.
  void fill(std::size_t count);
  /// A range that is not stored; ends the chunk in progress.
  void hole(std::uint64_t length);
  /// Ends the stream and closes it in the sink.
  StreamId finish();

  /// Bytes of the stream so far, holes included.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  void put_found_chunks();
  void put_rest();
  Buffer take(std::size_t size);
  void put(Buffer bytes, std::span<const std::uint32_t> lengths);

  ChunkSink& sink_;
  const ChunkEnds& ends_;
  StreamId stream_;
  Buffer buffer_;             ///< begins where the chunk in progress begins
  std::size_t filled_ = 0;    ///< bytes of buffer_ that are the stream's
  std::size_t searched_ = 0;  ///< of these, without a chunk end
  std::uint64_t size_ = 0;
};

}  // namespace azekura::chunker
