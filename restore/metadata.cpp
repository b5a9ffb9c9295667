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

namespace azekura::restore {

namespace {

constexpr std::uint32_t kSetIdBits = S_ISUID | S_ISGID;
constexpr std::string_view kCapability = "security.capability";
/// Flags that describe what a person or program asked for; the others are the file system's own.
constexpr std::uint32_t kKeptFlags = FS_SYNC_FL | FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL |
                                     FS_NOATIME_FL | FS_DIRSYNC_FL | FS_NOCOW_FL | FS_COMPR_FL;
/// Means "leave it" to chown(2), so it cannot be an owner.
constexpr std::uint32_t kNoOwner = UINT32_MAX;

constexpr std::string_view kNeedsRoot = "only root may";

bool is_own_group(gid_t group) { return group == ::getegid() || ::group_member(group) != 0; }

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

Lack lack_of(const std::string& attribute) {
  if (starts_with(attribute, "system.posix_acl_")) {
    return Lack::access_list;
  }
  if (attribute == kCapability) {
    return Lack::capability;
  }
  return starts_with(attribute, "trusted.") ? Lack::trusted_attribute : Lack::attribute;
}

/// Access lists repeat the mode and capabilities are lost with a new owner, so both come after.
bool comes_after_mode(Lack lack) { return lack == Lack::capability || lack == Lack::access_list; }

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

bool is_device(EntryKind kind) noexcept {
  return kind == EntryKind::block_device || kind == EntryKind::character_device;
}

std::optional<Lack> left_out_by(RestoreMode mode, EntryKind kind) noexcept {
  if (kind == EntryKind::socket) {
    return Lack::socket;
  }
  return is_device(kind) && mode == RestoreMode::data ? std::optional{Lack::device} : std::nullopt;
}

void unlock(int fd) noexcept {
  int flags = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
      (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0) {
    flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
    static_cast<void>(::ioctl(fd, FS_IOC_SETFLAGS, &flags));
  }
}

bool is_root() noexcept { return ::geteuid() == 0; }

MetadataApplier::MetadataApplier(RestoreMode mode, Reporter& reporter)
    : mode_{mode}, reporter_{reporter} {}

void MetadataApplier::not_set(int error_number, const std::string& path, Lack lack,
                              const std::string& what) {
  reporter_.not_set(path, lack, fmt::format("{}: {}", in_language(what), errno_text(error_number)));
}

bool MetadataApplier::check_owner(const Attributes& attributes, int result,
                                  const std::string& path) {
  const bool possible = attributes.uid != kNoOwner && attributes.gid != kNoOwner;
  if (result != 0 || !possible) {
    not_set(possible ? errno : EINVAL, path, Lack::owner,
            text("owner {}:{}", attributes.uid, attributes.gid));
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
    reporter_.left_out(path, Lack::set_id);
    return attributes.mode & ~kSetIdBits;
  }
  if (!owned) {
    not_set(EPERM, path, Lack::set_id, "set-id bits without the owner");
    return attributes.mode & ~kSetIdBits;
  }
  return attributes.mode;
}

std::vector<MetadataApplier::Xattr> MetadataApplier::allowed_xattrs(const Attributes& attributes,
                                                                    const std::string& path) {
  std::vector<Xattr> allowed;
  for (const Xattr& xattr : attributes.xattrs) {
    const Lack lack = lack_of(xattr.first);
    if (mode_ == RestoreMode::data &&
        (lack == Lack::capability || lack == Lack::trusted_attribute)) {
      reporter_.left_out(path, lack);
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
      const Lack lack = lack_of(name);
      if (comes_after_mode(lack) == after_mode &&
          ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0) {
        not_set(errno, path, lack, text("attribute \"{}\"", printable(name)));
      }
    }
  };
  set_xattrs(false);
  const std::uint32_t mode = allowed_mode(attributes, owned, path);
  if (::fchmod(fd, mode) != 0) {
    not_set(errno, path, Lack::mode, text("mode {:o}", mode));
  }
  set_xattrs(true);
  if (::futimens(fd, times_of(attributes).data()) != 0) {
    not_set(errno, path, Lack::time, "time");
  }
}

void MetadataApplier::apply_to_node(int node, const Attributes& attributes,
                                    const std::string& path) {
  const bool owned = check_owner(
      attributes, ::fchownat(node, "", attributes.uid, attributes.gid, AT_EMPTY_PATH), path);
  // The object itself, also if it is a link, and whatever has its name by now.
  const std::string pinned = fmt::format("/proc/self/fd/{}", node);
  for (const auto& [key, value] : allowed_xattrs(attributes, path)) {
    if (::setxattr(pinned.c_str(), key.c_str(), value.data(), value.size(), 0) != 0) {
      not_set(errno, path, lack_of(key), text("attribute \"{}\"", printable(key)));
    }
  }
  if (attributes.kind != EntryKind::symlink) {
    const std::uint32_t mode = allowed_mode(attributes, owned, path);
    if (::chmod(pinned.c_str(), mode) != 0) {
      not_set(errno, path, Lack::mode, text("mode {:o}", mode));
    }
  }
  if (::utimensat(node, "", times_of(attributes).data(), AT_EMPTY_PATH) != 0) {
    not_set(errno, path, Lack::time, "time");
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
    not_set(errno, path, Lack::flags, text("file flags {:#x}", flags));
  }
}

void MetadataApplier::forecast(const Attributes& attributes, const std::string& path) {
  const bool possible = attributes.uid != kNoOwner && attributes.gid != kNoOwner;
  const bool owned =
      possible && (is_root() || (attributes.uid == ::geteuid() && is_own_group(attributes.gid)));
  if (!owned) {
    reporter_.not_set(path, Lack::owner, kNeedsRoot);
  }
  if (attributes.kind != EntryKind::symlink) {
    static_cast<void>(allowed_mode(attributes, owned, path));
  }
  for (const auto& [name, value] : allowed_xattrs(attributes, path)) {
    const Lack lack = lack_of(name);
    if ((lack == Lack::capability || lack == Lack::trusted_attribute) && !is_root()) {
      reporter_.not_set(path, lack, kNeedsRoot);
    }
  }
  if ((attributes.flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0 && !is_root()) {
    reporter_.not_set(path, Lack::flags, kNeedsRoot);
  }
}

}  // namespace azekura::restore
