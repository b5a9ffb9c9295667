#include "chunker/cutter.h"

#include "tests/support/memory_sink.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

namespace azekura::chunker {

namespace {

using tests::make_cutter_key;
using tests::random_bytes;

/// Cuts a stream that arrives in pieces of `step` bytes.
std::vector<std::uint32_t> cut_in_steps(const Cutter& cutter, ByteView stream, std::size_t step) {
  std::vector<std::uint32_t> lengths;
  std::size_t start = 0;
  std::size_t searched = 0;
  for (std::size_t end = 0; end < stream.size();) {
    end = std::min(end + step, stream.size());
    while (const auto length = cutter.find(stream.subspan(start, end - start), start, searched)) {
      lengths.push_back(static_cast<std::uint32_t>(*length));
      start += *length;
      searched = 0;
    }
    searched = end - start;
  }
  if (start < stream.size()) {
    lengths.push_back(static_cast<std::uint32_t>(stream.size() - start));
  }
  return lengths;
}

}  // namespace

TEST_CASE("Cutter: chunk ends do not depend on how the stream is fed") {
  const Cutter cutter{make_cutter_key(7), ChunkTarget::small};
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    CAPTURE(seed);
    const Buffer data = random_bytes(seed, 300'000);
    const std::vector<std::uint32_t> whole = cutter.cut(data);
    CHECK(whole.size() > 5);
    for (const std::size_t step : {17U, 63U, 64U, 65U, 9829U, 9830U, 65536U, 100'000U}) {
      CAPTURE(step);
      CHECK(cut_in_steps(cutter, data, step) == whole);
    }
  }
}

TEST_CASE("Cutter: lengths keep to the limits and to the mean") {
  for (const ChunkTarget target :
       {ChunkTarget::tiny, ChunkTarget::small, ChunkTarget::medium, ChunkTarget::large}) {
    const Cutter cutter{make_cutter_key(3), target};
    CAPTURE(cutter.limits().min);
    const auto bytes = static_cast<std::size_t>(target);
    const std::vector<std::uint32_t> lengths = cutter.cut(random_bytes(11, 300 * bytes));
    CHECK(std::all_of(lengths.begin(), lengths.end() - 1, [&](std::uint32_t length) {
      return length >= bytes * 3 / 5 && length <= bytes * 4;
    }));
    CHECK(std::accumulate(lengths.begin(), lengths.end(), std::size_t{0}) == 300 * bytes);
    // 300 chunks have a mean within 5 standard errors of T.
    CHECK(lengths.size() > 265);
    CHECK(lengths.size() < 345);
  }
}

TEST_CASE("Cutter: equal bytes are cut at the maximum") {
  const Cutter cutter{make_cutter_key(3), ChunkTarget::small};
  const std::vector<std::uint32_t> expected{65536, 65536, 1};
  CHECK(cutter.cut(Buffer(131'073, std::byte{0x20})) == expected);
}

TEST_CASE("Cutter: an inserted byte changes only neighbouring chunks") {
  const Cutter cutter{make_cutter_key(9), ChunkTarget::small};
  Buffer data = random_bytes(5, 2'000'000);
  const std::vector<std::uint32_t> before = cutter.cut(data);
  data.insert(data.begin() + 1'000'000, std::byte{0x5A});
  const std::vector<std::uint32_t> after = cutter.cut(data);

  const auto [head, other] =
      std::mismatch(before.begin(), before.end(), after.begin(), after.end());
  const auto [tail, last] =
      std::mismatch(before.rbegin(), before.rend(), after.rbegin(), after.rend());
  const auto same = (head - before.begin()) + (tail - before.rbegin());
  CHECK(other != after.end());
  CHECK(last != after.rend());
  // Cuts fall in again after few chunks, most of about 120 stay.
  CHECK(same + 20 >= static_cast<std::ptrdiff_t>(before.size()));
}

TEST_CASE("Cutter: another key cuts elsewhere") {
  const Buffer data = random_bytes(5, 500'000);
  const Cutter one{make_cutter_key(1), ChunkTarget::small};
  const Cutter other{make_cutter_key(2), ChunkTarget::small};
  CHECK(one.cut(data) != other.cut(data));

  CutterKey key = make_cutter_key(1);
  key.confirm[10] ^= std::byte{1};
  CHECK(one.cut(data) != Cutter{key, ChunkTarget::small}.cut(data));
}

}  // namespace azekura::chunker
