#pragma once

#include "core/bytes.h"

#include <string>
#include <string_view>

namespace azekura::tests {

/// An empty directory of its own for one test; removed with all below it.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string path(std::string_view below) const;

  /// Creates or replaces a file; its directory must exist.
  void write(std::string_view below, ByteView bytes) const;
  void write(std::string_view below, std::string_view text) const { write(below, as_bytes(text)); }
  /// Creates a directory, and those above it.
  void make_directory(std::string_view below) const;

 private:
  std::string path_;
};

}  // namespace azekura::tests
