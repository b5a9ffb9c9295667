#include "chunker/source_file.h"

#include "chunker/source_error.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/text.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace azekura::chunker {

namespace {

/// Large enough to keep a disk busy, small enough to stay in a core's L2.
constexpr std::uint64_t kFileReadBytes = 1 * kMiB;

int open_without_waiting(int directory, const std::string& name) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const int fd = ::openat(directory, name.c_str(), kFlags | O_NOATIME);
  // Only the owner and root may leave the access time alone.
  return fd < 0 && errno == EPERM ? ::openat(directory, name.c_str(), kFlags) : fd;
}

}  // namespace

SourceFile::SourceFile(UniqueFd fd, std::string path, ObjectStatus status)
    : fd_{std::move(fd)}, path_{std::move(path)}, status_{status} {}

std::optional<SourceFile> SourceFile::open(int directory, const std::string& name,
                                           std::string path) {
  UniqueFd fd{open_without_waiting(directory, name)};
  if (!fd.is_open()) {
    const int error_number = errno;
    if (error_number == ENOENT) {
      return std::nullopt;
    }
    throw_source_error(error_number, "open", path);
  }
  const std::optional<ObjectStatus> status = look_at(fd.get(), "", path);
  if (!status || status->kind != EntryKind::file) {
    throw SourceError{"\"{}\" is no longer a regular file", printable(path)};
  }
  return SourceFile{std::move(fd), std::move(path), *status};
}

ByteView SourceFile::read_head(MutableBytes room) const noexcept {
  const ssize_t count = ::pread(fd_.get(), room.data(), room.size(), 0);
  return room.first(count < 0 ? 0 : static_cast<std::size_t>(count));
}

std::uint64_t SourceFile::read_into(ChunkFeed& feed, Observer& observer) const {
  const std::uint64_t size = status_.state.size;
  const bool may_have_holes = status_.stored_bytes < size;
  std::uint64_t read_bytes = 0;
  std::uint64_t at = 0;
  while (at < size) {
    const Range range = may_have_holes ? stored_range(at) : Range{at, size};
    if (range.start > at) {
      feed.hole(range.start - at);
      observer.advanced(range.start - at);
    }
    const std::uint64_t count = read_range(range, feed, observer);
    read_bytes += count;
    if (count < range.end - range.start) {
      break;  // shorter than it was; refresh() will tell
    }
    at = range.end;
  }
  return read_bytes;
}

SourceFile::Range SourceFile::stored_range(std::uint64_t from) const {
  const std::uint64_t size = status_.state.size;
  const off_t start = ::lseek(fd_.get(), static_cast<off_t>(from), SEEK_DATA);
  if (start < 0) {
    // ENXIO: only a hole is left. Anything else: this file system does not tell.
    return errno == ENXIO ? Range{size, size} : Range{from, size};
  }
  const off_t end = ::lseek(fd_.get(), start, SEEK_HOLE);
  const std::uint64_t first = std::min(static_cast<std::uint64_t>(start), size);
  const std::uint64_t last = end < 0 ? size : std::min(static_cast<std::uint64_t>(end), size);
  return {first, std::max(first, last)};
}

std::uint64_t SourceFile::read_range(const Range& range, ChunkFeed& feed,
                                     Observer& observer) const {
  std::uint64_t at = range.start;
  while (at < range.end) {
    throw_if_interrupted();
    const MutableBytes room =
        feed.space(static_cast<std::size_t>(std::min(kFileReadBytes, range.end - at)));
    const ssize_t count = ::pread(fd_.get(), room.data(), room.size(), static_cast<off_t>(at));
    if (count < 0 && errno != EINTR) {
      throw_source_error(errno, "read", path_);
    }
    if (count == 0) {
      break;
    }
    if (count > 0) {
      const auto bytes = static_cast<std::uint64_t>(count);
      feed.fill(static_cast<std::size_t>(bytes));
      observer.advanced(bytes);
      at += bytes;
    }
  }
  return at - range.start;
}

bool SourceFile::refresh() {
  const std::optional<ObjectStatus> now = look_at(fd_.get(), "", path_);
  const bool has_changed = !now || now->state != status_.state;
  status_ = now.value_or(status_);
  return has_changed;
}

}  // namespace azekura::chunker
