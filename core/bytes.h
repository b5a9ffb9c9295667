#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace azekura {

using ByteView = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

/// Leaves new bytes of a vector as they are: what is read or computed into them next comes first.
template <typename T>
struct UnsetAllocator : std::allocator<T> {
  template <typename U>
  struct rebind {  // NOLINT(readability-identifier-naming): the standard's name
    using other = UnsetAllocator<U>;
  };
  UnsetAllocator() = default;
  template <typename U>
  // NOLINTNEXTLINE(google-explicit-constructor): allocators convert into each other
  UnsetAllocator(const UnsetAllocator<U>& /*other*/) noexcept {}

  template <typename U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <typename U, typename... Arguments>
  void construct(U* at, Arguments&&... arguments) {
    ::new (static_cast<void*>(at)) U(std::forward<Arguments>(arguments)...);
  }
};

/// Bytes in memory. `Buffer(n)` and `resize(n)` do not set the bytes they add.
using Buffer = std::vector<std::byte, UnsetAllocator<std::byte>>;

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
  const std::size_t before = buffer.size();
  buffer.resize(before + bytes.size());
  if (!bytes.empty()) {
    std::memcpy(buffer.data() + before, bytes.data(), bytes.size());
  }
}

inline bool equal(ByteView left, ByteView right) noexcept {
  return left.size() == right.size() &&
         (left.empty() || std::memcmp(left.data(), right.data(), left.size()) == 0);
}

}  // namespace azekura
