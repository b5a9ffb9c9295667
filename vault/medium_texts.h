#pragma once

#include <string_view>

/// Files of the source tree that go onto every medium, built into the program.
namespace azekura::vault {

std::string_view medium_readme();         ///< vault/medium_files/README.txt
std::string_view medium_readme_ja();      ///< vault/medium_files/はじめに.txt
std::string_view format_specification();  ///< docs/format.md

}  // namespace azekura::vault
