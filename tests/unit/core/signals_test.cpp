#include "core/signals.h"

#include "core/error.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <utility>

namespace azekura {

namespace {

Signals all_signals() {
  Signals signals;
  signals.chunks = {.chunks = 9, .bytes = 90, .new_chunks = 8, .new_bytes = 80, .stored_bytes = 99};
  TreeSignals& tree = signals.tree.emplace();
  tree.files = 10;
  tree.bytes = 100;
  tree.extensions = {{"txt", 4}, {"", 2}, {"\xFF\n", 2}, {"png", 1}};
  tree.is_bounded = true;
  ChangeSignals& changes = tree.changes.emplace();
  changes.files = 5;
  changes.bytes = 50;
  changes.gone = 4;
  changes.renamed = 3;
  changes.extensions = {{"locked", 5}};
  changes.is_partial = true;
  changes.is_bounded = true;
  return signals;
}

Buffer form_of(const Signals& signals) {
  ByteWriter out;
  encode_signals(out, signals);
  return out.take();
}

Signals signals_in(ByteView bytes) {
  ByteReader in{bytes, "signals"};
  Signals signals = decode_signals(in);
  in.expect_end();
  return signals;
}

}  // namespace

TEST_CASE("Signals: every shape round trips") {
  Signals signals = all_signals();
  CHECK(signals_in(form_of(signals)) == signals);
  for (unsigned flags = 0; flags < 8; ++flags) {
    signals.tree->is_bounded = (flags & 1U) != 0;
    signals.tree->changes->is_partial = (flags & 2U) != 0;
    signals.tree->changes->is_bounded = (flags & 4U) != 0;
    CHECK(signals_in(form_of(signals)) == signals);
  }
  signals.tree->changes.reset();
  CHECK(signals_in(form_of(signals)) == signals);
  signals.tree.reset();
  CHECK(signals_in(form_of(signals)) == signals);
  CHECK(signals_in(form_of({})) == Signals{});
}

TEST_CASE("Signals: cut off at any byte they are refused") {
  const Buffer bytes = form_of(all_signals());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_THROWS_AS(signals_in(ByteView{bytes}.first(size)), DamageError);
  }
}

TEST_CASE("Signals: damaged bytes either do not decode or are what they decode to") {
  const Buffer good = form_of(all_signals());
  for (std::size_t at = 0; at < good.size() * 8; ++at) {
    Buffer bytes = good;
    bytes[at / 8] ^= static_cast<std::byte>(1U << at % 8);
    Buffer again;
    try {
      again = form_of(signals_in(bytes));
    } catch (const DamageError&) {
      continue;
    }
    REQUIRE(again == bytes);
  }
}

TEST_CASE("Signals: what does not add up or has no place is refused") {
  const auto refused = [](const std::function<void(Signals&)>& change) {
    Signals signals = all_signals();
    change(signals);
    CHECK_THROWS_AS(signals_in(form_of(signals)), DamageError);
  };
  constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();
  refused([](Signals& s) { s.chunks.new_chunks = 10; });
  refused([](Signals& s) { s.chunks.new_bytes = 91; });
  refused([](Signals& s) { s.tree->changes->files = 11; });
  refused([](Signals& s) { s.tree->changes->bytes = 101; });
  refused([](Signals& s) { s.tree->changes->renamed = 5; });
  refused([](Signals& s) {
    s.tree->changes->gone = 9;
    s.tree->changes->renamed = 6;
  });
  refused([](Signals& s) { s.tree->files = 8; });
  refused([](Signals& s) { s.tree->changes->extensions[0].files = 6; });
  refused([](Signals& s) { s.tree->extensions[0].files = kHuge; });
  refused([](Signals& s) { s.tree->extensions.push_back({"none", 0}); });
  refused([](Signals& s) { std::swap(s.tree->extensions[0], s.tree->extensions[1]); });
  refused([](Signals& s) { std::swap(s.tree->extensions[1], s.tree->extensions[2]); });
  refused([](Signals& s) { s.tree->extensions[3].extension = "txt"; });
  for (const char* text : {"A", "a.b", "a/b", "12345678901234567"}) {
    refused([&](Signals& s) { s.tree->extensions[0].extension = text; });
  }
  refused([](Signals& s) { s.tree->extensions[0].extension = std::string(1, '\0'); });
}

TEST_CASE("Signals: at most so many extensions are listed") {
  Signals signals = all_signals();
  signals.tree->files = 1000;
  signals.tree->extensions.clear();
  for (std::size_t i = 0; i < kExtensionsMax; ++i) {
    signals.tree->extensions.push_back({std::to_string(100 + i), 1});
  }
  CHECK(signals_in(form_of(signals)) == signals);
  signals.tree->extensions.push_back({"z", 1});
  CHECK_THROWS_AS(signals_in(form_of(signals)), DamageError);
}

TEST_CASE("Signals: flags without what they are about are refused") {
  for (unsigned flags = 0; flags < 256; ++flags) {
    Buffer bytes = form_of({});
    bytes[0] = static_cast<std::byte>(flags);
    bytes.resize(200);  // enough for every shape
    std::fill(bytes.begin() + 1, bytes.end(), std::byte{0});
    ByteReader in{bytes, "signals"};
    const bool is_possible = flags == 0 || (flags < 32 && (flags & 1U) != 0 &&
                                            ((flags & 2U) != 0 || (flags & 12U) == 0));
    CAPTURE(flags);
    if (is_possible) {
      CHECK_NOTHROW(decode_signals(in));
    } else {
      CHECK_THROWS_AS(decode_signals(in), DamageError);
    }
  }
}

TEST_CASE("extension_of: what follows the last dot, in lower case, bounded") {
  CHECK(extension_of("a.TXT") == "txt");
  CHECK(extension_of("archive.tar.Gz") == "gz");
  CHECK(extension_of(".profile").empty());
  CHECK(extension_of("..x") == "x");
  CHECK(extension_of("none").empty());
  CHECK(extension_of("dot.").empty());
  CHECK(extension_of("").empty());
  CHECK(extension_of("a.\xC3\x84\n") == "\xC3\x84\n");
  CHECK(extension_of("a.1234567890ABCDEFG") == "1234567890abcdef");
}

}  // namespace azekura
