#include "vault/spool_usage.h"

#include "core/error.h"
#include "core/text.h"
#include "vault/spool.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace azekura::vault {

SpoolUsage spool_usage(const std::string& path) {
  SpoolUsage usage;
  usage.sessions = Spool::waiting(path);
  std::error_code error;
  // What is gone before it was counted, a run has finished with.
  for (std::filesystem::recursive_directory_iterator entry{path, error}, end;
       !error && entry != end; entry.increment(error)) {
    std::error_code no_file;
    const std::uintmax_t bytes =
        entry->symlink_status(no_file).type() == std::filesystem::file_type::regular
            ? entry->file_size(no_file)
            : 0;
    usage.bytes += no_file ? 0 : bytes;
  }
  return usage;
}

std::uint64_t disk_free_bytes(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) {
    throw SystemError{errno, "ask for the free space of \"{}\"", printable(path)};
  }
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace azekura::vault
