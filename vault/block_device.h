#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace azekura::vault {

/// A whole disk as its kernel describes it: claims for people, never an identity.
struct BlockDevice {
  std::string path;         ///< "/dev/sdb"
  std::string name;         ///< "sdb"
  std::string description;  ///< maker, model and serial, printable
  std::uint64_t bytes = 0;
  std::uint64_t attachment = 0;  ///< the kernel's number of this attachment of a disk; 0 unknown
  bool read_only = false;
};

/// Errors: UsageError if `path` is not a whole disk.
BlockDevice inspect_device(const std::string& path);
/// All disks that have a medium in them. One that vanishes meanwhile is left out.
std::vector<BlockDevice> all_devices();

/// What uses the disk or a part of it now, like "mounted on /srv"; empty if nothing does.
std::string use_of(const BlockDevice& device);
/// What a person would lose: partitions and file systems, with their names. Read from the device;
/// nothing is mounted.
std::vector<std::string> content_of(const BlockDevice& device);

/// The number of the attachment of the disk whose folder in sysfs this is; 0 if there is none.
std::uint64_t attachment_in(const std::string& disk_folder);
/// A disk's folder in sysfs.
std::string disk_folder(const BlockDevice& device);
/// The kernel's name of this boot.
std::string boot_id();
/// The folder in sysfs that vanishes when the person pulls the device: the USB device's if it is
/// one, else the disk's.
std::string removal_folder(const BlockDevice& device);

}  // namespace azekura::vault
