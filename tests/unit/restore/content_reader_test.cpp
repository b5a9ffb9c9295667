#include "restore/content_reader.h"

#include "core/file_io.h"
#include "tests/unit/restore/restore_fixture.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace azekura::restore {

namespace {

Buffer read_all(ExtentSource& source, const Content& content, const std::string& spill) {
  Buffer bytes;
  write_content(
      source, content, [&](ByteView piece) { append(bytes, piece); }, SpillFile{spill});
  return bytes;
}

/// Extents scattered over the packs, in another order than they lie.
Content shuffled(tests::MemoryExtents& vault, const Buffer& wanted, std::size_t part) {
  Content content;
  content.size = wanted.size();
  std::vector<Extent> reversed;
  for (std::size_t end = wanted.size(); end > 0; end -= std::min(part, end)) {
    const std::size_t first = end - std::min(part, end);
    reversed.push_back(vault.store(ByteView{wanted}.subspan(first, end - first)).extents.front());
  }
  content.extents.assign(reversed.rbegin(), reversed.rend());
  return content;
}

}  // namespace

TEST_CASE("Content reader: bytes come in file order, wherever they lie") {
  const tests::TempDir directory;
  tests::MemoryExtents vault;
  const Buffer wanted = tests::random_bytes(1, 200'001);
  const Content content = shuffled(vault, wanted, 3000);
  CHECK(read_all(vault, content, directory.path()) == wanted);
  CHECK(read_all(vault, vault.with_list(content), directory.path()) == wanted);
  CHECK(read_all(vault, Content{}, directory.path()).empty());
}

TEST_CASE("Content reader: holes and stored zeros read as zeros") {
  const tests::TempDir directory;
  tests::MemoryExtents vault;
  Content content = vault.store("a");
  content.extents.push_back({ExtentKind::hole, 3 * kMiB, {}, {}});
  content.extents.push_back({ExtentKind::zero, 5, {}, {}});
  content.extents.push_back(vault.store("b").extents.front());
  content.size = 3 * kMiB + 7;
  const Buffer bytes = read_all(vault, content, directory.path());
  REQUIRE(bytes.size() == content.size);
  CHECK(bytes.front() == std::byte{'a'});
  CHECK(bytes.back() == std::byte{'b'});
  CHECK(std::count(bytes.begin(), bytes.end(), std::byte{0}) ==
        static_cast<std::ptrdiff_t>(bytes.size() - 2));
}

TEST_CASE("Content reader: damage stops the output after the last proven byte before it") {
  const tests::TempDir directory;
  tests::MemoryExtents vault;
  const Buffer head = tests::random_bytes(1, 10'000);
  Content content = vault.store(head);
  const std::uint32_t bad = vault.begin_pack();
  content.extents.push_back(vault.store(tests::random_bytes(2, 4000)).extents.front());
  vault.begin_pack();
  content.extents.push_back(vault.store(tests::random_bytes(3, 4000)).extents.front());
  content.size = 18'000;
  vault.damage(bad);
  Buffer bytes;
  const auto keep = [&](ByteView piece) { append(bytes, piece); };
  try {
    write_content(vault, content, keep, SpillFile{directory.path()});
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::damage);
  }
  CHECK(bytes == head);
}

TEST_CASE("Content reader: an extent too large for memory is proven before it is handed out") {
  const tests::TempDir directory;
  tests::MemoryExtents vault{kGiB, kGiB};
  const Buffer wanted = tests::random_bytes(1, 65 * kMiB);
  const Content content = vault.store(wanted);
  REQUIRE(content.extents.size() == 1);
  SUBCASE("intact") { CHECK(read_all(vault, content, directory.path()) == wanted); }
  SUBCASE("damaged") {
    vault.damage(0);
    std::size_t pieces = 0;
    try {
      write_content(
          vault, content, [&](ByteView) { ++pieces; }, SpillFile{directory.path()});
      CHECK(false);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::damage);
    }
    CHECK(pieces == 0);
  }
  CHECK(list_directory(directory.path()).empty());
}

TEST_CASE("Content reader: several extents too large for memory, of any lengths") {
  const tests::TempDir directory;
  tests::MemoryExtents vault{kGiB, kGiB};
  const Buffer wanted = tests::random_bytes(1, 132 * kMiB);
  const std::size_t first = 67 * kMiB;
  Content content = vault.store(ByteView{wanted}.first(first));
  content.extents.push_back(vault.store(ByteView{wanted}.subspan(first)).extents.front());
  content.size = wanted.size();
  REQUIRE(content.extents.size() == 2);
  CHECK(read_all(vault, content, directory.path()) == wanted);
}

TEST_CASE("Content reader: no folder for a spill is an error once one is needed") {
  const tests::TempDir directory;
  tests::MemoryExtents vault{kGiB, kGiB};
  CHECK_NOTHROW(read_all(vault, vault.store("small"), directory.path("absent")));
  const Content large = vault.store(tests::random_bytes(1, 65 * kMiB));
  CHECK_THROWS_AS(read_all(vault, large, directory.path("absent")), SystemError);
}

TEST_CASE("Content reader: extents that do not cover the content are damage") {
  const tests::TempDir directory;
  tests::MemoryExtents vault;
  Content content = vault.store("four");
  content.size = 5;
  CHECK_THROWS_AS(read_all(vault, content, directory.path()), DamageError);
}

TEST_CASE("Content reader: any range of a content, from the chunks that have it") {
  tests::MemoryExtents vault;
  const Buffer wanted = tests::random_bytes(1, 20'001);
  Content content = shuffled(vault, wanted, 3000);
  content.extents.push_back({ExtentKind::hole, 500, {}, {}});
  for (const std::uint64_t offset : {0U, 1U, 999U, 2999U, 3000U, 10'500U, 20'000U}) {
    for (const std::uint32_t length : {1U, 2U, 1000U, 7777U}) {
      CAPTURE(offset);
      CAPTURE(length);
      const auto range = read_range(vault, content.extents, offset, length);
      REQUIRE(range.has_value() == (offset + length <= 20'501));
      if (range) {
        Buffer padded = wanted;
        padded.resize(20'501, std::byte{0});
        CHECK(equal(*range, ByteView{padded}.subspan(offset, length)));
      }
    }
  }
  CHECK_FALSE(read_range(vault, {}, 0, 1).has_value());
}

TEST_CASE("Content reader: a range is not given if any of its chunks is damaged") {
  tests::MemoryExtents vault;
  const Content content = vault.store(tests::random_bytes(2, 4096));
  REQUIRE(content.extents.size() == 1);
  Position at = content.extents.front().position;
  CHECK(is_whole(vault, content));
  at.byte += 2500;
  vault.damage(at);
  CHECK(read_range(vault, content.extents, 0, 2000).has_value());
  CHECK(read_range(vault, content.extents, 3000, 1000).has_value());
  CHECK_FALSE(read_range(vault, content.extents, 1999, 2).has_value());
  CHECK_FALSE(read_range(vault, content.extents, 2100, 1).has_value());
  CHECK_FALSE(is_whole(vault, content));
}

}  // namespace azekura::restore
