#include "vault/field_sums.h"

#include <algorithm>
#include <isa-l/erasure_code.h>
#include <vector>

namespace azekura::vault {

namespace {

/// ISA-L's expanded form of one factor.
constexpr std::size_t kTableBytes = 32;

/// ISA-L declares what it only reads as writable.
unsigned char* as_isal(ByteView bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): it writes to none of them
  return const_cast<unsigned char*>(as_uchar(bytes));
}

}  // namespace

void field_sums(std::span<const FieldElement> factors, std::span<const ByteView> inputs,
                std::span<const MutableBytes> outputs) {
  if (outputs.empty() || outputs.front().empty()) {
    return;
  }
  std::vector<unsigned char> matrix{factors.begin(), factors.end()};
  std::vector<unsigned char> tables(matrix.size() * kTableBytes);
  std::vector<unsigned char*> from(inputs.size());
  std::vector<unsigned char*> into(outputs.size());
  std::transform(inputs.begin(), inputs.end(), from.begin(), as_isal);
  std::transform(outputs.begin(), outputs.end(), into.begin(),
                 [](MutableBytes bytes) { return as_uchar(bytes); });
  const int columns = static_cast<int>(inputs.size());
  const int rows = static_cast<int>(outputs.size());
  ::ec_init_tables(columns, rows, matrix.data(), tables.data());
  ::ec_encode_data(static_cast<int>(outputs.front().size()), columns, rows, tables.data(),
                   from.data(), into.data());
}

}  // namespace azekura::vault
