#pragma once

#include "core/bytes.h"

#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <string>

namespace azekura {

/// Lower-case hexadecimal of the bytes.
std::string to_hex(ByteView bytes);

/// Bytes of a hexadecimal text. Errors: UsageError if it is not an even number of hex digits.
Buffer from_hex(std::string_view text);

/// A fixed-size identity; kinds do not convert into each other.
template <typename Kind, std::size_t kSize>
class FixedId {
 public:
  static constexpr std::size_t kBytes = kSize;

  FixedId() = default;
  /// Requires: bytes.size() == kBytes.
  static FixedId from_bytes(ByteView bytes) {
    FixedId id;
    std::memcpy(id.bytes_.data(), bytes.data(), kSize);
    return id;
  }

  [[nodiscard]] ByteView bytes() const noexcept { return bytes_; }
  [[nodiscard]] MutableBytes mutable_bytes() noexcept { return bytes_; }
  [[nodiscard]] std::string hex() const { return to_hex(bytes_); }
  /// The first 12 hex digits, for messages.
  [[nodiscard]] std::string short_hex() const { return hex().substr(0, 12); }
  [[nodiscard]] bool is_zero() const noexcept { return *this == FixedId{}; }

  auto operator<=>(const FixedId&) const = default;

 private:
  std::array<std::byte, kSize> bytes_{};
};

using ChunkId = FixedId<struct ChunkIdKind, 32>;      ///< keyed hash of a chunk's bytes
using Digest = FixedId<struct DigestKind, 32>;        ///< SHA-256
using SiteId = FixedId<struct SiteIdKind, 16>;        ///< random
using SetId = FixedId<struct SetIdKind, 16>;          ///< random
using SessionId = FixedId<struct SessionIdKind, 16>;  ///< random
using MediumId = FixedId<struct MediumIdKind, 16>;    ///< random

/// Where plain bytes lie: a pack of the set and a byte in its plain content.
struct Position {
  std::uint32_t pack = 0;
  std::uint32_t byte = 0;

  auto operator<=>(const Position&) const = default;
};

/// Hash for tables in memory; the bytes are already uniformly distributed.
template <typename Id>
struct IdHash {
  std::size_t operator()(const Id& id) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, id.bytes().data(), sizeof value);
    return value;
  }
};

}  // namespace azekura
