#include "chunker/source_file.h"

#include "chunker/cutter.h"
#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/memory_sink.h"
#include "tests/support/random_bytes.h"
#include "tests/support/recording_observer.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace azekura::chunker {

namespace {

using tests::MemorySink;
using tests::TempDir;

std::optional<SourceFile> open_in(const TempDir& dir, const std::string& name) {
  const UniqueFd directory = open_file(dir.path(), O_RDONLY | O_DIRECTORY);
  return SourceFile::open(directory.get(), name, dir.path(name));
}

struct ReadBack {
  Content content;
  Buffer bytes;
  std::uint64_t read_bytes = 0;
  std::uint64_t advanced_bytes = 0;
};

ReadBack read_all(const SourceFile& file) {
  MemorySink sink;
  tests::RecordingObserver observer;
  const Cutter cutter{sink.cutter_key(), ChunkTarget::medium};
  ChunkFeed feed{sink, cutter};
  ReadBack result;
  result.read_bytes = file.read_into(feed, observer);
  result.content = sink.wait(feed.finish());
  result.bytes = sink.read(result.content);
  result.advanced_bytes = observer.advanced_bytes;
  return result;
}

}  // namespace

TEST_CASE("Source file: reads all bytes") {
  const TempDir dir;
  for (const std::size_t size : {0U, 1U, 1U << 20U, (1U << 20U) + 1, 3'000'000U}) {
    CAPTURE(size);
    const Buffer data = tests::random_bytes(size, size);
    dir.write("f", data);
    std::optional<SourceFile> file = open_in(dir, "f");
    REQUIRE(file.has_value());
    const ReadBack result = read_all(*file);
    CHECK(equal(result.bytes, data));
    CHECK(result.read_bytes == size);
    CHECK(result.advanced_bytes == size);
    CHECK_FALSE(file->refresh());
  }
}

TEST_CASE("Source file: holes are kept and not read") {
  const TempDir dir;
  const Buffer data = tests::random_bytes(1, 64 * kKiB);
  UniqueFd fd = open_file(dir.path("f"), O_WRONLY | O_CREAT);
  write_all_at(fd.get(), data, 1 * kMiB, "f");
  write_all_at(fd.get(), data, 4 * kMiB, "f");
  REQUIRE(::ftruncate(fd.get(), 8 * kMiB) == 0);
  REQUIRE(::fsync(fd.get()) == 0);
  const std::optional<SourceFile> file = open_in(dir, "f");
  const ReadBack result = read_all(*file);

  Buffer expected(8 * kMiB, std::byte{0});
  std::copy(data.begin(), data.end(), expected.begin() + 1 * kMiB);
  std::copy(data.begin(), data.end(), expected.begin() + 4 * kMiB);
  CHECK(equal(result.bytes, expected));
  CHECK(result.read_bytes == 128 * kKiB);
  CHECK(result.advanced_bytes == 8 * kMiB);
  std::vector<std::uint64_t> holes;
  for (const Extent& extent : result.content.extents) {
    if (extent.kind == ExtentKind::hole) {
      holes.push_back(extent.length);
    }
  }
  const std::vector<std::uint64_t> expected_holes{1 * kMiB, 3 * kMiB - 64 * kKiB,
                                                  4 * kMiB - 64 * kKiB};
  CHECK(holes == expected_holes);
}

TEST_CASE("Source file: a file that is one hole has one gap") {
  const TempDir dir;
  dir.write("f", "");
  REQUIRE(::truncate(dir.path("f").c_str(), 5'000'000'000) == 0);
  const std::optional<SourceFile> file = open_in(dir, "f");
  MemorySink sink;
  tests::RecordingObserver observer;
  const Cutter cutter{sink.cutter_key(), ChunkTarget::medium};
  ChunkFeed feed{sink, cutter};
  CHECK(file->read_into(feed, observer) == 0);
  const Content content = sink.wait(feed.finish());
  REQUIRE(content.extents.size() == 1);
  CHECK(content.extents[0].kind == ExtentKind::hole);
  CHECK(content.size == 5'000'000'000);
}

TEST_CASE("Source file: a change after opening is noticed") {
  const TempDir dir;
  dir.write("f", "before");
  std::optional<SourceFile> file = open_in(dir, "f");
  CHECK_FALSE(file->refresh());

  SUBCASE("it grows: the bytes counted at opening are read") {
    UniqueFd fd = open_file(dir.path("f"), O_WRONLY | O_APPEND);
    write_all(fd.get(), as_bytes(" and after"), "f");
    CHECK(as_text(read_all(*file).bytes) == "before");
    CHECK(file->refresh());
    CHECK(as_text(read_all(*file).bytes) == "before and after");
  }
  SUBCASE("it shrinks: what is left is read") {
    REQUIRE(::truncate(dir.path("f").c_str(), 3) == 0);
    CHECK(as_text(read_all(*file).bytes) == "bef");
    CHECK(file->refresh());
  }
  SUBCASE("its mode changes") {
    REQUIRE(::chmod(dir.path("f").c_str(), 0600) == 0);
    CHECK(file->refresh());
  }
}

TEST_CASE("Source file: only regular files are opened, and nothing is waited for") {
  const TempDir dir;
  REQUIRE(::mkfifo(dir.path("pipe").c_str(), 0600) == 0);
  CHECK_THROWS_AS(open_in(dir, "pipe"), SourceError);
  dir.write("f", "");
  REQUIRE(::symlink("f", dir.path("link").c_str()) == 0);
  CHECK_THROWS_AS(open_in(dir, "link"), SourceError);
  CHECK_THROWS_AS(open_in(dir, "."), SourceError);
  CHECK_FALSE(open_in(dir, "missing").has_value());
}

}  // namespace azekura::chunker
