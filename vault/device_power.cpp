#include "vault/device_power.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/sysfs.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace azekura::vault {

namespace {

/// A SCSI command of six bytes without data. A device that is none, or refuses, does nothing.
void send_scsi(int device, std::array<unsigned char, 6> command) {
  constexpr unsigned kMillisecondsMax = 60'000;
  std::array<unsigned char, 32> sense{};
  sg_io_hdr request{};
  request.interface_id = 'S';
  request.dxfer_direction = SG_DXFER_NONE;
  request.cmd_len = command.size();
  request.cmdp = command.data();
  request.mx_sb_len = sense.size();
  request.sbp = sense.data();
  request.timeout = kMillisecondsMax;
  static_cast<void>(::ioctl(device, SG_IO, &request));
}

}  // namespace

void force_flushes(const BlockDevice& device) {
  const std::string path = fmt::format("/sys/block/{}/queue/write_cache", device.name);
  if (sysfs_text(path) == "write through") {
    static_cast<void>(write_sysfs(path, "write back"));
  }
}

void close_device(const BlockDevice& device) {
  // To flush takes no leave to write; after a descriptor that has it udev would look at the disk.
  const UniqueFd file = open_file(device.path, O_RDONLY);
  sync_file(file.get(), device.path);
  const int read_only = 1;
  if (::ioctl(file.get(), BLKROSET, &read_only) != 0) {
    throw SystemError{errno, "make \"{}\" refuse writes", printable(device.path)};
  }
}

bool power_off(const BlockDevice& device) {
  const std::string folder = removal_folder(device);
  if (const UniqueFd file{::open(device.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
      file.is_open()) {
    constexpr unsigned char kStartStopUnit = 0x1b;
    send_scsi(file.get(), {kStartStopUnit, 0, 0, 0, 0, 0});
  }
  // A USB device without leave of the kernel has no driver, and so no disk. A disk that only stands
  // still is started again by whoever reads it.
  return write_sysfs(folder + "/authorized", "0");
}

}  // namespace azekura::vault
