#include "chunker/gear_scan.h"

#include "chunker/gear_scan_forms.h"

namespace azekura::chunker {

namespace {

constexpr std::uint8_t low_byte(std::uint16_t value) noexcept {
  return static_cast<std::uint8_t>(value & 0xFFU);
}

constexpr std::uint8_t high_byte(std::uint16_t value) noexcept {
  return static_cast<std::uint8_t>(value >> 8U);
}

GearScan choose() noexcept {
  for (const GearForm form : {GearForm::avx512, GearForm::avx2}) {
    if (const GearScan scan = find_gear_scan(form)) {
      return scan;
    }
  }
  return scan_portably;
}

}  // namespace

GearTable make_gear_table(const CutterKey& key) noexcept {
  GearTable table;
  for (std::size_t byte = 0; byte < table.of_byte.size(); ++byte) {
    table.of_byte[byte] = static_cast<std::uint16_t>(key.low[byte & 15U] ^ key.high[byte >> 4U]);
  }
  for (std::size_t nibble = 0; nibble < 16; ++nibble) {
    table.low_0[nibble] = low_byte(key.low[nibble]);
    table.low_1[nibble] = high_byte(key.low[nibble]);
    table.high_0[nibble] = low_byte(key.high[nibble]);
    table.high_1[nibble] = high_byte(key.high[nibble]);
  }
  return table;
}

GearScan find_gear_scan(GearForm form) noexcept {
  switch (form) {
    case GearForm::portable:
      return scan_portably;
#ifdef __x86_64__
    case GearForm::avx2:
      return __builtin_cpu_supports("avx2") ? scan_with_avx2 : nullptr;
    case GearForm::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("bmi2")
                 ? scan_with_avx512
                 : nullptr;
#else
    case GearForm::avx2:
    case GearForm::avx512:
      return nullptr;
#endif
  }
  return nullptr;
}

GearScan fastest_gear_scan() noexcept {
  static const GearScan kFastest = choose();
  return kFastest;
}

}  // namespace azekura::chunker
