#include "chunker/chunk_feed.h"

#include "chunker/cutter.h"
#include "chunker/page_cutter.h"
#include "tests/support/memory_sink.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

namespace azekura::chunker {

namespace {

void feed_bytes(ChunkFeed& feed, ByteView bytes, std::size_t step) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(step, bytes.size());
    const MutableBytes room = feed.space(step);  // more room than is used at the end
    std::copy_n(bytes.begin(), count, room.begin());
    feed.fill(count);
    bytes = bytes.subspan(count);
  }
}

Content content_of(tests::MemorySink& sink, ByteView bytes, std::size_t step) {
  const Cutter cutter{sink.cutter_key(), ChunkTarget::small};
  ChunkFeed feed{sink, cutter};
  feed_bytes(feed, bytes, step);
  CHECK(feed.size() == bytes.size());
  return sink.wait(feed.finish());
}

}  // namespace

TEST_CASE("Chunk feed: what went in comes out, whatever the sizes of reads") {
  for (const std::size_t size : {0U, 1U, 9829U, 9830U, 65535U, 65536U, 65537U, 400'000U}) {
    CAPTURE(size);
    const Buffer data = tests::random_bytes(size, size);
    tests::MemorySink sink;
    const Content whole = content_of(sink, data, 1'000'000);
    CHECK(whole.size == size);
    CHECK(equal(sink.read(whole), data));
    for (const std::size_t step : {1000U, 4096U, 70'000U}) {
      CAPTURE(step);
      CHECK(content_of(sink, data, step).digest == whole.digest);
    }
  }
}

TEST_CASE("Chunk feed: whole chunks of zeros are gaps, zeros inside chunks are data") {
  tests::MemorySink sink;
  Buffer data = tests::random_bytes(1, 100'000);
  data.resize(600'000, std::byte{0});
  append(data, tests::random_bytes(2, 50'000));
  const Content content = content_of(sink, data, 1'000'000);
  CHECK(equal(sink.read(content), data));

  std::uint64_t zero_bytes = 0;
  for (const Extent& extent : content.extents) {
    zero_bytes += extent.kind == ExtentKind::zero ? extent.length : 0;
    CHECK(extent.kind != ExtentKind::hole);
  }
  CHECK(zero_bytes >= 6 * 65536);
  CHECK(zero_bytes % 65536 == 0);
  CHECK(sink.put_bytes == data.size() - zero_bytes);
}

TEST_CASE("Chunk feed: a stream of zeros only is one gap") {
  tests::MemorySink sink;
  const Content content = content_of(sink, Buffer(200'000, std::byte{0}), 1'000'000);
  CHECK(content.size == 200'000);
  CHECK(sink.put_bytes == 0);
  CHECK(std::all_of(content.extents.begin(), content.extents.end(),
                    [](const Extent& extent) { return extent.kind == ExtentKind::zero; }));
}

TEST_CASE("Chunk feed: pieces take less than twice the memory of their bytes") {
  class WeighingSink : public tests::MemorySink {
   public:
    void put(StreamId stream, Piece piece) override {
      CHECK(piece.bytes.capacity() < 2 * piece.bytes.size());
      MemorySink::put(stream, std::move(piece));
    }
  };
  const Buffer data = tests::random_bytes(6, 300'000);
  WeighingSink sink;
  const Cutter cutter{sink.cutter_key(), ChunkTarget::small};
  for (const std::size_t step : {1000U, 20'000U, 300'000U}) {
    CAPTURE(step);
    ChunkFeed feed{sink, cutter};
    for (ByteView rest = data; !rest.empty();) {
      const std::size_t count = std::min(step, rest.size());
      const MutableBytes room = feed.space(500'000);
      std::copy_n(rest.begin(), count, room.begin());
      feed.fill(count);
      rest = rest.subspan(count);
    }
    CHECK(equal(sink.read(sink.wait(feed.finish())), data));
  }
}

TEST_CASE("Chunk feed: a hole ends the chunk in progress") {
  tests::MemorySink sink;
  const Cutter cutter{sink.cutter_key(), ChunkTarget::small};
  const Buffer data = tests::random_bytes(3, 5000);
  ChunkFeed feed{sink, cutter};
  feed_bytes(feed, data, 5000);
  feed.hole(1'000'000);
  feed_bytes(feed, data, 5000);
  const Content content = sink.wait(feed.finish());

  REQUIRE(content.extents.size() == 3);
  CHECK(content.extents[0].length == 5000);
  CHECK(content.extents[1].kind == ExtentKind::hole);
  CHECK(content.extents[1].length == 1'000'000);
  CHECK(content.extents[2] == content.extents[0]);  // found again: equal chunks
  CHECK(content.size == 1'010'000);
}

TEST_CASE("Chunk feed: of a file of pages only what changed is stored anew") {
  tests::MemorySink sink;
  const PageCutter pages{1 * kMiB};
  Buffer data = tests::random_bytes(4, 50 * kPageBytesMin + 100);
  const auto put = [&](std::size_t step, std::size_t hole) {
    ChunkFeed feed{sink, pages};
    if (hole > 0) {
      feed.hole(hole);
    }
    feed_bytes(feed, ByteView{data}.subspan(hole), step);
    Content content = sink.wait(feed.finish());
    CHECK(equal(ByteView{sink.read(content)}.subspan(hole), ByteView{data}.subspan(hole)));
    return content;
  };
  // Where what the sink stored of it last ends: everything is in one pack.
  const auto end_of = [](const Content& content) {
    std::uint64_t end = 0;
    for (const Extent& extent : content.extents) {
      if (extent.kind == ExtentKind::data) {
        end = std::max<std::uint64_t>(end, extent.position.byte + extent.length);
      }
    }
    return end;
  };
  const Content whole = put(300'000, 0);
  CHECK(end_of(whole) == data.size());
  CHECK(put(1000, 0).digest == whole.digest);

  data[7 * kPageBytesMin] ^= std::byte{1};
  data[8 * kPageBytesMin - 1] ^= std::byte{1};
  CHECK(end_of(put(300'000, 0)) == data.size() + kPageBytesMin);

  // A hole may end inside a page: those after it are where they were.
  CHECK(end_of(put(300'000, 3 * kPageBytesMin + 4096)) == data.size() + kPageBytesMin + 4096);
}

TEST_CASE("Page cutter: the larger the file, the larger its pages") {
  const Buffer bytes(2 * kPageBytesMax, std::byte{1});
  const auto length_in = [&](std::uint64_t file_bytes) {
    return PageCutter{file_bytes}.find(bytes, 0, 0).value();
  };
  CHECK(length_in(0) == 8 * kKiB);
  CHECK(length_in(16 * kGiB) == 8 * kKiB);
  CHECK(length_in(16 * kGiB + 1) == 16 * kKiB);
  CHECK(length_in(128 * kGiB) == 64 * kKiB);
  CHECK(length_in(512 * kGiB) == 256 * kKiB);
  CHECK(length_in(1ULL << 62U) == 256 * kKiB);
  CHECK_FALSE(PageCutter{0}.find(ByteView{bytes}.first(8 * kKiB - 1), 0, 0));
}

}  // namespace azekura::chunker
