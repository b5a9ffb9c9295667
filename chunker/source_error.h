#pragma once

#include <string_view>

namespace azekura::chunker {

/// Throws SourceError: "cannot <attempt> "<path>": <what errno means>". Paths are raw bytes.
[[noreturn]] void throw_source_error(int error_number, std::string_view attempt,
                                     std::string_view path);

}  // namespace azekura::chunker
