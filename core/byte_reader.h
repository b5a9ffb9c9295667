#pragma once

#include "core/bytes.h"
#include "core/ids.h"

#include <string>
#include <string_view>

namespace azekura {

/// Bounds-checked cursor over bytes from a medium; little-endian.
///
/// Lifetime: views it returns live as long as the bytes it reads.
/// Errors: every read throws DamageError, naming the object, when bytes are missing.
class ByteReader {
 public:
  ByteReader(ByteView bytes, std::string_view object) : rest_{bytes}, object_{object} {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(little_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(little_endian(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(little_endian(4)); }
  std::uint64_t u64() { return little_endian(8); }
  std::int64_t i64() { return static_cast<std::int64_t>(u64()); }
  ByteView bytes(std::uint64_t count);
  template <typename Id>
  Id id() {
    return Id::from_bytes(bytes(Id::kBytes));
  }
  /// A 16-bit length, at most `max`, and the bytes.
  ByteView short_bytes(std::size_t max);
  /// A 32-bit length, at most `max`, and the bytes.
  ByteView long_bytes(std::size_t max);
  std::string short_text(std::size_t max) { return std::string{as_text(short_bytes(max))}; }

  [[nodiscard]] std::size_t remaining() const noexcept { return rest_.size(); }
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  /// Errors: DamageError if bytes are left over.
  void expect_end() const;
  /// Throws DamageError about this object.
  [[noreturn]] void fail(std::string_view fact) const;

 private:
  std::uint64_t little_endian(unsigned count);

  ByteView rest_;
  std::string_view object_;
};

}  // namespace azekura
