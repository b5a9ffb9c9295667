#include "chunker/chunk_feed.h"

#include "core/error.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace azekura::chunker {

namespace {

/// Comparing the bytes with themselves, one on, lets memcmp do the work.
bool is_zero(ByteView bytes) noexcept {
  return bytes.front() == std::byte{0} &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace

ChunkFeed::ChunkFeed(ChunkSink& sink, const ChunkEnds& ends)
    : sink_{sink}, ends_{ends}, stream_{sink.open_stream()} {}

MutableBytes ChunkFeed::space(std::size_t count) {
  if (buffer_.size() < filled_ + count) {
    buffer_.resize(filled_ + count);
  }
  return MutableBytes{buffer_}.subspan(filled_, count);
}

void ChunkFeed::fill(std::size_t count) {
  AZK_CHECK(count <= buffer_.size() - filled_);
  filled_ += count;
  size_ += count;
  put_found_chunks();
}

void ChunkFeed::hole(std::uint64_t length) {
  put_rest();
  sink_.put_gap(stream_, ExtentKind::hole, length);
  size_ += length;
}

StreamId ChunkFeed::finish() {
  put_rest();
  sink_.close_stream(stream_);
  return stream_;
}

void ChunkFeed::put_found_chunks() {
  std::vector<std::uint32_t> lengths;
  std::size_t start = 0;
  const std::uint64_t offset = size_ - filled_;
  ByteView rest = ByteView{buffer_}.first(filled_);
  while (const std::optional<std::size_t> length = ends_.find(rest, offset + start, searched_)) {
    lengths.push_back(static_cast<std::uint32_t>(*length));
    start += *length;
    rest = rest.subspan(*length);
    searched_ = 0;
  }
  searched_ = rest.size();
  if (!lengths.empty()) {
    put(take(start), lengths);
  }
}

void ChunkFeed::put_rest() {
  if (filled_ == 0) {
    return;
  }
  const auto length = static_cast<std::uint32_t>(filled_);  // shorter than a longest chunk
  searched_ = 0;
  put(take(filled_), {&length, 1});
}

/// The first `size` of the filled bytes, which leave the buffer.
Buffer ChunkFeed::take(std::size_t size) {
  const ByteView taken = ByteView{buffer_}.first(size);
  const ByteView rest = ByteView{buffer_}.subspan(size, filled_ - size);
  filled_ = rest.size();
  if (size <= buffer_.capacity() / 2) {
    // A command prints little at a time: the room stays, to be used again.
    Buffer copy{taken.begin(), taken.end()};
    std::copy(rest.begin(), rest.end(), buffer_.begin());
    return copy;
  }
  Buffer next{rest.begin(), rest.end()};
  buffer_.resize(size);
  return std::exchange(buffer_, std::move(next));
}

void ChunkFeed::put(Buffer bytes, std::span<const std::uint32_t> lengths) {
  Piece data;
  std::uint64_t zeros = 0;
  bool has_zeros = false;
  std::size_t start = 0;
  const auto put_data = [&](std::size_t end) {
    if (!data.chunk_lengths.empty()) {
      const ByteView run = ByteView{bytes}.subspan(start, end - start);
      data.bytes.assign(run.begin(), run.end());
      sink_.put(stream_, std::exchange(data, Piece{}));
    }
    start = end;
  };
  const auto put_zeros = [&](std::size_t end) {
    if (zeros > 0) {
      sink_.put_gap(stream_, ExtentKind::zero, std::exchange(zeros, 0));
      start = end;
    }
  };
  std::size_t at = 0;
  for (const std::uint32_t length : lengths) {
    if (is_zero(ByteView{bytes}.subspan(at, length))) {
      put_data(at);
      zeros += length;
      has_zeros = true;
    } else {
      put_zeros(at);
      data.chunk_lengths.push_back(length);
    }
    at += length;
  }
  if (has_zeros) {
    put_data(at);
    put_zeros(at);
  } else {
    data.bytes = std::move(bytes);
    sink_.put(stream_, std::move(data));
  }
}

}  // namespace azekura::chunker
