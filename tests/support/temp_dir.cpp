#include "tests/support/temp_dir.h"

#include "core/error.h"
#include "core/file_io.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace azekura::tests {

TempDir::TempDir() {
  std::string pattern = std::filesystem::temp_directory_path().string() + "/azekura-test-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw SystemError{errno, "make a temporary directory"};
  }
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::path(std::string_view below) const { return path_ + "/" + std::string{below}; }

void TempDir::write(std::string_view below, ByteView bytes) const {
  UniqueFd file = open_file(path(below), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  write_all(file.get(), bytes, path(below));
  file.close();
}

void TempDir::make_directory(std::string_view below) const {
  std::filesystem::create_directories(path(below));
}

}  // namespace azekura::tests
