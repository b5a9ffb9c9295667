#include "chunker/directory_listing.h"

#include "chunker/source_error.h"
#include "core/bytes.h"
#include "core/unique_fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <utility>

namespace azekura::chunker {

namespace {

constexpr std::string_view kCacheSignature = "Signature: 8a477f597d28d172789f06886806bc55";

/// What the kernel gives of a listing at once; the room readdir(3) has.
constexpr std::size_t kListingBytes = 32 * kKiB;

bool is_directory(int directory, unsigned char type, const std::string& name) {
  if (type != DT_UNKNOWN) {
    return type == DT_DIR;
  }
  struct stat info {};
  return ::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(info.st_mode);
}

}  // namespace

void list_names(int directory, const std::string& path, const NameFilter& wanted,
                std::vector<std::string>& names) {
  // Not readdir(3), which needs a descriptor of its own: five system calls instead of one.
  alignas(dirent64) std::array<std::byte, kListingBytes> room;  // NOLINT(*-member-init): filled
  ssize_t count = 0;
  while ((count = ::getdents64(directory, room.data(), room.size())) > 0) {
    for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
      // NOLINTNEXTLINE(*-reinterpret-cast): how the kernel lays them out
      const auto& entry = reinterpret_cast<const dirent64&>(room[at]);
      at += entry.d_reclen;
      std::string name{static_cast<const char*>(entry.d_name)};
      if (name != "." && name != ".." &&
          (!wanted || wanted(name, is_directory(directory, entry.d_type, name)))) {
        names.push_back(std::move(name));
      }
    }
  }
  const int error_number = errno;
  std::sort(names.begin(), names.end());
  if (count < 0 && error_number != ENOENT) {  // ENOENT: removed since it was opened
    throw_source_error(error_number, "list", path);
  }
}

bool is_tagged_cache(int directory) {
  const UniqueFd tag{
      ::openat(directory, kCacheTag, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  struct stat info {};
  if (!tag.is_open() || ::fstat(tag.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return false;
  }
  std::array<char, kCacheSignature.size()> begin{};
  const ssize_t size = ::pread(tag.get(), begin.data(), begin.size(), 0);
  return size == static_cast<ssize_t>(begin.size()) &&
         std::string_view{begin.data(), begin.size()} == kCacheSignature;
}

}  // namespace azekura::chunker
