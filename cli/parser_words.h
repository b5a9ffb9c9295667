#pragma once

#include <string>
#include <string_view>

namespace azekura::cli {

/// What CLI11 says is wrong with the arguments, in the language spoken; as it is if it is none of
/// the sentences known here.
std::string parser_words(std::string_view english);

}  // namespace azekura::cli
