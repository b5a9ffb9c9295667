#pragma once

#include "core/error.h"
#include "core/unique_fd.h"

#include <optional>
#include <string>

namespace azekura::restore {

/// Where an extent too large for memory is kept until it is proven: an unnamed file in a directory.
///
/// It is opened at once, because a process that reads a medium opens nothing for writing any more.
class SpillFile {
 public:
  explicit SpillFile(std::string directory);

  /// Errors: SystemError if it could not be opened.
  [[nodiscard]] int fd() const;
  /// For messages.
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

 private:
  std::string directory_;
  UniqueFd file_;
  std::optional<SystemError> failure_;  ///< told once the file is needed
};

}  // namespace azekura::restore
