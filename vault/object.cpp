#include "vault/object.h"

#include <bit>

namespace azekura::vault {

namespace {
constexpr std::uint16_t kCritical = 1;
constexpr std::size_t kMagicBytes = 8;
constexpr std::uint32_t kSectionsMax = 64;
}  // namespace

void encode_sections(ByteWriter& out, const Sections& sections) {
  out.u32(static_cast<std::uint32_t>(sections.size()));
  for (const auto& [type, bytes] : sections) {
    out.u16(type).u16(type < kFirstMinorSection ? kCritical : 0).long_bytes(bytes);
  }
}

Sections decode_sections(ByteReader& in, std::uint16_t known_max, std::string_view object) {
  Sections sections;
  const std::uint32_t count = in.u32();
  if (count > kSectionsMax) {
    in.fail("too many sections");
  }
  std::uint16_t previous = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint16_t type = in.u16();
    const std::uint16_t flags = in.u16();
    const ByteView bytes = in.long_bytes(in.remaining());
    if (type <= previous || flags > kCritical) {
      in.fail("sections are out of order or have unknown flags");
    }
    if (type > known_max && flags == kCritical) {
      throw VersionError{"{} has a part of type {} that this version does not know",
                         in_language(object), type};
    }
    if (type <= known_max && flags != kCritical) {
      in.fail("a section lacks its critical flag");
    }
    if (type <= known_max || type >= kFirstMinorSection) {
      sections.emplace(type, Buffer{bytes.begin(), bytes.end()});
    }
    previous = type;
  }
  return sections;
}

Buffer encode_object(std::string_view magic, const Sections& sections) {
  AZK_CHECK(magic.size() == kMagicBytes);
  ByteWriter out;
  for (const char letter : magic) {  // as one text, gcc 12 warns of an overflow that is not there
    out.u8(static_cast<std::uint8_t>(letter));
  }
  out.u16(kFormatVersion).u16(0);
  encode_sections(out, sections);
  return out.take();
}

Sections decode_object(ByteReader& in, std::string_view magic, std::uint16_t known_max,
                       std::string_view object) {
  if (as_text(in.bytes(kMagicBytes)) != magic) {
    in.fail("it does not begin as it must");
  }
  const std::uint16_t version = in.u16();
  const std::uint16_t flags = in.u16();
  if (version != kFormatVersion || flags != 0) {
    throw VersionError{"{} has format version {}, this program knows version {}",
                       in_language(object), version, kFormatVersion};
  }
  return decode_sections(in, known_max, object);
}

ByteView section(const Sections& sections, std::uint16_t type, std::string_view object) {
  const auto found = sections.find(type);
  if (found == sections.end()) {
    throw DamageError{"{} lacks section {}", in_language(object), type};
  }
  return found->second;
}

std::uint64_t padme(std::uint64_t size) noexcept {
  if (size < 2) {
    return size;
  }
  const auto e = static_cast<unsigned>(std::bit_width(size)) - 1;
  const auto s = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(e)));
  const std::uint64_t mask = e > s ? (std::uint64_t{1} << (e - s)) - 1 : 0;
  return (size + mask) & ~mask;
}

}  // namespace azekura::vault
