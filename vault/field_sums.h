#pragma once

#include "core/bytes.h"
#include "vault/galois.h"

#include <span>

/// The kernel of parity: sums of products over byte arrays.
namespace azekura::vault {

/// outputs[i][b] = Σ over j of factors[i · inputs.size() + j] · inputs[j][b], for every byte b.
/// Requires: all arrays have the same length, below 2 GiB; no output overlaps an input.
using FieldSums = void(std::span<const FieldElement> factors, std::span<const ByteView> inputs,
                       std::span<const MutableBytes> outputs);

/// As the program was linked: azekura has ISA-L's, azekura-restore the portable form.
FieldSums field_sums;

FieldSums field_sums_portable;

}  // namespace azekura::vault
