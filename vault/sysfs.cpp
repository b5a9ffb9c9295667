#include "vault/sysfs.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <optional>

namespace azekura::vault {

namespace {

constexpr std::uint64_t kSysfsBytesMax = 64 * kKiB;

}  // namespace

std::string sysfs_text(const std::string& path) {
  try {
    const std::optional<Buffer> bytes = read_file_if_any(path, kSysfsBytesMax);
    std::string_view text = bytes ? as_text(*bytes) : std::string_view{};
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
      text.remove_suffix(1);
    }
    return printable(text);
  } catch (const Error&) {  // not for everybody, or not of this device
    return {};
  }
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
