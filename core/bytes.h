#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace azekura {

using ByteView = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;
using Buffer = std::vector<std::byte>;

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

/// The bytes of a text, without its terminator. Lifetime: as long as the text.
inline ByteView as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// The characters of bytes, unchecked. Lifetime: as long as the bytes.
inline std::string_view as_text(ByteView bytes) noexcept {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes may alias as char
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// For C libraries that take `unsigned char`.
inline const unsigned char* as_uchar(ByteView bytes) noexcept {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes may alias as char
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* as_uchar(MutableBytes bytes) noexcept {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes may alias as char
  return reinterpret_cast<unsigned char*>(bytes.data());
}

inline void append(Buffer& buffer, ByteView bytes) {
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

inline bool equal(ByteView left, ByteView right) noexcept {
  return left.size() == right.size() &&
         (left.empty() || std::memcmp(left.data(), right.data(), left.size()) == 0);
}

}  // namespace azekura
