#include "core/text.h"

#include "core/messages.h"

#include <fmt/format.h>

#include <array>

namespace azekura {

namespace {

/// Length of the valid UTF-8 sequence at `at`, and its code point; 0 if there is none.
std::size_t decode_utf8(std::string_view text, std::size_t at, std::uint32_t& code_point) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  std::size_t length = 0;
  std::uint32_t smallest = 0;
  if (lead < 0x80) {
    code_point = lead;
    return 1;
  }
  if ((lead & 0xE0U) == 0xC0) {
    length = 2;
    smallest = 0x80;
    code_point = lead & 0x1FU;
  } else if ((lead & 0xF0U) == 0xE0) {
    length = 3;
    smallest = 0x800;
    code_point = lead & 0x0FU;
  } else if ((lead & 0xF8U) == 0xF0) {
    length = 4;
    smallest = 0x10000;
    code_point = lead & 0x07U;
  } else {
    return 0;
  }
  if (at + length > text.size()) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80) {
      return 0;
    }
    code_point = code_point << 6U | (byte(at + i) & 0x3FU);
  }
  const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  return code_point < smallest || code_point > 0x10FFFF || is_surrogate ? 0 : length;
}

/// Controls, and format characters that reorder or hide what follows.
bool is_harmless(std::uint32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
  const bool hidden = c == 0xAD || c == 0x061C || c == 0x180E || c == 0xFEFF ||
                      (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
                      (c >= 0x2060 && c <= 0x206F) || (c >= 0xFFF9 && c <= 0xFFFB) ||
                      (c >= 0xE0000 && c <= 0xE0FFF);
  return !control && !hidden;
}

}  // namespace

std::string printable(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  for (std::size_t at = 0; at < raw.size();) {
    std::uint32_t code_point = 0;
    const std::size_t length = decode_utf8(raw, at, code_point);
    if (length == 0 || !is_harmless(code_point)) {
      const std::size_t escaped = length == 0 ? 1 : length;
      for (std::size_t i = 0; i < escaped; ++i) {
        const char c = raw[at + i];
        text += c == '\n'   ? std::string{"\\n"}
                : c == '\t' ? std::string{"\\t"}
                            : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      }
      at += escaped;
    } else {
      if (code_point == '\\') {
        text += '\\';
      }
      text += raw.substr(at, length);
      at += length;
    }
  }
  return text;
}

std::string harmless(std::string_view raw) {
  std::string text;
  for (std::size_t at = 0; at < raw.size();) {
    std::uint32_t code_point = 0;
    const std::size_t length = decode_utf8(raw, at, code_point);
    const bool is_kept = length > 0 && is_harmless(code_point);
    text += is_kept ? raw.substr(at, length) : " ";
    at += length == 0 ? 1 : length;
  }
  return text;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) {
    return text("{} bytes", bytes);
  }
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {  // what rounds to 1024.0 too
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace azekura
