#pragma once

#include "chunker/gear_scan.h"

/// The forms behind find_gear_scan(), which knows what the machine can run; contract: GearScan.
namespace azekura::chunker {

/// One position at a time.
std::size_t scan_portably(ByteView bytes, ScanRange range, const GearTable& table,
                          std::uint16_t mask) noexcept;

/// 32 positions at a time. Requires: x86-64 with AVX2.
std::size_t scan_with_avx2(ByteView bytes, ScanRange range, const GearTable& table,
                           std::uint16_t mask) noexcept;

/// 64 positions at a time. Requires: x86-64 with AVX-512 F and BW, and BMI2.
std::size_t scan_with_avx512(ByteView bytes, ScanRange range, const GearTable& table,
                             std::uint16_t mask) noexcept;

}  // namespace azekura::chunker
