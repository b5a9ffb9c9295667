#include "cli/named_source.h"

#include "core/error.h"
#include "core/snapshot.h"
#include "core/text.h"

namespace azekura::cli {

NamedSource parse_named_source(const std::string& given, std::string_view option, PathPart path) {
  const std::size_t sign = given.find('=');
  const bool has_path = sign != std::string::npos;
  NamedSource source{given.substr(0, sign), has_path ? given.substr(sign + 1) : std::string{}};
  const bool lacks_path = has_path ? source.path.empty() : path == PathPart::must_be_there;
  if (!is_valid_label(source.name) || lacks_path) {
    UsageError error{"'{}' is not a source and its path", printable(given)};
    error.set_hint(text("write {0} NAME=PATH, like {0} ehr=/srv/ehr", option));
    throw error;
  }
  return source;
}

}  // namespace azekura::cli
