#pragma once

#include "cli/output.h"
#include "vault/healer.h"
#include "vault/vault.h"

#include <cstddef>
#include <vector>

namespace azekura::cli {

/// What findings about a medium amount to.
struct Tally {
  std::size_t forged = 0;
  std::size_t lost = 0;        ///< damaged, and nothing brings it back
  std::size_t repairable = 0;  ///< damaged, and 'azekura repair' brings it back
  std::size_t healed = 0;      ///< damaged once; a healed copy is whole

  /// The gravest decides.
  [[nodiscard]] int exit_code() const noexcept;
};
Tally tally_of(const std::vector<vault::Finding>& findings);

void report_finding(const vault::Finding& finding, Output& output);
/// Whether a check got to everything there is.
enum class Coverage { all, part };
/// The last line of a check that ends with `code`.
void report_verdict(const Tally& tally, int code, Coverage coverage, Output& output);

/// Says what was made from parity while a command read, and how that changes its exit code.
int report_healing(vault::Healer& healer, int code, Output& output);

}  // namespace azekura::cli
