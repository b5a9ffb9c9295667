#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace azekura::cli {

/// What a person typed for the register, without the blanks around it; may be empty. Nothing if
/// there is in it what drives a terminal, like an arrow key, or is not UTF-8.
std::optional<std::string> custody_words(std::string_view typed);

}  // namespace azekura::cli
