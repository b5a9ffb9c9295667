#include "restore/file_writer.h"

#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <cstdio>

namespace azekura::restore {

namespace {

/// A file in the making that was closed for a time.
struct Suspended {
  tests::TempDir dir;
  PathGuard guard{dir.path("target"), TargetState::empty};
  FileWriter writer{guard, DirectoryId::target};
  std::string temporary;

  Suspended() {
    writer.write(0, as_bytes("begin"));
    writer.suspend();
    temporary = dir.path("target/" + list_directory(dir.path("target")).at(0));
  }
};

}  // namespace

TEST_CASE("FileWriter: goes on with its own file after it was closed") {
  Suspended f;
  f.writer.write(5, as_bytes("ning"));
  static_cast<void>(f.writer.place(9, "file", [](int) {}));
  CHECK(as_text(read_file(f.dir.path("target/file"), 100)) == "beginning");
}

TEST_CASE("FileWriter: does not go on with another file of that name") {
  Suspended f;
  REQUIRE(std::rename(f.temporary.c_str(), f.dir.path("theirs").c_str()) == 0);
  replace_file(f.temporary, as_bytes("other"));
  FileWriter twin{f.guard, DirectoryId::target};
  CHECK_THROWS_AS(twin.copy_from(f.writer, 0, 5), SystemError);
  CHECK_THROWS_AS(f.writer.write(5, as_bytes("ning")), SystemError);
  CHECK(as_text(read_file(f.temporary, 100)) == "other");
}

}  // namespace azekura::restore
