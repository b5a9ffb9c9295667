#include "vault/folder_medium.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace azekura::vault {

namespace {

using Names = std::vector<std::string>;
using tests::random_bytes;
using tests::TempDir;

struct Medium {
  Medium() { dir.make_directory("medium"); }
  TempDir dir;
  FolderMedium medium{(dir.make_directory("medium"), dir.path("medium")), Access::append};

  [[nodiscard]] std::string path(const std::string& name) const {
    return dir.path("medium/" + name);
  }
  [[nodiscard]] std::string text_of(const std::string& name) const {
    const Buffer bytes = read_file(path(name), kMiB);
    return std::string{as_text(bytes)};
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    const std::optional<Buffer> bytes = medium.read(name, kMiB);
    REQUIRE(bytes.has_value());
    return std::string{as_text(*bytes)};
  }
};

}  // namespace

TEST_CASE("FolderMedium: what is appended is there, whole, however long") {
  Medium m;
  FolderMedium& medium = m.medium;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096},
        std::size_t{1'048'576}, std::size_t{25'000'001}}) {
    const std::string name = "packs/00/" + std::to_string(size);
    const Buffer bytes = random_bytes(size, size);
    medium.append(name, bytes);
    CHECK(medium.read(name, size) == bytes);
    CHECK(medium.size_of(name) == size);
    Buffer streamed;
    medium.stream(name, [&](ByteView part) { append(streamed, part); });
    CHECK(streamed == bytes);
    CHECK(file_size(medium.open(name).get(), name) == size);
    struct stat info {};
    REQUIRE(::stat(m.path(name).c_str(), &info) == 0);
    CHECK(info.st_mtim.tv_sec == 946'684'800);  // times say nothing
  }
  medium.commit();
  CHECK(medium.list("tmp").empty());
  CHECK(medium.list("packs/00").size() == 6);
}

TEST_CASE("FolderMedium: one at a time appends, and any number read") {
  const Medium m;
  CHECK_THROWS_AS((FolderMedium{m.path(""), Access::append}), BusyError);
  const FolderMedium reader{m.path(""), Access::read};
  CHECK(reader.list(".").empty());
}

TEST_CASE("FolderMedium: never overwrites; what was there is kept aside, whole") {
  Medium m;
  m.medium.append("label", as_bytes("first"));
  m.medium.append("label", as_bytes("second"));
  m.medium.append("label", as_bytes("third"));
  CHECK(m.text("label") == "third");
  std::vector<std::string> kept;
  for (const std::string& name : m.medium.list(".")) {
    if (name.starts_with("label.stray-")) {
      kept.push_back(m.text(name));
    }
  }
  std::sort(kept.begin(), kept.end());
  CHECK(kept == Names{"first", "second"});
}

TEST_CASE("FolderMedium: an attempt that fails leaves nothing under the name, nor in tmp") {
  Medium m;
  m.medium.append("kept", as_bytes("old"));
  for (const char* name : {"fresh", "kept"}) {
    CHECK_THROWS_AS(m.medium.append(
                        name, 3, [](const auto& write) { write(as_bytes("new")); },
                        [](ByteView bytes) {
                          if (bytes.empty()) {
                            throw DamageError{"not what was meant"};
                          }
                        }),
                    DamageError);
    CHECK_THROWS_AS(m.medium.append(
                        name, 3,
                        [](const auto& write) {
                          write(as_bytes("n"));
                          throw DamageError{"the source is damaged"};
                        },
                        [](ByteView) {}),
                    DamageError);
  }
  CHECK_FALSE(m.medium.size_of("fresh").has_value());
  CHECK(m.text("kept") == "old");
  CHECK(m.medium.list(".") == Names{"kept", "tmp"});
  CHECK(m.medium.list("tmp").empty());
}

TEST_CASE("FolderMedium: what is read back reaches the check in order, then an empty end") {
  Medium m;
  const Buffer bytes = random_bytes(1, 2'500'000);
  Buffer checked;
  int ends = 0;
  m.medium.append(
      "object", bytes.size(), [&](const auto& write) { write(bytes); },
      [&](ByteView part) {
        REQUIRE(ends == 0);
        append(checked, part);
        ends += part.empty() ? 1 : 0;
      });
  CHECK(checked == bytes);
  CHECK(ends == 1);
}

TEST_CASE("FolderMedium: an object of more or fewer bytes than announced is our own bug") {
  Medium m;
  CHECK_THROWS_AS(
      m.medium.append(
          "object", 5, [](const auto& write) { write(as_bytes("1234")); }, [](ByteView) {}),
      InternalError);
  CHECK(m.medium.list(".") == Names{"tmp"});
}

