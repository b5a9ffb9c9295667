#include "core/ids.h"

#include "core/error.h"

namespace azekura {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

unsigned digit_value(char digit) {
  if (digit >= '0' && digit <= '9') {
    return static_cast<unsigned>(digit - '0');
  }
  if (digit >= 'a' && digit <= 'f') {
    return static_cast<unsigned>(digit - 'a') + 10U;
  }
  if (digit >= 'A' && digit <= 'F') {
    return static_cast<unsigned>(digit - 'A') + 10U;
  }
  throw UsageError{"'{}' is not a hexadecimal digit", digit};
}

}  // namespace

std::string to_hex(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    const auto value = std::to_integer<unsigned>(byte);
    text.push_back(kDigits[value >> 4U]);
    text.push_back(kDigits[value & 15U]);
  }
  return text;
}

Buffer from_hex(std::string_view text) {
  if (text.size() % 2 != 0) {
    throw UsageError{"hexadecimal text of {} digits has an odd length", text.size()};
  }
  Buffer bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit_value(text[i]) << 4U | digit_value(text[i + 1])));
  }
  return bytes;
}

}  // namespace azekura
