#include "chunker/directory_listing.h"

#include "core/unique_fd.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace azekura::chunker {

namespace {

UniqueFd open_directory(const std::string& path) {
  return UniqueFd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
}

}  // namespace

TEST_CASE("Directory listing: every name once, sorted, however many there are") {
  const tests::TempDir dir;
  std::vector<std::string> made;
  for (int i = 1000; i < 3000; ++i) {  // several calls' worth
    made.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i % 200), 'n'));
    const UniqueFd file{
        ::open((dir.path() + "/" + made.back()).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    REQUIRE(file.is_open());
  }
  std::sort(made.begin(), made.end());
  std::vector<std::string> names;
  list_names(open_directory(dir.path()).get(), dir.path(), {}, names);
  CHECK(names == made);
}

TEST_CASE("Directory listing: a directory that was removed since it was opened is empty") {
  const tests::TempDir dir;
  const std::string path = dir.path() + "/gone";
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  const UniqueFd fd = open_directory(path);
  REQUIRE(::rmdir(path.c_str()) == 0);
  std::vector<std::string> names;
  CHECK_NOTHROW(list_names(fd.get(), path, {}, names));
  CHECK(names.empty());
}

}  // namespace azekura::chunker
