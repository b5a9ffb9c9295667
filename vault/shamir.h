#pragma once

#include "vault/secret.h"

#include <vector>

namespace azekura::vault {

/// The value at `x` of the polynomials that hide a secret, one polynomial a byte.
struct ShamirPoint {
  std::byte x;
  Secret bytes;
};

/// Points 1 to `count`; any `threshold` of them give the secret, fewer say nothing about it.
///
/// Requires: 2 <= threshold <= count <= 255.
/// Source: A. Shamir, "How to share a secret", CACM 1979, over GF(2^8) modulo 0x11B.
std::vector<ShamirPoint> shamir_split(const Secret& secret, unsigned threshold, unsigned count);

/// The secret of as many points as the threshold was; from fewer or false ones, other bytes.
/// Requires: at least one point, of equal sizes, with different x, none zero.
Secret shamir_combine(const std::vector<ShamirPoint>& points);

}  // namespace azekura::vault
