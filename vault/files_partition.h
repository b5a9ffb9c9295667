#pragma once

#include "vault/medium_layout.h"

#include <string>

namespace azekura::vault {

/// The partition of a medium's files as a device; made known to the kernel if that does not read
/// GPTs by itself.
class FilesPartition {
 public:
  /// Errors: SystemError.
  FilesPartition(std::string device, const MediumLayout& layout);
  FilesPartition(const FilesPartition&) = delete;
  FilesPartition& operator=(const FilesPartition&) = delete;
  ~FilesPartition();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string device_;
  std::string path_;
  unsigned number_;
  bool is_ours_ = false;  ///< we told the kernel of it
};

}  // namespace azekura::vault
