#pragma once

#include "core/error.h"

#include <array>
#include <string_view>

namespace azekura::cli {

struct ExitCode {
  int code;
  std::string_view meaning;
};

/// Every way the program ends: help, manual and tests show this table. docs/reliability.md.
inline constexpr std::array<ExitCode, 13> kExitCodes{{
    {0, "done"},
    {1, "sealed, but some source items could not be read (they are listed)"},
    {2, "wrong usage or configuration"},
    {3, "nothing committed: the operating system refused"},
    {4, "damage found and repaired, or repairable: nothing is lost"},
    {5, "damage that cannot be repaired (the files are listed)"},
    {6, "authenticity: bad signature, wrong key, rollback or fork"},
    {7, "another run holds the catalogue"},
    {8, "no space"},
    {9, "medium missing, wrong, removed or failing; what was captured waits"},
    {10, "refused by policy"},
    {70, "our own bug"},
    {130, "interrupted"},
}};

inline constexpr int kDone = 0;
inline constexpr int kRepaired = 4;

constexpr int exit_code_of(ErrorKind kind) { return static_cast<int>(kind); }

}  // namespace azekura::cli
