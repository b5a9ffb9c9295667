#include "vault/block_device.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/device_text.h"
#include "vault/disk_probe.h"
#include "vault/sysfs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

namespace azekura::vault {

namespace {

constexpr std::uint64_t kSectorBytes = 512;  // of sysfs, whatever the device's own are
constexpr std::string_view kDisks = "/sys/block";

/// The folder of the USB device that a disk's folder lies in.
std::optional<std::string> usb_folder(std::string folder) {
  while (folder.size() > 1) {
    if (exists(folder + "/idVendor")) {
      return folder;
    }
    folder.erase(folder.find_last_of('/'));
  }
  return std::nullopt;
}

/// Like "8:16", of a disk and its partitions.
std::vector<std::string> device_numbers(const BlockDevice& device) {
  const std::string folder = disk_folder(device);
  std::vector<std::string> numbers{sysfs_text(folder + "/dev")};
  for (const std::string& name : list_directory(folder)) {
    if (exists(folder + "/" + name + "/partition")) {
      numbers.push_back(sysfs_text(folder + "/" + name + "/dev"));
    }
  }
  return numbers;
}

/// Where a mount is seen, of one of these devices; empty if nowhere.
std::string mount_point(const std::vector<std::string>& numbers) {
  const std::string text_of_mounts = kernel_text("/proc/self/mountinfo");
  std::string_view mounts = text_of_mounts;
  while (!mounts.empty()) {
    const std::string_view line = mounts.substr(0, mounts.find('\n'));
    mounts.remove_prefix(std::min(mounts.size(), line.size() + 1));
    // id, parent, major:minor, root, mount point
    std::vector<std::string_view> fields;
    std::string_view rest = line;
    while (fields.size() < 5 && !rest.empty()) {
      fields.push_back(rest.substr(0, rest.find(' ')));
      rest.remove_prefix(std::min(rest.size(), fields.back().size() + 1));
    }
    if (fields.size() == 5 &&
        std::find(numbers.begin(), numbers.end(), fields[2]) != numbers.end()) {
      return std::string{fields[4]};
    }
  }
  return {};
}

/// Like "ext4 \"data\""; empty if nothing is known of it.
std::string text_of(const DiskContent& content) {
  const std::string type = printable(content.type);
  return content.label.empty() ? type : fmt::format("{} \"{}\"", type, printable(content.label));
}

}  // namespace

BlockDevice inspect_device(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    UsageError error{"there is no device \"{}\": {}", printable(path),
                     SystemError{errno, "look at it"}.what()};
    error.set_hint("'lsblk' shows the devices there are");
    throw error;
  }
  const std::string by_number =
      fmt::format("/sys/dev/block/{}:{}", major(info.st_rdev), minor(info.st_rdev));
  if (!S_ISBLK(info.st_mode) || !exists(by_number) || exists(by_number + "/partition")) {
    UsageError error{"\"{}\" is not a whole disk", printable(path)};
    error.set_hint("name the disk itself, like /dev/sdb; 'lsblk' shows the devices there are");
    throw error;
  }
  BlockDevice device;
  device.path = absolute_path(path);
  const std::string folder = absolute_path(by_number);
  device.name = folder.substr(folder.find_last_of('/') + 1);
  device.bytes = sysfs_number(folder + "/size") * kSectorBytes;
  device.attachment = attachment_in(folder);
  device.read_only = sysfs_number(folder + "/ro") != 0;
  device.description = text_of_device(info.st_rdev);
  if (const std::optional<std::string> usb = usb_folder(folder)) {
    device.description +=
        fmt::format(", USB {} {}", sysfs_text(*usb + "/product"), sysfs_text(*usb + "/serial"));
  }
  device.description = printable(device.description);
  return device;
}

std::vector<BlockDevice> all_devices() {
  std::vector<BlockDevice> devices;
  for (const std::string& name : list_directory(std::string{kDisks})) {
    try {
      BlockDevice device = inspect_device("/dev/" + name);
      if (device.bytes > 0) {
        devices.push_back(std::move(device));
      }
    } catch (const UsageError&) {
      continue;
    }
  }
  return devices;
}

std::string use_of(const BlockDevice& device) {
  const std::vector<std::string> numbers = device_numbers(device);
  if (const std::string where = mount_point(numbers); !where.empty()) {
    return text("mounted on {}", printable(where));
  }
  try {
    // The kernel lets one at a time: mounts nobody sees, swap, RAID and mappings hold it too.
    static_cast<void>(open_file(device.path, O_RDONLY | O_EXCL));
  } catch (const SystemError& error) {
    if (error.error_number() == EBUSY) {
      return text("in use by the system");
    }
    throw;
  }
  return {};
}

std::vector<std::string> content_of(const BlockDevice& device) {
  const DiskProbe probe{device.path};
  std::vector<std::string> content;
  if (const std::string whole = text_of(probe.content()); !whole.empty()) {
    content.push_back(whole);
  }
  for (const Partition& partition : probe.partitions()) {
    const std::string name =
        partition.name.empty() ? "" : fmt::format(", \"{}\"", printable(partition.name));
    const std::string inside = text_of(probe.content(partition.offset, partition.bytes));
    content.push_back(text("partition {}, {}{}: {}", partition.number, human_bytes(partition.bytes),
                           name, inside.empty() ? text("nothing known") : inside));
  }
  return content;
}

std::uint64_t attachment_in(const std::string& disk_folder) {
  return sysfs_number(disk_folder + "/diskseq");
}

std::string disk_folder(const BlockDevice& device) {
  return absolute_path(fmt::format("{}/{}", kDisks, device.name));
}

std::string boot_id() { return sysfs_text("/proc/sys/kernel/random/boot_id"); }

std::string removal_folder(const BlockDevice& device) {
  const std::string disk = disk_folder(device);
  const std::optional<std::string> usb = usb_folder(disk);
  return usb.value_or(disk);
}

}  // namespace azekura::vault
