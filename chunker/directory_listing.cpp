#include "chunker/directory_listing.h"

#include "chunker/source_error.h"
#include "core/unique_fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

namespace azekura::chunker {

namespace {

constexpr std::string_view kCacheSignature = "Signature: 8a477f597d28d172789f06886806bc55";

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_directory(int directory, const dirent& entry, const std::string& name) {
  if (entry.d_type != DT_UNKNOWN) {
    return entry.d_type == DT_DIR;
  }
  struct stat info {};
  return ::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(info.st_mode);
}

}  // namespace

void list_names(int directory, const std::string& path, const NameFilter& wanted,
                std::vector<std::string>& names) {
  const int own = ::fcntl(directory, F_DUPFD_CLOEXEC, 0);
  const std::unique_ptr<DIR, CloseDirectory> listing{own < 0 ? nullptr : ::fdopendir(own)};
  if (!listing) {
    throw_source_error(errno, "list", path);
  }
  errno = 0;
  while (const dirent* entry =
             ::readdir(listing.get())) {  // NOLINT(concurrency-mt-unsafe): own DIR
    std::string name{static_cast<const char*>(entry->d_name)};
    if (name != "." && name != ".." &&
        (!wanted || wanted(name, is_directory(directory, *entry, name)))) {
      names.push_back(std::move(name));
    }
    errno = 0;
  }
  const int error_number = errno;
  std::sort(names.begin(), names.end());
  if (error_number != 0) {
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
