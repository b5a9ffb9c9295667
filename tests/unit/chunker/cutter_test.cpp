#include "chunker/cutter.h"

#include "core/ids.h"
#include "tests/support/memory_sink.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <numeric>
#include <string>

namespace azekura::chunker {

namespace {

using tests::make_cutter_key;
using tests::random_bytes;

Buffer text_bytes(const nlohmann::json& words, std::uint64_t seed, std::size_t size) {
  tests::RandomNumbers numbers{seed};
  std::string text;
  while (text.size() < size) {
    const std::uint64_t number = numbers.next();
    text += words[number & 15U].get<std::string>();
    text += (number >> 4U & 7U) != 0 ? ' ' : '\n';
  }
  text.resize(size);
  const ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

Buffer data_of(const nlohmann::json& vector, const nlohmann::json& words) {
  const auto kind = vector.at("data").get<std::string>();
  const auto size = vector.at("size").get<std::size_t>();
  const auto seed = vector.at("seed").get<std::uint64_t>();
  if (kind == "random") {
    return random_bytes(seed, size);
  }
  return kind == "text" ? text_bytes(words, seed, size) : Buffer(size, std::byte{0});
}

CutterKey key_of(const nlohmann::json& vector) {
  CutterKey key;
  const auto load = [&](const char* name, void* target, std::size_t size) {
    const Buffer bytes = from_hex(vector.at(name).get<std::string>());
    REQUIRE(bytes.size() == size);
    std::memcpy(target, bytes.data(), size);
  };
  load("low", key.low.data(), sizeof key.low);
  load("high", key.high.data(), sizeof key.high);
  load("confirm", key.confirm.data(), sizeof key.confirm);
  return key;
}

/// Cuts a stream that arrives in pieces of `step` bytes.
std::vector<std::uint32_t> cut_in_steps(const Cutter& cutter, ByteView stream, std::size_t step) {
  std::vector<std::uint32_t> lengths;
  std::size_t start = 0;
  std::size_t searched = 0;
  for (std::size_t end = 0; end < stream.size();) {
    end = std::min(end + step, stream.size());
    while (const auto length = cutter.find_end(stream.subspan(start, end - start), searched)) {
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

TEST_CASE("Cutter: published vectors") {
  std::ifstream file{AZEKURA_GOLDEN_DIR "/cutter.json"};
  REQUIRE(file.good());
  const nlohmann::json golden = nlohmann::json::parse(file);
  REQUIRE(golden.at("vectors").size() >= 10);
  for (const nlohmann::json& vector : golden.at("vectors")) {
    CAPTURE(vector.at("data").get<std::string>());
    CAPTURE(vector.at("size").get<std::size_t>());
    const Cutter cutter{key_of(vector), ChunkTarget{vector.at("target").get<std::uint32_t>()}};
    CHECK(cutter.cut(data_of(vector, golden.at("words"))) ==
          vector.at("lengths").get<std::vector<std::uint32_t>>());
  }
}

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
  for (const ChunkTarget target : {ChunkTarget::small, ChunkTarget::medium, ChunkTarget::large}) {
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
