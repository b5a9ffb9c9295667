#include "chunker/file_cutters.h"

#include "tests/support/memory_sink.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>

namespace azekura::chunker {

namespace {

/// The mean chunk of noise in a file of that size which begins with `mark`.
std::size_t mean_chunk(std::uint64_t file_bytes, std::string_view mark) {
  FileCutters cutters{tests::make_cutter_key(1)};
  Buffer data = tests::random_bytes(7, 8 * kMiB);
  std::ranges::copy(as_bytes(mark), data.begin());
  const ByteView bytes{data};
  const ChunkEnds& ends = cutters.ends_for(file_bytes, bytes.first(kHeadBytes));
  std::size_t chunks = 0;
  std::size_t start = 0;
  while (const auto length = ends.find(bytes.subspan(start), start, 0)) {
    start += *length;
    ++chunks;
  }
  return start / chunks;
}

bool is_about(std::size_t mean, std::size_t target) {
  return mean > target * 4 / 5 && mean < target * 6 / 5;
}

}  // namespace

TEST_CASE("FileCutters: small files have chunks of 4 KiB, others of 16, archives of 256") {
  CHECK(is_about(mean_chunk(kClassifiedBytes - 1, "PK\x03\x04"), 4 * kKiB));
  CHECK(is_about(mean_chunk(kClassifiedBytes, "PK\x03\x04"), 256 * kKiB));
  CHECK(is_about(mean_chunk(kSmallFileBytes - 1, "text"), 4 * kKiB));
  CHECK(is_about(mean_chunk(kSmallFileBytes, "text"), 16 * kKiB));
  CHECK(mean_chunk(kClassifiedBytes, "LUKS\xBA\xBE") == kPageBytesMin);
}

}  // namespace azekura::chunker
