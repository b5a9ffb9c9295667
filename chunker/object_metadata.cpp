#include "chunker/object_metadata.h"

#include "chunker/source_error.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

#include <fmt/format.h>

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

namespace azekura::chunker {

namespace {

/// The attributes are there, and this failure keeps them from us; others mean that there are none
/// or that they are none of our business.
bool is_loss(int error_number) {
  return error_number == EIO || error_number == E2BIG || error_number == ERANGE;
}

/// The names, each followed by a NUL, and the values through `list` and `get`: the two ways to
/// reach an object's attributes. Linux bounds both at 64 KiB. False if some are missing.
template <typename List, typename Get>
bool add_xattrs(Entry& entry, const List& list, const Get& get) {
  const ssize_t expected = list(nullptr, 0);
  if (expected <= 0) {
    return expected == 0 || !is_loss(errno);
  }
  std::vector<char> names(limits::kXattrValueMax);
  const ssize_t names_size = list(names.data(), names.size());
  if (names_size <= 0) {
    return names_size == 0 || !is_loss(errno);
  }
  bool is_whole = true;
  std::string_view rest{names.data(), static_cast<std::size_t>(names_size)};
  Buffer value(limits::kXattrValueMax);
  while (!rest.empty() && entry.xattrs.size() < limits::kXattrsMax) {
    std::string name{rest.substr(0, rest.find('\0'))};
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    const ssize_t size = get(name.c_str(), value.data(), value.size());
    if (size < 0) {
      is_whole = is_whole && !is_loss(errno);
    } else if (!name.empty()) {
      entry.xattrs.emplace_back(std::move(name), Buffer{value.begin(), value.begin() + size});
    }
  }
  std::sort(entry.xattrs.begin(), entry.xattrs.end());
  // A list that changes while the kernel walks it may name one twice.
  const auto is_same = [](const auto& left, const auto& right) {
    return left.first == right.first;
  };
  entry.xattrs.erase(std::unique(entry.xattrs.begin(), entry.xattrs.end(), is_same),
                     entry.xattrs.end());
  return is_whole && rest.empty();
}

}  // namespace

Entry make_entry(std::string name, const ObjectStatus& status, OwnerNames& owners) {
  Entry entry;
  entry.name = std::move(name);
  entry.kind = status.kind;
  entry.mode = status.mode;
  entry.uid = status.uid;
  entry.gid = status.gid;
  entry.modified = status.state.modified;
  if (status.kind == EntryKind::block_device || status.kind == EntryKind::character_device) {
    entry.device = status.device;
  }
  entry.user = owners.user(status.uid);
  entry.group = owners.group(status.gid);
  entry.born = status.born;
  return entry;
}

bool add_open_metadata(Entry& entry, int fd) {
  const bool is_whole = add_xattrs(
      entry, [&](char* names, std::size_t size) { return ::flistxattr(fd, names, size); },
      [&](const char* name, void* value, std::size_t size) {
        return ::fgetxattr(fd, name, value, size);
      });
  int flags = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
    entry.attribute_flags = static_cast<std::uint32_t>(flags);
  }
  return is_whole;
}

bool add_closed_metadata(Entry& entry, int directory, const std::string& name) {
  // There is no listxattrat; through /proc the directory's own path may have any length.
  const std::string path = fmt::format("/proc/self/fd/{}/{}", directory, name);
  return add_xattrs(
      entry, [&](char* names, std::size_t size) { return ::llistxattr(path.c_str(), names, size); },
      [&](const char* attribute, void* value, std::size_t size) {
        return ::lgetxattr(path.c_str(), attribute, value, size);
      });
}

bool add_link_target(Entry& entry, int directory, const std::string& name,
                     const std::string& path) {
  std::array<char, limits::kSymlinkMax + 1> target{};
  const ssize_t size = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  if (size < 0) {
    if (errno == ENOENT) {
      return false;
    }
    throw_source_error(errno, "read the link", path);
  }
  const auto length = static_cast<std::size_t>(size);
  if (length == 0 || length > limits::kSymlinkMax) {
    throw SourceError{"the link \"{}\" has a target of {} bytes", printable(path), length};
  }
  entry.link_target.assign(target.data(), length);
  return true;
}

}  // namespace azekura::chunker
