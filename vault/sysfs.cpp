#include "vault/sysfs.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

namespace azekura::vault {

namespace {

constexpr std::size_t kReadBytes = 64 * kKiB;
constexpr std::size_t kTextBytesMax = 16 * kMiB;

}  // namespace

std::string kernel_text(const std::string& path) {
  try {
    const UniqueFd file = open_file(path, O_RDONLY);
    std::string whole;
    Buffer bytes(kReadBytes);
    while (const std::size_t count = read_some(file.get(), bytes, path)) {
      whole += as_text(ByteView{bytes}.first(count));
      if (whole.size() > kTextBytesMax) {
        return {};
      }
    }
    return whole;
  } catch (const Error&) {  // not for everybody, or not of this device
    return {};
  }
}

std::string sysfs_text(const std::string& path) {
  std::string line = kernel_text(path);
  line.erase(line.find_last_not_of(" \n") + 1);
  return printable(line);
}

std::uint64_t sysfs_number(const std::string& path) {
  const std::string text = sysfs_text(path);
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool write_sysfs(const std::string& path, std::string_view value) {
  const UniqueFd file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  return file.is_open() &&
         ::write(file.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

}  // namespace azekura::vault
