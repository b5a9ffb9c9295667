#include "chunker/source_error.h"

#include "core/error.h"
#include "core/text.h"

#include <system_error>

namespace azekura::chunker {

void throw_source_error(int error_number, std::string_view attempt, std::string_view path) {
  throw SourceError{"cannot {} \"{}\": {}", attempt, printable(path),
                    std::generic_category().message(error_number)};
}

}  // namespace azekura::chunker
