#pragma once

#include "core/entry.h"

#include <cstdint>
#include <optional>
#include <string>

namespace azekura::chunker {

/// One state of one file-system object: the kernel changes it whenever content or metadata do.
struct FileState {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  Timestamp modified;
  Timestamp changed;
  Timestamp born;  ///< zero where the file system does not know; tells reused inodes apart

  bool operator==(const FileState&) const = default;
};

/// What one look at an object shows.
struct ObjectStatus {
  FileState state;
  EntryKind kind = EntryKind::file;
  std::uint32_t mode = 0;  ///< 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t links = 0;
  DeviceNumber device;  ///< of a device node
  std::optional<Timestamp> born;
  std::uint64_t stored_bytes = 0;  ///< fewer than state.size if there are holes
  std::uint64_t mount = 0;         ///< which mount it is on
};

/// Looks at `name` in `directory` without following a link or mounting anything; an empty name
/// means `directory` itself.
///
/// Returns nullopt if there is no such name. Errors: SourceError about `path`.
std::optional<ObjectStatus> look_at(int directory, const std::string& name,
                                    const std::string& path);

}  // namespace azekura::chunker
