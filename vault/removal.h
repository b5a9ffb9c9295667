#pragma once

#include "core/unique_fd.h"
#include "vault/block_device.h"

#include <cstdint>
#include <string>

namespace azekura::vault {

/// Where and what a device was when it was attached: enough to see whether it still is there.
struct Insertion {
  std::string boot;              ///< boot_id() then
  std::string folder;            ///< removal_folder() then
  std::string disk;              ///< its folder in sysfs
  std::uint64_t attachment = 0;  ///< BlockDevice::attachment then

  bool operator==(const Insertion&) const = default;
};

Insertion insertion_of(const BlockDevice& device);
/// Whether the person has not pulled it since. A disk that came back in the same place is another
/// insertion. Errors: SystemError.
bool is_still_there(const Insertion& insertion);

/// The same after a failure: a pulled device fails a moment before the kernel says it is gone, so
/// one that seems to be there is looked at for that moment.
bool is_still_there_after_failure(const Insertion& insertion);

/// The kernel's events of devices. Errors: SystemError.
class DeviceEvents {
 public:
  DeviceEvents();

  /// Waits until a device comes or goes, or `input` can be read (-1: none), at most so long.
  void wait(double seconds, int input = -1);

 private:
  UniqueFd socket_;
};

}  // namespace azekura::vault
