#include "vault/field_sums.h"

namespace azekura::vault {

/// For azekura-restore, which is linked with few libraries.
void field_sums(std::span<const FieldElement> factors, std::span<const ByteView> inputs,
                std::span<const MutableBytes> outputs) {
  field_sums_portable(factors, inputs, outputs);
}

}  // namespace azekura::vault
