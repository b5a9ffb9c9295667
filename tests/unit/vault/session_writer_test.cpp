#include "vault/session_writer.h"

#include "core/limits.h"
#include "tests/support/random_bytes.h"
#include "tests/support/test_site.h"

#include <doctest/doctest.h>

namespace azekura::vault {

namespace {

using tests::random_bytes;
using tests::TestSite;

constexpr std::uint32_t kChunk = 256 * kKiB;

/// Stores noise that fills more than one pack.
Content store_noise(SessionWriter& writer, std::uint64_t seed) {
  writer.begin_lane();
  const StreamId stream = writer.open_stream();
  for (std::uint64_t done = 0; done < limits::kPackDataBytes + 2 * kMiB; done += 4 * kChunk) {
    Piece piece;
    piece.bytes = random_bytes(seed + done, 4 * kChunk);
    piece.chunk_lengths.assign(4, kChunk);
    writer.put(stream, std::move(piece));
  }
  writer.close_stream(stream);
  return writer.wait(stream);
}

Content within(const Extent& extent) {
  Content content;
  content.extents = {extent};
  return content;
}

}  // namespace

TEST_CASE("SessionWriter: what a run remembered outlives its early end, as far as its packs do") {
  TestSite site;
  site.add_set("daily");
  const Buffer record = random_bytes(1, 100);
  Content content;
  {
    MediaSet set{site.site(), "daily", site.observer};
    SessionWriter writer{set, 2};
    content = store_noise(writer, 0);
    writer.remember("folder", record, Remembered::at_once);
    writer.remember("with a list", record, Remembered::at_session_end);
    writer.begin_lane();
  }  // as a crash leaves it: one pack is finished, one is not
  REQUIRE(content.extents.size() == 2);
  const Extent kept = content.extents[0];
  const Extent lost = content.extents[1];

  MediaSet set{site.site(), "daily", site.observer};
  SessionWriter writer{set, 2};
  const auto recalled = writer.recall("folder");
  REQUIRE(recalled);
  CHECK(recalled->record == record);
  CHECK(recalled->session == 1);
  CHECK_FALSE(writer.recall("with a list").has_value());
  CHECK(writer.holds(within(kept), 1));
  CHECK_FALSE(writer.holds(within(lost), 1));

  // A pack that a later session made cannot be the one that was meant, whatever its number.
  const Content later = store_noise(writer, 1000);
  CHECK_FALSE(writer.holds(within(later.extents[0]), 1));
  CHECK(writer.holds(within(later.extents[0]), 2));
}

TEST_CASE("SessionWriter: a pack ended by its many tiny chunks is no longer than they need") {
  TestSite site;
  site.add_set("daily");
  MediaSet set{site.site(), "daily", site.observer};
  SessionWriter writer{set, 2};
  writer.begin_lane();
  const StreamId stream = writer.open_stream();
  constexpr std::uint32_t kPieceChunks = 1U << 14U;
  for (std::uint32_t done = 0; done <= limits::kPackChunksTarget; done += kPieceChunks) {
    Piece piece;
    piece.bytes = random_bytes(done, std::size_t{kPieceChunks} * 8);
    piece.chunk_lengths.assign(kPieceChunks, 8);
    writer.put(stream, std::move(piece));
  }
  writer.close_stream(stream);
  CHECK(writer.wait(stream).extents.size() == 2);
  const CaptureTotals totals = writer.finish({});
  CHECK(totals.new_chunk_bytes == (limits::kPackChunksTarget + kPieceChunks) * 8);
  CHECK(totals.stored_bytes < 12 * kMiB);
}

TEST_CASE("SessionWriter: says of each lane what was cut in it and what of that was new") {
  TestSite site;
  site.add_set("daily");
  MediaSet set{site.site(), "daily", site.observer};
  SessionWriter writer{set, 2};
  const auto put = [&](const Buffer& bytes) {
    const StreamId stream = writer.open_stream();
    writer.put_gap(stream, ExtentKind::zero, 1000);
    Piece piece;
    piece.bytes = bytes;
    piece.chunk_lengths.assign(bytes.size() / kChunk, kChunk);
    writer.put(stream, std::move(piece));
    writer.close_stream(stream);
    return stream;
  };
  const Buffer noise = random_bytes(1, 4 * kChunk);
  Buffer text;
  for (unsigned i = 0; i < 2; ++i) {  // two chunks that differ and compress well
    append(text, random_bytes(100 + i, 16));
    text.resize(text.size() + kChunk - 16, std::byte{'a'});
  }
  writer.begin_lane();
  static_cast<void>(writer.wait(put(noise)));  // makes a block of it, not a lane
  static_cast<void>(put(noise));
  writer.begin_lane();
  static_cast<void>(put(text));
  writer.begin_lane();
  const std::vector<ChunkSignals> lanes = writer.lanes();

  REQUIRE(lanes.size() == 3);
  CHECK(lanes[0] == ChunkSignals{.chunks = 8,
                                 .bytes = 8 * kChunk,
                                 .new_chunks = 4,
                                 .new_bytes = 4 * kChunk,
                                 .stored_bytes = 4 * kChunk + 16});
  CHECK(lanes[1].chunks == 2);
  CHECK(lanes[1].new_bytes == 2 * kChunk);
  CHECK(lanes[1].stored_bytes > 16);
  CHECK(lanes[1].stored_bytes < 4000);
  CHECK(lanes[2] == ChunkSignals{});

  Generation generation;
  generation.site_file = site.site().site_file();
  const CaptureTotals totals = writer.finish(generation);
  CHECK(totals.chunk_bytes == 10 * kChunk);
  CHECK(totals.new_chunk_bytes == 6 * kChunk);
}

}  // namespace azekura::vault
