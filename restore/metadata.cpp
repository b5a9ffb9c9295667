#include "restore/metadata.h"

#include "core/text.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace azekura::restore {

namespace {

constexpr std::uint32_t kSetIdBits = S_ISUID | S_ISGID;
constexpr std::string_view kCapability = "security.capability";
/// Flags that describe what a person or program asked for; the others are the file system's own.
constexpr std::uint32_t kKeptFlags = FS_SYNC_FL | FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL |
                                     FS_NOATIME_FL | FS_DIRSYNC_FL | FS_NOCOW_FL | FS_COMPR_FL;
/// Means "leave it" to chown(2), so it cannot be an owner.
constexpr std::uint32_t kNoOwner = UINT32_MAX;

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

/// Access lists repeat the mode and capabilities are lost with a new owner, so both come after.
bool comes_after_mode(const std::string& name) {
  return name == kCapability || starts_with(name, "system.posix_acl_");
}

std::array<timespec, 2> times_of(const Attributes& attributes) {
  timespec access{};
  access.tv_nsec = UTIME_OMIT;
  timespec modified{};
  modified.tv_sec = attributes.modified.seconds;
  modified.tv_nsec = static_cast<long>(attributes.modified.nanoseconds);
  return {access, modified};
}

}  // namespace

Attributes attributes_of(const Entry& entry) {
  return {entry.kind,  entry.mode,     entry.uid,
          entry.gid,   entry.modified, entry.attribute_flags & kKeptFlags,
          entry.xattrs};
}

MetadataApplier::MetadataApplier(RestoreMode mode, Reporter& reporter)
    : mode_{mode}, reporter_{reporter} {}

void MetadataApplier::flaw(int error_number, const std::string& path, const std::string& what) {
  reporter_.metadata_flaw(
      path, fmt::format("cannot set {}: {}", what, std::generic_category().message(error_number)));
}

bool MetadataApplier::check_owner(const Attributes& attributes, int result,
                                  const std::string& path) {
  const bool possible = attributes.uid != kNoOwner && attributes.gid != kNoOwner;
  if (result != 0 || !possible) {
    flaw(possible ? errno : EINVAL, path,
         fmt::format("owner {}:{}", attributes.uid, attributes.gid));
    return false;
  }
  return true;
}

std::uint32_t MetadataApplier::allowed_mode(const Attributes& attributes, bool owned,
                                            const std::string& path) {
  const std::uint32_t set_id = attributes.mode & kSetIdBits;
  // On a directory, set-gid only says which group new files get.
  if (set_id == 0 || attributes.kind == EntryKind::directory) {
    return attributes.mode;
  }
  if (mode_ == RestoreMode::data) {
    reporter_.notice(fmt::format("\"{}\": set-id bits left out", printable(path)));
    return attributes.mode & ~kSetIdBits;
  }
  if (!owned) {
    flaw(EPERM, path, "set-id bits for another owner");
    return attributes.mode & ~kSetIdBits;
  }
  return attributes.mode;
}

std::vector<MetadataApplier::Xattr> MetadataApplier::allowed_xattrs(const Attributes& attributes,
                                                                    const std::string& path) {
  std::vector<Xattr> allowed;
  for (const Xattr& xattr : attributes.xattrs) {
    const bool risky = xattr.first == kCapability || starts_with(xattr.first, "trusted.");
    if (risky && mode_ == RestoreMode::data) {
      reporter_.notice(fmt::format("\"{}\": attribute \"{}\" left out", printable(path),
                                   printable(xattr.first)));
    } else {
      allowed.push_back(xattr);
    }
  }
  return allowed;
}

void MetadataApplier::apply(int fd, const Attributes& attributes, const std::string& path) {
  const bool owned = check_owner(attributes, ::fchown(fd, attributes.uid, attributes.gid), path);
  const std::vector<Xattr> xattrs = allowed_xattrs(attributes, path);
  const auto set_xattrs = [&](bool after_mode) {
    for (const auto& [name, value] : xattrs) {
      if (comes_after_mode(name) == after_mode &&
          ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0) {
        flaw(errno, path, fmt::format("attribute \"{}\"", printable(name)));
      }
    }
  };
  set_xattrs(false);
  const std::uint32_t mode = allowed_mode(attributes, owned, path);
  if (::fchmod(fd, mode) != 0) {
    flaw(errno, path, fmt::format("mode {:o}", mode));
  }
  set_xattrs(true);
  if (::futimens(fd, times_of(attributes).data()) != 0) {
    flaw(errno, path, "time");
  }
}

void MetadataApplier::apply_at(int directory, const std::string& name, const Attributes& attributes,
                               const std::string& path) {
  const bool owned = check_owner(
      attributes,
      ::fchownat(directory, name.c_str(), attributes.uid, attributes.gid, AT_SYMLINK_NOFOLLOW),
      path);
  // There is no descriptor of a link to set attributes through; the directory is held, though.
  const std::string pinned = fmt::format("/proc/self/fd/{}/{}", directory, name);
  for (const auto& [key, value] : allowed_xattrs(attributes, path)) {
    if (::lsetxattr(pinned.c_str(), key.c_str(), value.data(), value.size(), 0) != 0) {
      flaw(errno, path, fmt::format("attribute \"{}\"", printable(key)));
    }
  }
  if (attributes.kind != EntryKind::symlink) {
    const std::uint32_t mode = allowed_mode(attributes, owned, path);
    if (::fchmodat(directory, name.c_str(), mode, AT_SYMLINK_NOFOLLOW) != 0) {
      flaw(errno, path, fmt::format("mode {:o}", mode));
    }
  }
  if (::utimensat(directory, name.c_str(), times_of(attributes).data(), AT_SYMLINK_NOFOLLOW) != 0) {
    flaw(errno, path, "time");
  }
}

void MetadataApplier::apply_flags(int fd, std::uint32_t flags, const std::string& path) {
  int current = 0;
  int result = ::ioctl(fd, FS_IOC_GETFLAGS, &current);
  if (result == 0) {
    int wanted = static_cast<int>((static_cast<std::uint32_t>(current) & ~kKeptFlags) | flags);
    result = ::ioctl(fd, FS_IOC_SETFLAGS, &wanted);
  }
  if (result != 0) {
    flaw(errno, path, fmt::format("file flags {:#x}", flags));
  }
}

}  // namespace azekura::restore
