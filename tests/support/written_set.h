#pragma once

#include "tests/support/test_site.h"

#include <map>
#include <string>
#include <vector>

namespace azekura::tests {

/// A medium after three nights, with trees that fill several leaves, and copies of it to damage.
class WrittenSet {
 public:
  explicit WrittenSet(std::uint64_t seed);
  /// One for all tests of a process that leave its site alone, as it was written.
  static WrittenSet& shared();

  [[nodiscard]] TestSite& site() noexcept { return site_; }
  [[nodiscard]] std::string medium() const { return site_.medium("daily"); }
  /// What restoring the newest snapshot must bring.
  [[nodiscard]] const std::map<std::string, std::string>& newest() const noexcept {
    return newest_;
  }
  /// Puts the medium back as it was written.
  void reset();

  /// The bytes of a file of the medium as it was written.
  [[nodiscard]] const Buffer& written(const std::string& name) const { return written_.at(name); }
  /// Names of the files that the format covers, as they were written.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  TestSite site_;
  std::map<std::string, std::string> newest_;
  std::map<std::string, Buffer> written_;
};

/// All files below a folder, by their name in it.
std::map<std::string, Buffer> files_below(const std::string& folder);

void overwrite(const std::string& path, ByteView bytes);

/// Writes zeros, or ones where there are zeros already, over bytes of a file.
void spoil(const std::string& path, std::uint64_t offset, std::uint64_t bytes);

}  // namespace azekura::tests
