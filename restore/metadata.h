#pragma once

#include "core/bytes.h"
#include "core/entry.h"
#include "restore/report.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace azekura::restore {

/// What a restore may bring back.
enum class RestoreMode {
  data,    ///< no set-id bits on files, file capabilities, trusted.* attributes or devices
  system,  ///< everything: for rebuilding a machine
};

/// The metadata of an entry, without its name and content.
struct Attributes {
  EntryKind kind = EntryKind::file;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  Timestamp modified;
  std::uint32_t flags = 0;  ///< those of FS_IOC_SETFLAGS that a person may have asked for
  std::vector<std::pair<std::string, Buffer>> xattrs;
};

Attributes attributes_of(const Entry& entry);

bool is_device(EntryKind kind) noexcept;
/// What an object of this kind is to a restore that does not make it; nullopt if it is made.
std::optional<Lack> left_out_by(RestoreMode mode, EntryKind kind) noexcept;
/// Takes the flags from an open file or directory that forbid to change or remove it, if they can
/// be taken.
void unlock(int fd) noexcept;
/// Only root makes devices, sets other owners, capabilities, trusted attributes.
bool is_root() noexcept;

/// Sets owner, attributes, mode and time, in the order in which none undoes another.
///
/// What cannot be set is reported and the rest goes on; nothing is thrown for it. Set-id bits are
/// never given to an object whose owner could not be set. `path` is for reports.
/// Lifetime: the reporter outlives it.
class MetadataApplier {
 public:
  MetadataApplier(RestoreMode mode, Reporter& reporter);

  /// A file or directory, through any descriptor that may set them. All but flags.
  void apply(int fd, const Attributes& attributes, const std::string& path);
  /// A symbolic link, FIFO or device, through an O_PATH descriptor of it.
  void apply_to_node(int node, const Attributes& attributes, const std::string& path);
  /// Tells what apply and apply_flags would not set, as far as it can be known before.
  void forecast(const Attributes& attributes, const std::string& path);
  /// The FS_IOC_SETFLAGS flags: last of all, because some forbid everything else.
  void apply_flags(int fd, std::uint32_t flags, const std::string& path);

 private:
  using Xattr = std::pair<std::string, Buffer>;

  /// Without what the mode leaves out, which is reported.
  std::uint32_t allowed_mode(const Attributes& attributes, bool owned, const std::string& path);
  std::vector<Xattr> allowed_xattrs(const Attributes& attributes, const std::string& path);
  void not_set(int error_number, const std::string& path, Lack lack, const std::string& what);
  bool check_owner(const Attributes& attributes, int result, const std::string& path);

  RestoreMode mode_;
  Reporter& reporter_;
};

}  // namespace azekura::restore
