#pragma once

#include "core/bytes.h"
#include "core/ids.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace azekura {

enum class ExtentKind : std::uint8_t {
  data = 1,  ///< chunks at a position
  hole = 2,  ///< a range the file system does not store
  zero = 3,  ///< stored zeros
};

/// A run of bytes of one stream. docs/format.md, section 9.
struct Extent {
  ExtentKind kind = ExtentKind::data;
  std::uint64_t length = 0;
  Position position;  ///< data only
  Digest digest;      ///< data only: over its (chunk id, length) list

  bool operator==(const Extent&) const = default;
};

/// What a stream of bytes is made of, in order, and its digest.
struct Content {
  std::uint64_t size = 0;
  Digest digest;
  /// 0: `extents` are the stream. 1: `extents` are the bytes of the encoded extent list.
  std::uint8_t level = 0;
  std::vector<Extent> extents;

  bool operator==(const Content&) const = default;
};

enum class EntryKind : std::uint8_t {
  file = 1,
  directory = 2,
  symlink = 3,
  block_device = 4,
  character_device = 5,
  fifo = 6,
  socket = 7,
};

/// Seconds since 1970 and nanoseconds in [0, 1e9).
struct Timestamp {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;

  auto operator<=>(const Timestamp&) const = default;
};

struct DeviceNumber {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;

  bool operator==(const DeviceNumber&) const = default;
};

/// Entries of one snapshot with equal `id` are names of one file; the first in tree order has
/// the content, the others have it, too, or none (docs/format.md, section 10).
struct HardLink {
  std::uint64_t id = 0;
  std::uint32_t names = 0;  ///< link count when it was read

  bool operator==(const HardLink&) const = default;
};

/// Why an entry is not all that it was. docs/format.md, section 10.
enum class EntryFlaw : std::uint8_t {
  none = 0,
  unreadable = 1,          ///< content or listing could not be read; it is absent or short
  changed_while_read = 2,  ///< content may mix two states
};

/// One file-system object of a tree.
struct Entry {
  std::string name;  ///< raw bytes; empty only for the root of a tree
  EntryKind kind = EntryKind::file;
  std::uint32_t mode = 0;  ///< permission, set-id and sticky bits (07777)
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  Timestamp modified;
  std::optional<Content> content;  ///< files and directories
  std::string link_target;         ///< symlinks
  std::optional<DeviceNumber> device;
  std::optional<HardLink> hard_link;
  std::string user;                                    ///< owner's name, empty if unknown
  std::string group;                                   ///< group's name, empty if unknown
  std::vector<std::pair<std::string, Buffer>> xattrs;  ///< sorted by name
  std::optional<Timestamp> born;
  std::uint32_t attribute_flags = 0;  ///< FS_IOC_GETFLAGS
  EntryFlaw flaw = EntryFlaw::none;

  bool operator==(const Entry&) const = default;
};

}  // namespace azekura
