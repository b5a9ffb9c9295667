#pragma once

#include "vault/field_sums.h"

#include <vector>

/// The Reed-Solomon code of a stripe: a Cauchy matrix, so that any lost leaves come back from as
/// many parity leaves. docs/format.md, "Parity"; Blömer et al., 1995.
namespace azekura::vault {

/// What member `member` of a stripe is multiplied by in parity leaf `parity`.
/// Requires: member < limits::kStripeLeavesMax, parity < limits::kParityFilesMax.
constexpr FieldElement parity_factor(unsigned parity, unsigned member) {
  return field_inverse(static_cast<FieldElement>((galois::kOrder - parity) ^ member));
}

/// The factors of every parity leaf: `parities` rows of `members`.
std::vector<FieldElement> parity_factors(unsigned parities, unsigned members);

/// The factors that make lost members again: a row each of `lost`, for the inputs "all other
/// members, rising, then the parity leaves `used`".
/// Requires: both rising, of one length; all below their counts.
std::vector<FieldElement> recovery_factors(unsigned members, std::span<const unsigned> lost,
                                           std::span<const unsigned> used);

}  // namespace azekura::vault
