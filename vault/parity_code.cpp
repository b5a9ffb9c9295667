#include "vault/parity_code.h"

#include "core/error.h"

#include <algorithm>

namespace azekura::vault {

namespace {

/// The inverse of a square matrix, by Gauss and Jordan. Every square part of a Cauchy matrix has
/// one, and no pivot of it is 0 in this order: each leading part is such a matrix, too.
std::vector<FieldElement> inverted(std::vector<FieldElement> matrix, std::size_t size) {
  std::vector<FieldElement> inverse(size * size, 0);
  for (std::size_t i = 0; i < size; ++i) {
    inverse[i * size + i] = 1;
  }
  const auto scale_row = [&](std::vector<FieldElement>& rows, std::size_t row, FieldElement by) {
    for (std::size_t i = 0; i < size; ++i) {
      rows[row * size + i] = field_product(rows[row * size + i], by);
    }
  };
  const auto subtract_row = [&](std::vector<FieldElement>& rows, std::size_t row, std::size_t pivot,
                                FieldElement by) {
    for (std::size_t i = 0; i < size; ++i) {
      rows[row * size + i] ^= field_product(rows[pivot * size + i], by);
    }
  };
  for (std::size_t pivot = 0; pivot < size; ++pivot) {
    AZK_CHECK(matrix[pivot * size + pivot] != 0);
    const FieldElement scale = field_inverse(matrix[pivot * size + pivot]);
    scale_row(matrix, pivot, scale);
    scale_row(inverse, pivot, scale);
    for (std::size_t row = 0; row < size; ++row) {
      const FieldElement by = matrix[row * size + pivot];
      if (row != pivot && by != 0) {
        subtract_row(matrix, row, pivot, by);
        subtract_row(inverse, row, pivot, by);
      }
    }
  }
  return inverse;
}

}  // namespace

std::vector<FieldElement> parity_factors(unsigned parities, unsigned members) {
  std::vector<FieldElement> factors;
  for (unsigned parity = 0; parity < parities; ++parity) {
    for (unsigned member = 0; member < members; ++member) {
      factors.push_back(parity_factor(parity, member));
    }
  }
  return factors;
}

std::vector<FieldElement> recovery_factors(unsigned members, std::span<const unsigned> lost,
                                           std::span<const unsigned> used) {
  const std::size_t size = lost.size();
  std::vector<FieldElement> lost_part;
  for (const unsigned parity : used) {
    for (const unsigned member : lost) {
      lost_part.push_back(parity_factor(parity, member));
    }
  }
  // lost = inverse · (parity − what the other members add to it); minus is plus in this field.
  const std::vector<FieldElement> inverse = inverted(std::move(lost_part), size);
  std::vector<FieldElement> factors;
  for (std::size_t row = 0; row < size; ++row) {
    for (unsigned member = 0; member < members; ++member) {
      if (std::binary_search(lost.begin(), lost.end(), member)) {
        continue;
      }
      FieldElement sum = 0;
      for (std::size_t i = 0; i < size; ++i) {
        sum ^= field_product(inverse[row * size + i], parity_factor(used[i], member));
      }
      factors.push_back(sum);
    }
    factors.insert(factors.end(), inverse.begin() + static_cast<std::ptrdiff_t>(row * size),
                   inverse.begin() + static_cast<std::ptrdiff_t>((row + 1) * size));
  }
  return factors;
}

}  // namespace azekura::vault
