#include "chunker/signal_counter.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace azekura::chunker {

namespace {

Digest digest_of(std::uint64_t number) {
  Digest digest;
  for (std::size_t i = 0; i < 8; ++i) {
    digest.mutable_bytes()[i] = static_cast<std::byte>(number >> (8 * i));
  }
  return digest;
}

Entry file_with(std::string name, std::uint64_t content, std::uint64_t size) {
  Entry entry;
  entry.name = std::move(name);
  entry.content = Content{};
  entry.content->digest = digest_of(content);
  entry.content->size = size;
  return entry;
}

constexpr Before kNothing{Before::Kind::nothing, {}};

Before had(std::uint64_t content) { return {Before::Kind::content, prefix_of(digest_of(content))}; }

}  // namespace

TEST_CASE("Signal counter: files are new, changed or as they were") {
  SignalCounter counter;
  counter.add(file_with("new.a", 1, 10), kNothing);
  counter.add(file_with("changed.b", 2, 20), had(3));
  counter.add(file_with("same.b", 4, 40), had(4));
  Entry other;
  other.kind = EntryKind::directory;
  other.content = Content{};
  counter.add(other, kNothing);
  counter.add(Entry{}, kNothing);  // a file without content
  const TreeSignals signals = counter.take(true);
  CHECK(signals.files == 3);
  CHECK(signals.bytes == 70);
  CHECK(signals.extensions == std::vector<ExtensionCount>{{"b", 2}, {"a", 1}});
  REQUIRE(signals.changes.has_value());
  CHECK(signals.changes->files == 2);
  CHECK(signals.changes->bytes == 30);
  CHECK(signals.changes->extensions == std::vector<ExtensionCount>{{"a", 1}, {"b", 1}});
  CHECK_FALSE(signals.changes->is_partial);
}

TEST_CASE("Signal counter: what is not known to have changed is not counted, and that is said") {
  SignalCounter counter;
  counter.add(file_with("a", 1, 10), Before{});
  const TreeSignals signals = counter.take(true);
  CHECK(signals.files == 1);
  CHECK(signals.changes->files == 0);
  CHECK(signals.changes->is_partial);
  SignalCounter other;
  other.add(file_with("a", 1, 10), Before{});
  CHECK_FALSE(other.take(false).changes.has_value());
}

TEST_CASE("Signal counter: a rename pairs a content that is gone with one that is new") {
  SignalCounter counter;
  for (const std::uint64_t content : {1U, 1U, 1U, 2U, 3U}) {
    counter.add(file_with("n", content, 10), kNothing);
  }
  counter.add(file_with("n", 4, 10), had(5));   // under its own name: no rename
  counter.add(file_with("n", 0, 0), kNothing);  // empty
  for (const std::uint64_t content : {0U, 1U, 1U, 3U, 3U, 4U, 9U}) {
    counter.add_gone(prefix_of(digest_of(content)));
  }
  counter.add_gone(std::nullopt);
  const TreeSignals signals = counter.take(true);
  CHECK(signals.changes->gone == 8);
  CHECK(signals.changes->renamed == 3);
  CHECK_FALSE(signals.changes->is_bounded);
}

TEST_CASE("Signal counter: beyond its bound renames are not compared, and that is said") {
  for (const bool is_new : {false, true}) {
    SignalCounter counter;
    const auto note = [&](std::uint64_t content, bool to_new) {
      if (to_new) {
        counter.add(file_with("n", content, 1), kNothing);
      } else {
        counter.add_gone(prefix_of(digest_of(content)));
      }
    };
    for (std::uint64_t i = 0; i < SignalCounter::kContentsMax; ++i) {
      note(i, is_new);
    }
    note(0, !is_new);
    note(1, !is_new);
    note(SignalCounter::kContentsMax, !is_new);
    SignalCounter full = counter;
    CHECK_FALSE(counter.take(true).changes->is_bounded);
    counter = std::move(full);
    note(SignalCounter::kContentsMax, is_new);
    const TreeSignals signals = counter.take(true);
    CHECK(signals.changes->is_bounded);
    CHECK(signals.changes->renamed == 2);
  }
}

TEST_CASE("Extension counter: the most frequent ones, ties by name") {
  ExtensionCounter counter;
  for (int i = 0; i < 100; ++i) {
    counter.add("x." + std::to_string(i));
  }
  for (int i = 0; i < 5; ++i) {
    counter.add("x.77");
    counter.add("x.B");
    counter.add("no extension");
  }
  const std::vector<ExtensionCount> found = counter.most_frequent();
  REQUIRE(found.size() == kExtensionsMax);
  CHECK(found[0] == ExtensionCount{"77", 6});
  CHECK(found[1] == ExtensionCount{"", 5});
  CHECK(found[2] == ExtensionCount{"b", 5});
  CHECK(found[3] == ExtensionCount{"0", 1});
  CHECK(found[4] == ExtensionCount{"1", 1});
  CHECK(found[5] == ExtensionCount{"10", 1});
  CHECK_FALSE(counter.is_bounded());
}

TEST_CASE("Extension counter: as many kinds as it bears, and those stay exact") {
  ExtensionCounter counter;
  for (std::size_t i = 0; i < ExtensionCounter::kKindsMax; ++i) {
    counter.add("x." + std::to_string(i));
  }
  CHECK_FALSE(counter.is_bounded());
  for (int i = 0; i < 3; ++i) {
    counter.add("x.too many");
    counter.add("x.7");
  }
  CHECK(counter.is_bounded());
  CHECK(counter.most_frequent()[0] == ExtensionCount{"7", 4});
}

}  // namespace azekura::chunker
