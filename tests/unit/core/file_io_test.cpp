#include "core/file_io.h"

#include "core/error.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace azekura {

namespace {
using tests::TempDir;
using Names = std::vector<std::string>;
}  // namespace

TEST_CASE("file_io: replace_file makes and replaces, and leaves no other file") {
  const TempDir dir;
  replace_file(dir.path("file"), as_bytes("old"));
  CHECK(read_file(dir.path("file"), 10) == Buffer{as_bytes("old").begin(), as_bytes("old").end()});
  struct stat info {};
  REQUIRE(::stat(dir.path("file").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  const Buffer fresh = tests::random_bytes(1, 100'000);
  replace_file(dir.path("file"), fresh);
  CHECK(read_file(dir.path("file"), kMiB) == fresh);
  CHECK(list_directory(dir.path()) == Names{"file"});
}

TEST_CASE("file_io: a left-over of an interrupted replacement is no obstacle") {
  const TempDir dir;
  dir.write("file.new", "half");
  replace_file(dir.path("file"), as_bytes("whole"));
  CHECK(as_text(read_file(dir.path("file"), 10)) == "whole");
  CHECK(list_directory(dir.path()) == Names{"file"});
}

TEST_CASE("file_io: replace_file that fails keeps the old file") {
  const TempDir dir;
  dir.make_directory("taken/inside");
  CHECK_THROWS_AS(replace_file(dir.path("taken"), as_bytes("x")), SystemError);
  CHECK(list_directory(dir.path("taken")) == Names{"inside"});
  dir.write("file", "old");
  dir.make_directory("file.new");  // the new content cannot be written
  CHECK_THROWS_AS(replace_file(dir.path("file"), as_bytes("new")), SystemError);
  CHECK(as_text(read_file(dir.path("file"), 10)) == "old");
  CHECK_THROWS_AS(replace_file(dir.path("absent/file"), as_bytes("new")), SystemError);
}

TEST_CASE("file_io: replace_file does not write through a symlink") {
  const TempDir dir;
  dir.write("precious", "old");
  std::filesystem::create_symlink("precious", dir.path("file.new"));
  std::filesystem::create_symlink("precious", dir.path("file"));
  replace_file(dir.path("file"), as_bytes("new"));
  CHECK(as_text(read_file(dir.path("precious"), 10)) == "old");
  CHECK(as_text(read_file(dir.path("file"), 10)) == "new");
}

TEST_CASE("file_io: read_file refuses what is too long, no regular file, or a symlink") {
  const TempDir dir;
  dir.write("file", "12345");
  CHECK(read_file(dir.path("file"), 5).size() == 5);
  CHECK_THROWS_AS(read_file(dir.path("file"), 4), DamageError);
  CHECK_THROWS_AS(read_file(dir.path(), 4), Error);
  REQUIRE(::mkfifo(dir.path("fifo").c_str(), 0600) == 0);
  CHECK_THROWS_AS(read_file(dir.path("fifo"), 4), DamageError);  // and does not wait for a writer
  std::filesystem::create_symlink("file", dir.path("link"));
  CHECK_THROWS_AS(read_file(dir.path("link"), 10), SystemError);
  CHECK_THROWS_AS(read_file(dir.path("absent"), 10), SystemError);
  CHECK_FALSE(read_file_if_any(dir.path("absent"), 10).has_value());
  CHECK_FALSE(read_file_if_any(dir.path("file/below"), 10).has_value());
}

TEST_CASE("file_io: list_directory is sorted bytewise, and empty for what is not there") {
  const TempDir dir;
  for (const char* name : {"b", "a", "Z", ".hidden", "\xFF\xFE", "\xE3\x81\x82"}) {
    dir.write(name, "");
  }
  CHECK(list_directory(dir.path()) == Names{".hidden", "Z", "a", "b", "\xE3\x81\x82", "\xFF\xFE"});
  CHECK(list_directory(dir.path("absent")).empty());
  CHECK_THROWS_AS(list_directory(dir.path("a")), SystemError);
}

TEST_CASE("file_io: reads and writes at offsets take all or say so") {
  const TempDir dir;
  const Buffer bytes = tests::random_bytes(3, 5000);
  UniqueFd file = open_file(dir.path("file"), O_RDWR | O_CREAT | O_EXCL);
  write_all(file.get(), ByteView{bytes}.first(1000), "file");
  write_all_at(file.get(), ByteView{bytes}.subspan(1000), 1000, "file");
  CHECK(file_size(file.get(), "file") == 5000);
  Buffer back(6000);
  CHECK(read_some_at(file.get(), back, 0, "file") == 5000);
  CHECK(equal(ByteView{back}.first(5000), bytes));
  CHECK(read_some_at(file.get(), back, 4990, "file") == 10);
  CHECK(read_some_at(file.get(), back, 9000, "file") == 0);
  file.close();
  CHECK_FALSE(file.is_open());
  CHECK_THROWS_AS(write_all(-1, bytes, "nothing"), SystemError);
}

TEST_CASE("file_io: a full device is of kind space") {
  const UniqueFd full = open_file("/dev/full", O_WRONLY);
  try {
    write_all(full.get(), as_bytes("x"), "full");
    FAIL("a full device took bytes");
  } catch (const SystemError& error) {
    CHECK(error.kind() == ErrorKind::space);
  }
}

TEST_CASE("file_io: copy_range copies to the same place, within a file system and from another") {
  const TempDir dir;
  const Buffer bytes = tests::random_bytes(1, 3 * kMiB);
  replace_file(dir.path("file"), bytes);
  const UniqueFd on_disk = open_file(dir.path("file"), O_RDONLY);
  const UniqueFd in_memory{::memfd_create("file", MFD_CLOEXEC)};
  write_all_at(in_memory.get(), bytes, 0, "file");
  for (const UniqueFd* from : {&on_disk, &in_memory}) {
    const UniqueFd into = open_file(dir.path("copy"), O_RDWR | O_CREAT | O_TRUNC);
    copy_range(from->get(), into.get(), 4096, 2 * kMiB + 1, "file");
    Buffer copied(4096 + 2 * kMiB + 1);
    REQUIRE(read_some_at(into.get(), copied, 0, "copy") == copied.size());
    CHECK(file_size(into.get(), "copy") == copied.size());
    Buffer wanted(4096, std::byte{0});
    append(wanted, ByteView{bytes}.subspan(4096, 2 * kMiB + 1));
    CHECK(copied == wanted);
    CHECK_THROWS_AS(copy_range(from->get(), into.get(), 3 * kMiB - 10, 11, "file"), SystemError);
  }
}

TEST_CASE("file_io: directories and removal") {
  const TempDir dir;
  make_directory(dir.path("a"));
  make_directory(dir.path("a"));  // already there
  dir.write("file", "");
  CHECK_THROWS_AS(make_directory(dir.path("file")), SystemError);
  CHECK_THROWS_AS(make_directory(dir.path("x/y")), SystemError);
  dir.make_directory("a/b/c");
  dir.make_directory("outside");
  dir.write("outside/kept", "");
  std::filesystem::create_directory_symlink(dir.path("outside"), dir.path("a/b/link"));
  remove_tree(dir.path("a"));
  CHECK_FALSE(exists(dir.path("a")));
  CHECK(exists(dir.path("outside/kept")));
  remove_tree(dir.path("a"));
  remove_file(dir.path("absent"));
  remove_file(dir.path("file"));
  CHECK_FALSE(exists(dir.path("file")));
  std::filesystem::create_symlink("nowhere", dir.path("dangling"));
  CHECK(exists(dir.path("dangling")));
}

TEST_CASE("file_io: absolute_path resolves links and works for what is not there yet") {
  const TempDir dir;
  dir.make_directory("real");
  std::filesystem::create_directory_symlink("real", dir.path("link"));
  const std::string real = std::filesystem::canonical(dir.path("real"));
  CHECK(absolute_path(dir.path("link/new/")) == real + "/new");
  CHECK(absolute_path(dir.path("link/../real")) == real);
}

}  // namespace azekura
