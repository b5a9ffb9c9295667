#pragma once

#include "vault/files_partition.h"
#include "vault/folder_medium.h"
#include "vault/private_mount.h"

#include <memory>
#include <string>

namespace azekura::vault {

/// A medium as a person names it: its folder; or its disk, such as /dev/sdb, whose files are then
/// mounted where no other process can reach them (PrivateMount), as long as this lives.
///
/// In two steps, between which a process confines itself: it mounts nothing after, and reads
/// nothing of a medium before.
class NamedMedium {
 public:
  /// Mounts it if it is a disk; `name` may also be a partition with its files. Errors: SystemError
  /// if the disk cannot be looked at; MediumError if it cannot be mounted.
  NamedMedium(std::string name, Access access);
  /// Opens its folder. Errors: MediumError if there is none.
  void open();

  /// Requires: it is open.
  [[nodiscard]] FolderMedium& folder() const noexcept { return *folder_; }
  [[nodiscard]] bool is_disk() const noexcept { return mount_ != nullptr; }
  /// Where its folder is for this process, also if it is mounted nowhere.
  [[nodiscard]] std::string own_path() const;

 private:
  void mount();

  std::string name_;
  Access access_;
  // In this order: what is mounted ends before its partition is forgotten.
  std::unique_ptr<FilesPartition> partition_;
  std::unique_ptr<PrivateMount> mount_;
  std::unique_ptr<FolderMedium> folder_;
};

}  // namespace azekura::vault
