#include "vault/field_sums.h"

#include <algorithm>
#include <array>

namespace azekura::vault {

void field_sums_portable(std::span<const FieldElement> factors, std::span<const ByteView> inputs,
                         std::span<const MutableBytes> outputs) {
  std::array<std::byte, 256> products{};
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const MutableBytes output = outputs[i];
    std::fill(output.begin(), output.end(), std::byte{0});
    for (std::size_t j = 0; j < inputs.size(); ++j) {
      const FieldElement factor = factors[i * inputs.size() + j];
      for (unsigned value = 0; value < products.size(); ++value) {
        products.at(value) =
            static_cast<std::byte>(field_product(factor, static_cast<FieldElement>(value)));
      }
      for (std::size_t b = 0; b < output.size(); ++b) {
        output[b] ^= products[std::to_integer<std::size_t>(inputs[j][b])];
      }
    }
  }
}

}  // namespace azekura::vault
