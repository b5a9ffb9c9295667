#include "vault/device_text.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"

#include <fmt/format.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <string_view>

namespace azekura::vault {

namespace {

constexpr std::uint64_t kAttributeBytesMax = 4 * kKiB;

/// What the kernel says in a file of a device's folder; empty if it says nothing.
std::string attribute(const std::string& path) {
  try {
    const std::optional<Buffer> bytes = read_file_if_any(path, kAttributeBytesMax);
    std::string_view text = bytes ? as_text(*bytes) : std::string_view{};
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
      text.remove_suffix(1);
    }
    return printable(text);
  } catch (const Error&) {  // not for everybody, or not of this device
    return {};
  }
}

}  // namespace

std::string device_text(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    return text("unknown device");
  }
  const std::string numbers = fmt::format("{}:{}", major(info.st_dev), minor(info.st_dev));
  const std::string folder = "/sys/dev/block/" + numbers;
  std::string text;
  // A partition's disk is the folder above its own.
  for (const std::string& disk : {folder, folder + "/.."}) {
    for (const std::string_view name : {"device/vendor", "device/model", "device/serial",
                                        "device/wwid", "serial", "loop/backing_file"}) {
      const std::string value = attribute(fmt::format("{}/{}", disk, name));
      text += value.empty() ? "" : value + " ";
    }
    if (!text.empty()) {
      break;
    }
  }
  return text.empty() ? numbers : text + numbers;
}

}  // namespace azekura::vault
