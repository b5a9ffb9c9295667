#include "chunker/source_error.h"

#include "core/error.h"
#include "core/text.h"

namespace azekura::chunker {

void throw_source_error(int error_number, std::string_view attempt, std::string_view path) {
  throw SourceError{"cannot {} \"{}\": {}", in_language(attempt), printable(path),
                    errno_text(error_number)};
}

}  // namespace azekura::chunker
