#pragma once

#include "core/unique_fd.h"
#include "vault/folder_medium.h"

#include <string>

namespace azekura::vault {

/// A file system that is mounted nowhere: it has no path, no other process can reach it, and it is
/// unmounted when its last descriptor is closed, however the process ends. nodev, nosuid, noexec,
/// nosymfollow, noatime.
///
/// Source: fsopen(2), fsmount(2); ADR 0021.
/// Errors: MediumError if it has no file system of ours, or the kernel does not mount it.
class PrivateMount {
 public:
  PrivateMount(const std::string& partition, Access access);

  /// A path of its root folder for this process, while this lives.
  [[nodiscard]] std::string own_path() const;
  /// A new descriptor of its root folder.
  [[nodiscard]] UniqueFd folder() const;

 private:
  UniqueFd mount_;
};

}  // namespace azekura::vault
