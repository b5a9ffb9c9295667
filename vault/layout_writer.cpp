#include "vault/layout_writer.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"

#include <fcntl.h>
#include <libfdisk/libfdisk.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <memory>
#include <string_view>

namespace azekura::vault {

namespace {

constexpr const char* kLabelName = "azekura-label";
constexpr const char* kFilesName = "azekura";
constexpr std::uint64_t kPartitionAlignment = 1 * kMiB;
static_assert(kLayoutBytes == 2 * kPartitionAlignment + kLabelPartitionBytes);

struct FreeContext {
  void operator()(fdisk_context* context) const { ::fdisk_unref_context(context); }
};
using Context = std::unique_ptr<fdisk_context, FreeContext>;

void expect_laid_out(int result, std::string_view attempt, const std::string& device) {
  if (result != 0) {
    throw SystemError{result < 0 ? -result : EIO, "{} on \"{}\"", in_language(attempt),
                      printable(device)};
  }
}

/// From byte `start`; zero `bytes`: all there is behind it.
void add_partition(fdisk_context* context, const std::string& device, std::uint64_t start,
                   std::uint64_t bytes, const char* type_guid, const char* name) {
  const std::uint64_t sector = ::fdisk_get_sector_size(context);
  const auto free_part = [](fdisk_partition* part) { ::fdisk_unref_partition(part); };
  const std::unique_ptr<fdisk_partition, decltype(free_part)> part{::fdisk_new_partition(),
                                                                   free_part};
  const auto free_type = [](fdisk_parttype* type) { ::fdisk_unref_parttype(type); };
  const std::unique_ptr<fdisk_parttype, decltype(free_type)> type{
      ::fdisk_new_unknown_parttype(0, type_guid), free_type};
  AZK_CHECK(part != nullptr && type != nullptr);
  ::fdisk_partition_partno_follow_default(part.get(), 1);
  ::fdisk_partition_set_start(part.get(), start / sector);
  if (bytes == 0) {
    ::fdisk_partition_end_follow_default(part.get(), 1);
  } else {
    ::fdisk_partition_set_size(part.get(), bytes / sector);
  }
  ::fdisk_partition_set_type(part.get(), type.get());
  ::fdisk_partition_set_name(part.get(), name);
  expect_laid_out(::fdisk_add_partition(context, part.get(), nullptr), "add a partition", device);
}

/// The kernel goes on with the partitions of before until it is told. It has none of a disk whose
/// partitions it never reads (EINVAL), as of most loop devices.
void read_partitions_again(const std::string& device) {
  const UniqueFd file = open_file(device, O_RDONLY);
  if (::ioctl(file.get(), BLKRRPART) != 0 && errno != EINVAL) {
    throw SystemError{errno, "make the kernel read the GPT of \"{}\"", printable(device)};
  }
}

}  // namespace

MediumLayout write_layout(const std::string& device) {
  static_cast<void>(open_file(device, O_RDWR | O_EXCL));  // refused while anything uses it
  const Context context{::fdisk_new_context()};
  AZK_CHECK(context != nullptr);
  ::fdisk_disable_dialogs(context.get(), 1);
  expect_laid_out(::fdisk_assign_device(context.get(), device.c_str(), 0), "open the disk", device);
  ::fdisk_enable_wipe(context.get(), 1);
  expect_laid_out(::fdisk_create_disklabel(context.get(), "gpt"), "make a GPT", device);
  add_partition(context.get(), device, kPartitionAlignment, kLabelPartitionBytes,
                kLabelPartitionType, kLabelName);
  add_partition(context.get(), device, kPartitionAlignment + kLabelPartitionBytes, 0,
                kFilesPartitionType, kFilesName);
  expect_laid_out(::fdisk_write_disklabel(context.get()), "write the GPT", device);
  expect_laid_out(::fdisk_deassign_device(context.get(), 0), "close the disk", device);
  read_partitions_again(device);
  const std::optional<MediumLayout> layout = find_layout(device);
  if (!layout) {
    throw MediumError{"\"{}\" does not give back the GPT that was written", printable(device)};
  }
  return *layout;
}

}  // namespace azekura::vault
