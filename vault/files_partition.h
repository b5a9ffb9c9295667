#pragma once

#include "vault/medium_layout.h"

#include <string>

namespace azekura::vault {

enum class FileSystem { ext4, xfs };

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
  /// What file system it has, as mount calls it; empty if none that is known.
  [[nodiscard]] std::string file_system() const;
  /// Makes one. Errors: MediumError with what the program said.
  void make_file_system(FileSystem kind) const;

 private:
  std::string device_;
  std::string path_;
  unsigned number_;
  bool is_ours_ = false;  ///< we told the kernel of it
};

}  // namespace azekura::vault
