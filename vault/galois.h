#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// GF(2⁸) modulo x⁸ + x⁴ + x³ + x² + 1, the field of parity. docs/format.md, "Parity".
namespace azekura::vault {

using FieldElement = std::uint8_t;

namespace galois {

inline constexpr unsigned kPolynomial = 0x11D;
inline constexpr unsigned kOrder = 255;  ///< of the multiplicative group; 2 generates it

struct Tables {
  std::array<FieldElement, std::size_t{2} * kOrder> power{};  ///< 2^i, twice around
  std::array<std::uint8_t, 256> log{};
};

constexpr Tables make_tables() {
  Tables tables;
  unsigned value = 1;
  for (unsigned i = 0; i < kOrder; ++i) {
    tables.power.at(i) = static_cast<FieldElement>(value);
    tables.power.at(i + kOrder) = static_cast<FieldElement>(value);
    tables.log.at(value) = static_cast<std::uint8_t>(i);
    value <<= 1U;
    value ^= value > 0xFF ? kPolynomial : 0U;
  }
  return tables;
}

inline constexpr Tables kTables = make_tables();

}  // namespace galois

constexpr FieldElement field_product(FieldElement a, FieldElement b) {
  return a == 0 || b == 0 ? FieldElement{0}
                          : galois::kTables.power.at(std::size_t{galois::kTables.log.at(a)} +
                                                     galois::kTables.log.at(b));
}

/// Requires: a is not 0.
constexpr FieldElement field_inverse(FieldElement a) {
  return galois::kTables.power.at(galois::kOrder - galois::kTables.log.at(a));
}

}  // namespace azekura::vault
