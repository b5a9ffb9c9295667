#pragma once

#include "vault/files_partition.h"
#include "vault/folder_medium.h"
#include "vault/private_mount.h"

#include <memory>
#include <string>

namespace azekura::vault {

/// A medium as a person names it: its folder; or its disk, such as /dev/sdb, whose files are then
/// mounted where no other process can reach them (PrivateMount), as long as this lives.
class NamedMedium {
 public:
  /// `name`: also a partition with its files. Errors: SystemError if it cannot be looked at;
  /// MediumError if there is no medium, or it cannot be mounted.
  NamedMedium(const std::string& name, Access access);

  [[nodiscard]] FolderMedium& folder() const noexcept { return *folder_; }
  [[nodiscard]] bool is_disk() const noexcept { return mount_ != nullptr; }

 private:
  void mount(const std::string& device, Access access);

  // In this order: what is mounted ends before its partition is forgotten.
  std::unique_ptr<FilesPartition> partition_;
  std::unique_ptr<PrivateMount> mount_;
  std::unique_ptr<FolderMedium> folder_;
};

}  // namespace azekura::vault
