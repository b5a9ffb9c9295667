#include "vault/write_behind.h"

#include "core/bytes.h"
#include "core/error.h"
#include "core/text.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace azekura::vault {

namespace {

/// 1.6 s of a device that writes 5 MB/s.
constexpr std::uint64_t kBehindBytes = 8 * kMiB;

}  // namespace

WriteBehind::WriteBehind(int fd, std::string name) : fd_{fd}, name_{std::move(name)} {}

void WriteBehind::wrote(std::uint64_t bytes) {
  const auto flush = [&](std::uint64_t from, unsigned how) {
    if (::sync_file_range(fd_, static_cast<off64_t>(from), static_cast<off64_t>(kBehindBytes),
                          how) != 0) {
      throw SystemError{errno, "flush \"{}\" to its device", printable(name_)};
    }
  };
  for (; bytes - sent_ >= kBehindBytes; sent_ += kBehindBytes) {
    flush(sent_, SYNC_FILE_RANGE_WRITE);
    if (sent_ > 0) {
      flush(sent_ - kBehindBytes, SYNC_FILE_RANGE_WAIT_BEFORE);
    }
  }
}

}  // namespace azekura::vault
