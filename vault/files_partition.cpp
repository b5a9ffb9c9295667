#include "vault/files_partition.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"

#include <fcntl.h>
#include <linux/blkpg.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <utility>

namespace azekura::vault {

namespace {

/// Tells the kernel of a partition, or to forget it. False if it refused; errno says why.
bool change_partition(int device, int operation, unsigned number, std::uint64_t offset,
                      std::uint64_t bytes) {
  blkpg_partition part{};
  part.pno = static_cast<int>(number);
  part.start = static_cast<long long>(offset);
  part.length = static_cast<long long>(bytes);
  blkpg_ioctl_arg argument{};
  argument.op = operation;
  argument.datalen = sizeof part;
  argument.data = &part;
  return ::ioctl(device, BLKPG, &argument) == 0;
}

std::string partition_path(const std::string& device, unsigned number) {
  const bool ends_with_digit = device.back() >= '0' && device.back() <= '9';
  return fmt::format("{}{}{}", device, ends_with_digit ? "p" : "", number);
}

}  // namespace

FilesPartition::FilesPartition(std::string device, const MediumLayout& layout)
    : device_{std::move(device)},
      path_{partition_path(device_, layout.files_partition)},
      number_{layout.files_partition} {
  if (exists(path_)) {
    return;
  }
  const UniqueFd file = open_file(device_, O_RDONLY);
  if (!change_partition(file.get(), BLKPG_ADD_PARTITION, number_, layout.files_offset,
                        layout.files_bytes) ||
      !exists(path_)) {
    throw SystemError{errno, "make the kernel see partition {} of \"{}\"", number_,
                      printable(device_)};
  }
  is_ours_ = true;
}

FilesPartition::~FilesPartition() {
  if (!is_ours_) {
    return;
  }
  try {
    const UniqueFd file = open_file(device_, O_RDONLY);
    static_cast<void>(change_partition(file.get(), BLKPG_DEL_PARTITION, number_, 0, 0));
  } catch (const Error&) {  // pulled: the kernel forgot it by itself
    return;
  }
}

}  // namespace azekura::vault
