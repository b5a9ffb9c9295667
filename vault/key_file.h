#pragma once

#include "core/error.h"
#include "core/ids.h"
#include "vault/secret.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace azekura::vault {

/// The text of a key file, in memory that is wiped. Errors: SystemError; UsageError if it is too
/// long.
class KeyFileText {
 public:
  explicit KeyFileText(const std::string& path);

  [[nodiscard]] std::string_view view() const { return as_text(content_.bytes().first(size_)); }

 private:
  Secret content_;
  std::size_t size_;
};

/// The named lines of a recovery key or share, as people keep and type them.
///
/// Shape: a heading line, then `name value` lines in any order. Blank lines and lines that start
/// with '#' do not count; a line that starts with white space and no name goes on from the line
/// directly before it. Upper and lower case are equal in the heading and in names.
/// Lifetime: views into the text.
class KeyFile {
 public:
  /// Errors: UsageError if the heading is another, or if a name is unknown, repeated or missing;
  /// it never contains a part of the text.
  KeyFile(std::string_view text, std::string_view heading,
          std::initializer_list<std::string_view> names);

  /// True if the text has this heading.
  static bool has_heading(std::string_view text, std::string_view heading);

  /// What `read` makes of the value; an Error that leaves it is told the line.
  template <typename Read>
  auto read(std::string_view name, Read&& read) const {
    const Field& field = field_of(name);
    return while_doing([&] { return read(field.value); }, "reading \"{}\" in line {}", name,
                       field.line);
  }

 private:
  struct Field {
    std::string_view name;
    std::string_view value;
    std::size_t line;
  };

  [[nodiscard]] const Field& field_of(std::string_view name) const;

  std::vector<Field> fields_;
};

/// An id of a key file. Errors: UsageError if it is not that many hexadecimal digits.
template <typename Id>
Id id_from_hex(std::string_view hex) {
  const Buffer bytes = from_hex(hex);
  if (bytes.size() != Id::kBytes) {
    throw UsageError{"it has {} hexadecimal digits, expected {}", hex.size(), Id::kBytes * 2};
  }
  return Id::from_bytes(bytes);
}

}  // namespace azekura::vault