TEST_CASE("FolderMedium: an unfinished append of an earlier run is cleared") {
  Medium m;
  m.medium.append("object", as_bytes("x"));
  m.dir.write("medium/tmp/0123456789abcdef", "half");
  m.medium.clear_unfinished();
  CHECK(m.medium.list("tmp").empty());
  CHECK(m.text("object") == "x");
}

TEST_CASE("FolderMedium: what is not there reads as not there") {
  const Medium m;
  CHECK(m.medium.list("packs").empty());
  CHECK_FALSE(m.medium.size_of("label").has_value());
  CHECK_FALSE(m.medium.read("label", 10).has_value());
  CHECK_FALSE(m.medium.read("a/b/c", 10).has_value());
  CHECK_THROWS_AS(static_cast<void>(m.medium.open("label")), DamageError);
  CHECK_THROWS_AS(m.medium.stream("label", [](ByteView) {}), DamageError);
  CHECK_THROWS_AS(FolderMedium(m.path("absent"), Access::read), MediumError);
  m.dir.write("medium/file", "x");
  CHECK_THROWS_AS(FolderMedium(m.path("file"), Access::read), MediumError);
}

TEST_CASE("FolderMedium: an object beyond its limit is damage, and names are sorted") {
  Medium m;
  for (const char* name : {"b", "a", "c"}) {
    m.medium.append(std::string{"folder/"} + name, as_bytes("12345"));
  }
  CHECK(m.medium.list("folder") == Names{"a", "b", "c"});
  CHECK(m.medium.read("folder/a", 5).has_value());
  CHECK_THROWS_AS(static_cast<void>(m.medium.read("folder/a", 4)), DamageError);
}

TEST_CASE("FolderMedium: a FIFO or a folder in an object's place is not read, and kept aside") {
  Medium m;
  REQUIRE(::mkfifo(m.path("fifo").c_str(), 0600) == 0);
  m.dir.make_directory("medium/folder");
  for (const char* name : {"fifo", "folder"}) {
    CHECK_FALSE(m.medium.size_of(name).has_value());
    CHECK_FALSE(m.medium.read(name, 10).has_value());
    CHECK_THROWS_AS(static_cast<void>(m.medium.open(name)), DamageError);
    CHECK_THROWS_AS(m.medium.stream(name, [](ByteView) {}), DamageError);
    m.medium.append(name, as_bytes("x"));
    CHECK(m.medium.size_of(name) == 1);
  }
  CHECK(m.medium.list(".").size() == 5);  // both, what was in their places, and tmp
}

TEST_CASE("FolderMedium: reading follows no symlink, neither at the end nor on the way") {
  const Medium m;
  m.dir.write("secret", "outside");
  m.dir.make_directory("outside");
  m.dir.write("outside/file", "outside");
  std::filesystem::create_symlink("../secret", m.path("label"));
  std::filesystem::create_directory_symlink("../outside", m.path("packs"));
  CHECK_FALSE(m.medium.read("label", 100).has_value());
  CHECK_FALSE(m.medium.read("packs/file", 100).has_value());
  CHECK_FALSE(m.medium.size_of("packs/file").has_value());
  CHECK(m.medium.list("packs").empty());
  CHECK_THROWS_AS(static_cast<void>(m.medium.open("label")), DamageError);
  CHECK_THROWS_AS(static_cast<void>(m.medium.read("../secret", 100)), MediumError);
}

TEST_CASE("FolderMedium: writing stays beneath the medium, whatever symlinks lie on it") {
  Medium m;
  m.dir.make_directory("outside");
  m.dir.write("outside/00000001", "precious");
  std::filesystem::create_directory_symlink(m.dir.path("outside"), m.path("packs"));
  CHECK_THROWS_AS(m.medium.append("packs/00/00000001", as_bytes("x")), MediumError);
  CHECK_THROWS_AS(m.medium.append("packs/00000001", as_bytes("x")), MediumError);
  CHECK(list_directory(m.dir.path("outside")) == Names{"00000001"});
  CHECK(as_text(read_file(m.dir.path("outside/00000001"), 100)) == "precious");

  std::filesystem::create_symlink(m.dir.path("outside/00000001"), m.path("label"));
  m.medium.append("label", as_bytes("x"));  // the link is renamed, not followed
  CHECK(m.medium.size_of("label") == 1);
  CHECK(as_text(read_file(m.dir.path("outside/00000001"), 100)) == "precious");
}

TEST_CASE("FolderMedium: a tmp folder that is a symlink is neither written through nor cleared") {
  Medium m;
  m.dir.make_directory("outside");
  m.dir.write("outside/kept", "precious");
  std::filesystem::create_directory_symlink(m.dir.path("outside"), m.path("tmp"));
  m.medium.clear_unfinished();
  CHECK_THROWS_AS(m.medium.append("label", as_bytes("x")), MediumError);
  CHECK(list_directory(m.dir.path("outside")) == Names{"kept"});
}

}  // namespace azekura::vault
