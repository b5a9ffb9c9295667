#include "chunker/cutter.h"
#include "core/ids.h"
#include "tests/support/gear_form.h"
#include "tests/support/random_bytes.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace azekura::chunker {

namespace {

using Words = std::vector<std::string>;

Buffer data_of(const nlohmann::json& vector, const Words& words) {
  const auto kind = vector.at("data").get<std::string>();
  const auto size = vector.at("size").get<std::size_t>();
  const auto seed = vector.at("seed").get<std::uint64_t>();
  if (kind == "random") {
    return tests::random_bytes(seed, size);
  }
  return kind == "text" ? tests::random_text(words, seed, size) : Buffer(size, std::byte{0});
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

}  // namespace

TEST_CASE("Cutter: published vectors") {
  std::ifstream file{AZEKURA_GOLDEN_DIR "/cutter.json"};
  REQUIRE(file.good());
  const nlohmann::json golden = nlohmann::json::parse(file);
  REQUIRE(golden.at("vectors").size() >= 10);
  for (const nlohmann::json& vector : golden.at("vectors")) {
    CAPTURE(vector.at("data").get<std::string>());
    CAPTURE(vector.at("size").get<std::size_t>());
    const Cutter cutter{key_of(vector), ChunkTarget{vector.at("target").get<std::uint32_t>()},
                        tests::tested_gear_scan()};
    CHECK(cutter.cut(data_of(vector, golden.at("words").get<Words>())) ==
          vector.at("lengths").get<std::vector<std::uint32_t>>());
  }
}

}  // namespace azekura::chunker
