#pragma once

#include "core/bytes.h"
#include "core/ids.h"

#include <string_view>

namespace azekura {

/// Appends little-endian values to a Buffer.
class ByteWriter {
 public:
  ByteWriter() = default;

  ByteWriter& u8(std::uint8_t value) { return little_endian(value, 1); }
  ByteWriter& u16(std::uint16_t value) { return little_endian(value, 2); }
  ByteWriter& u32(std::uint32_t value) { return little_endian(value, 4); }
  ByteWriter& u64(std::uint64_t value) { return little_endian(value, 8); }
  ByteWriter& i64(std::int64_t value) { return u64(static_cast<std::uint64_t>(value)); }
  ByteWriter& bytes(ByteView value) {
    append(buffer_, value);
    return *this;
  }
  ByteWriter& text(std::string_view value) { return bytes(as_bytes(value)); }
  template <typename Kind, std::size_t kSize>
  ByteWriter& id(const FixedId<Kind, kSize>& value) {
    return bytes(value.bytes());
  }
  /// A 16-bit length and the bytes. Requires: fewer than 2^16 bytes.
  ByteWriter& short_bytes(ByteView value);
  /// A 32-bit length and the bytes. Requires: fewer than 2^32 bytes.
  ByteWriter& long_bytes(ByteView value);

  [[nodiscard]] ByteView view() const noexcept { return buffer_; }
  [[nodiscard]] std::size_t size() const noexcept { return buffer_.size(); }
  [[nodiscard]] Buffer take() noexcept { return std::move(buffer_); }

 private:
  ByteWriter& little_endian(std::uint64_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      buffer_.push_back(static_cast<std::byte>(value >> (8 * i)));
    }
    return *this;
  }

  Buffer buffer_;
};

}  // namespace azekura
