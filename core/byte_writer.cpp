#include "core/byte_writer.h"

#include "core/error.h"

#include <limits>

namespace azekura {

ByteWriter& ByteWriter::short_bytes(ByteView value) {
  AZK_CHECK(value.size() <= std::numeric_limits<std::uint16_t>::max());
  return u16(static_cast<std::uint16_t>(value.size())).bytes(value);
}

ByteWriter& ByteWriter::long_bytes(ByteView value) {
  AZK_CHECK(value.size() <= std::numeric_limits<std::uint32_t>::max());
  return u32(static_cast<std::uint32_t>(value.size())).bytes(value);
}

}  // namespace azekura
