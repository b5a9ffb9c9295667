#pragma once

#include "core/byte_reader.h"
#include "core/byte_writer.h"
#include "core/error.h"

#include <map>
#include <optional>
#include <string_view>

/// The framing that label, header, manifest and seal share. docs/format.md, section 6.
namespace azekura::vault {

inline constexpr std::uint16_t kFormatVersion = 1;

/// A version or a critical part this program does not know. Concerns one object only.
class VersionError : public Error {
 public:
  template <typename... Args>
  explicit VersionError(fmt::format_string<Args...> fact, Args&&... args)
      : Error{ErrorKind::authenticity, text(fact, std::forward<Args>(args)...)} {
    set_hint("a newer azekura wrote this; use the azekura-restore that lies on the medium");
  }
};

/// Sections by type; those below kFirstMinorSection are critical, later ones never.
using Sections = std::map<std::uint16_t, Buffer>;
inline constexpr std::uint16_t kFirstMinorSection = 16;

void encode_sections(ByteWriter& out, const Sections& sections);
/// Sections of types 1 to `known_max`, and all from kFirstMinorSection on.
/// Errors: DamageError; VersionError for an unknown critical section. Requires a known `object`.
Sections decode_sections(ByteReader& in, std::uint16_t known_max, std::string_view object);

/// magic ‖ version ‖ flags ‖ sections. Requires: magic has 8 characters.
Buffer encode_object(std::string_view magic, const Sections& sections);
/// Reads the framing; leaves `in` behind the sections.
Sections decode_object(ByteReader& in, std::string_view magic, std::uint16_t known_max,
                       std::string_view object);

/// The section's bytes. Errors: DamageError if it is not there.
ByteView section(const Sections& sections, std::uint16_t type, std::string_view object);

/// Padmé: the size that hides all but the leading bits of `size`. Source: Nikitin et al., PETS
/// 2019.
std::uint64_t padme(std::uint64_t size) noexcept;

}  // namespace azekura::vault
