#include "core/byte_reader.h"

#include "core/error.h"

namespace azekura {

void ByteReader::fail(std::string_view fact) const {
  throw DamageError{"{} is malformed: {}", in_language(object_), in_language(fact)};
}

ByteView ByteReader::bytes(std::uint64_t count) {
  if (count > rest_.size()) {
    fail("it ends too early");
  }
  const ByteView taken = rest_.first(static_cast<std::size_t>(count));
  rest_ = rest_.subspan(static_cast<std::size_t>(count));
  return taken;
}

std::uint64_t ByteReader::little_endian(unsigned count) {
  const ByteView taken = bytes(count);
  std::uint64_t value = 0;
  for (unsigned i = 0; i < count; ++i) {
    value |= std::to_integer<std::uint64_t>(taken[i]) << (8 * i);
  }
  return value;
}

ByteView ByteReader::short_bytes(std::size_t max) {
  const std::size_t length = u16();
  if (length > max) {
    fail("a length is beyond its limit");
  }
  return bytes(length);
}

ByteView ByteReader::long_bytes(std::size_t max) {
  const std::size_t length = u32();
  if (length > max) {
    fail("a length is beyond its limit");
  }
  return bytes(length);
}

void ByteReader::expect_end() const {
  if (!rest_.empty()) {
    fail("bytes are left over");
  }
}

}  // namespace azekura
