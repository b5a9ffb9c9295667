#include "vault/device_file.h"

#include "core/error.h"
#include "core/file_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace azekura::vault {

namespace {

/// Whether reads of the file go past the page cache from now on, if its file system can.
void set_direct(int file, bool direct) {
  if (const int flags = ::fcntl(file, F_GETFL); flags >= 0) {
    static_cast<void>(::fcntl(file, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT));
  }
}

}  // namespace

DeviceBuffer::DeviceBuffer(std::size_t bytes)
    : memory_{static_cast<std::byte*>(std::aligned_alloc(
          DeviceFile::kAlignment, (bytes + DeviceFile::kAlignment - 1) / DeviceFile::kAlignment *
                                      DeviceFile::kAlignment))} {
  AZK_CHECK(memory_ != nullptr);
}

// NOLINTNEXTLINE(cppcoreguidelines-no-malloc): from aligned_alloc
void DeviceBuffer::Free::operator()(std::byte* memory) const { std::free(memory); }

DeviceFile::DeviceFile(UniqueFd file, std::string name)
    : file_{std::move(file)}, name_{std::move(name)}, bytes_{file_size(file_.get(), name_)} {
  ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_DONTNEED);
  set_direct(file_.get(), true);
}

std::size_t DeviceFile::read(std::uint64_t offset, MutableBytes into) const {
  std::size_t done = 0;
  bool may_be_direct = true;
  while (done < into.size()) {
    const ssize_t count = ::pread(file_.get(), into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINVAL && may_be_direct) {
      // A file system without direct reads, or the unaligned rest of a short one.
      may_be_direct = false;
      set_direct(file_.get(), false);
      continue;
    }
    if (count < 0 && errno != EINTR) {
      throw SystemError{errno, "read \"{}\" at byte {}", name_, offset + done};
    }
    if (count == 0) {
      break;
    }
    done += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  return done;
}

}  // namespace azekura::vault
