#include "chunker/object_status.h"

#include "chunker/source_error.h"
#include "core/error.h"
#include "core/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

namespace azekura::chunker {

namespace {

Timestamp to_timestamp(const struct statx_timestamp& time) {
  return {.seconds = time.tv_sec, .nanoseconds = time.tv_nsec};
}

EntryKind kind_of(unsigned mode, const std::string& path) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return EntryKind::file;
    case S_IFDIR:
      return EntryKind::directory;
    case S_IFLNK:
      return EntryKind::symlink;
    case S_IFBLK:
      return EntryKind::block_device;
    case S_IFCHR:
      return EntryKind::character_device;
    case S_IFIFO:
      return EntryKind::fifo;
    case S_IFSOCK:
      return EntryKind::socket;
    default:
      throw SourceError{"\"{}\" is of an unknown kind", printable(path)};
  }
}

}  // namespace

std::optional<ObjectStatus> look_at(int directory, const std::string& name,
                                    const std::string& path) {
  struct statx info {};
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name.empty() ? AT_EMPTY_PATH : 0);
  const unsigned wanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
  if (::statx(directory, name.c_str(), flags, wanted, &info) != 0) {
    if (errno == ENOENT) {
      return std::nullopt;
    }
    throw_source_error(errno, "look at", path);
  }
  ObjectStatus status;
  status.state.device = makedev(info.stx_dev_major, info.stx_dev_minor);
  status.state.inode = info.stx_ino;
  status.state.size = info.stx_size;
  status.state.modified = to_timestamp(info.stx_mtime);
  status.state.changed = to_timestamp(info.stx_ctime);
  status.kind = kind_of(info.stx_mode, path);
  status.mode = info.stx_mode & 07777U;
  status.uid = info.stx_uid;
  status.gid = info.stx_gid;
  status.links = info.stx_nlink;
  status.device = {.major = info.stx_rdev_major, .minor = info.stx_rdev_minor};
  if ((info.stx_mask & STATX_BTIME) != 0) {
    status.born = to_timestamp(info.stx_btime);
    status.state.born = *status.born;
  }
  constexpr std::uint64_t kStatBlock = 512;
  status.stored_bytes = info.stx_blocks * kStatBlock;
  status.mount = (info.stx_mask & STATX_MNT_ID) != 0 ? info.stx_mnt_id : status.state.device;
  return status;
}

}  // namespace azekura::chunker
