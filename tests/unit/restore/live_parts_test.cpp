#include "restore/live_parts.h"

#include "core/error.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>

namespace azekura::restore {

namespace {

namespace fs = std::filesystem;

Buffer part_of(ByteView bytes, std::size_t offset, std::size_t count) {
  const ByteView part = bytes.subspan(offset, count);
  return {part.begin(), part.end()};
}

}  // namespace

TEST_CASE("LiveParts: gives parts of files, those of the root itself too") {
  const tests::TempDir dir;
  const Buffer data = tests::random_bytes(1, 100'000);
  fs::create_directories(dir.path("a/b"));
  dir.write("a/b/deep", data);
  dir.write("top", data);
  LiveParts tree{dir.path()};
  CHECK(tree.read("a/b/deep", 0, 10) == part_of(data, 0, 10));
  CHECK(tree.read("a/b/deep", 70'000, 30'000) == part_of(data, 70'000, 30'000));
  CHECK(tree.read("top", 1, 1) == part_of(data, 1, 1));
  CHECK(tree.read("a/b/deep", 5, 10) == part_of(data, 5, 10));
  LiveParts file{dir.path("top")};
  CHECK(file.read("", 99'999, 1) == part_of(data, 99'999, 1));
  CHECK_FALSE(file.read("a", 0, 1).has_value());
}

TEST_CASE("LiveParts: what is not there, too short or no regular file gives nothing") {
  const tests::TempDir dir;
  fs::create_directory(dir.path("folder"));
  dir.write("short", "12345");
  REQUIRE(::mkfifo(dir.path("fifo").c_str(), 0600) == 0);
  LiveParts tree{dir.path()};
  for (const std::string path :
       {"none", "folder", "folder/none", "none/short", "short/x", "fifo", ""}) {
    CAPTURE(path);
    CHECK_FALSE(tree.read(path, 0, 1).has_value());
  }
  CHECK_FALSE(tree.read("short", 0, 6).has_value());
  CHECK_FALSE(tree.read("short", 5, 1).has_value());
  CHECK_FALSE(tree.read("short", UINT64_MAX, 1).has_value());
  CHECK(tree.read("short", 0, 5).has_value());
  CHECK_THROWS_AS(LiveParts{dir.path("gone/more")}, UsageError);
}

TEST_CASE("LiveParts: follows no link below its root") {
  const tests::TempDir dir;
  fs::create_directories(dir.path("outside"));
  fs::create_directories(dir.path("tree/inside"));
  dir.write("outside/file", "outside");
  fs::create_symlink(dir.path("outside/file"), dir.path("tree/file"));
  fs::create_directory_symlink(dir.path("outside"), dir.path("tree/folder"));
  fs::create_directory_symlink("tree", dir.path("root"));
  LiveParts tree{dir.path("root")};
  CHECK_FALSE(tree.read("file", 0, 7).has_value());
  CHECK_FALSE(tree.read("folder/file", 0, 7).has_value());
  dir.write("tree/inside/file", "inside!");
  CHECK(tree.read("inside/file", 0, 7).has_value());
}

}  // namespace azekura::restore
