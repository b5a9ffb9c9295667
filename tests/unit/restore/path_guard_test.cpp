#include "restore/path_guard.h"

#include "core/error.h"
#include "core/file_io.h"
#include "restore/file_writer.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace azekura::restore {

TEST_CASE("Path guard: takes no name that leads elsewhere") {
  const tests::TempDir directory;
  PathGuard guard{directory.path(), TargetState::empty};
  for (const std::string name : {"", ".", "..", "a/b", "/a"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(guard.make_directory(DirectoryId::target, name), DamageError);
    CHECK_THROWS_AS(guard.create_file(DirectoryId::target, name), DamageError);
    CHECK_THROWS_AS(guard.make_symlink(DirectoryId::target, name, "x"), DamageError);
    CHECK_THROWS_AS(guard.make_node(DirectoryId::target, name, S_IFIFO, 0), DamageError);
    CHECK_THROWS_AS(guard.link(DirectoryId::target, name, DirectoryId::target, "x"), DamageError);
    CHECK_THROWS_AS(guard.remove(DirectoryId::target, name), DamageError);
  }
}

TEST_CASE("Path guard: what is already there is never taken for its own") {
  const tests::TempDir directory;
  PathGuard guard{directory.path(), TargetState::empty};
  CHECK(::symlink("/etc", (directory.path() + "/link").c_str()) == 0);
  replace_file(directory.path() + "/file", as_bytes("x"));
  for (const std::string name : {"link", "file"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(guard.make_directory(DirectoryId::target, name), SystemError);
    CHECK_THROWS_AS(guard.create_file(DirectoryId::target, name), SystemError);
    CHECK_THROWS_AS(guard.make_symlink(DirectoryId::target, name, "x"), SystemError);
    CHECK_THROWS_AS(guard.place(DirectoryId::target, "file", name), SystemError);
  }
  CHECK_THROWS_AS(guard.open_file(DirectoryId::target, "link", O_RDONLY), SystemError);
  guard.make_node(DirectoryId::target, "pipe", S_IFIFO, 0);
  CHECK_THROWS_AS(guard.open_file(DirectoryId::target, "pipe", O_RDONLY), SystemError);
}

TEST_CASE("File writer: a file has its name only once it is placed") {
  const tests::TempDir directory;
  PathGuard guard{directory.path(), TargetState::empty};
  {
    FileWriter writer{guard, DirectoryId::target};
    writer.write(3, as_bytes("def"));
    writer.suspend();
    writer.write(0, as_bytes("abc"));
    CHECK_FALSE(exists(directory.path() + "/name"));
    CHECK(list_directory(directory.path()).size() == 1);
    SUBCASE("placed") {
      writer.place(7, "name", [](int fd) { CHECK(::fchmod(fd, 0640) == 0); });
      const Buffer bytes = read_file(directory.path() + "/name", 100);
      CHECK(as_text(bytes) == std::string_view{"abcdef\0", 7});
    }
    SUBCASE("given up") {}
    SUBCASE("its temporary got a second name meanwhile") {
      writer.suspend();
      const std::string temporary = list_directory(directory.path()).front();
      CHECK(::link((directory.path() + '/' + temporary).c_str(),
                   (directory.path() + "/second").c_str()) == 0);
      CHECK_THROWS_AS(writer.write(0, as_bytes("x")), SystemError);
      remove_file(directory.path() + "/second");
    }
  }
  for (const std::string& name : list_directory(directory.path())) {
    CHECK(name == "name");
  }
}

}  // namespace azekura::restore
