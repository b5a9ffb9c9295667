#include "vault/device_text.h"

#include "vault/sysfs.h"

#include <fmt/format.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <string_view>

namespace azekura::vault {

std::string text_of_device(dev_t device) {
  const std::string numbers = fmt::format("{}:{}", major(device), minor(device));
  const std::string folder = "/sys/dev/block/" + numbers;
  std::string text;
  // A partition's disk is the folder above its own.
  for (const std::string& disk : {folder, folder + "/.."}) {
    for (const std::string_view name : {"device/vendor", "device/model", "device/serial",
                                        "device/wwid", "serial", "loop/backing_file"}) {
      const std::string value = sysfs_text(fmt::format("{}/{}", disk, name));
      text += value.empty() ? "" : value + " ";
    }
    if (!text.empty()) {
      break;
    }
  }
  return text.empty() ? numbers : text + numbers;
}

std::string device_text(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? text_of_device(info.st_dev) : text("unknown device");
}

}  // namespace azekura::vault
