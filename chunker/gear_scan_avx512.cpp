#include "chunker/gear_scan_forms.h"

// g++ 12 warns of what its own header leaves undefined on purpose.
#pragma GCC diagnostic push
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop

#include <bit>

// Only functions marked with the target use it, so nothing else in the program comes to need it.
// The stack frames that the address sanitizer of g++ 12 makes are aligned to 32 bytes only.
#define AZK_AVX512 [[gnu::target("avx512f,avx512bw,bmi2"), gnu::no_sanitize_address]]

namespace azekura::chunker {

namespace {

constexpr std::size_t kAvx512Step = 64;

/// For _mm512_permutex2var_epi16: the last lane of its first vector, then those of its second.
alignas(64) constexpr std::array<std::uint16_t, 32> kOneLaneBack{
    31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46,
    47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62};

/// Hashes 64 bytes at a time, in the order of the bytes; 16-bit lane m is of bytes 2m and 2m + 1.
class Avx512Scan {
 public:
  AZK_AVX512 Avx512Scan(const GearTable& table, std::uint16_t mask) noexcept
      : low_0_{nibble_table(table.low_0)},
        low_1_{nibble_table(table.low_1)},
        high_0_{nibble_table(table.high_0)},
        high_1_{nibble_table(table.high_1)},
        one_lane_back_{_mm512_load_si512(kOneLaneBack.data())},
        mask_{_mm512_set1_epi16(static_cast<std::int16_t>(mask))} {}

  /// Takes the 64 bytes after those of the step before. True if a hash among theirs is a
  /// candidate's.
  AZK_AVX512 bool step(const std::byte* bytes) noexcept {
    const __m512i nibble = _mm512_set1_epi8(0x0F);
    const __m512i data = _mm512_loadu_si512(bytes);
    const __m512i low = _mm512_and_si512(data, nibble);
    const __m512i high = _mm512_and_si512(_mm512_srli_epi16(data, 4), nibble);
    const __m512i g_0 =
        _mm512_xor_si512(_mm512_shuffle_epi8(low_0_, low), _mm512_shuffle_epi8(high_0_, high));
    const __m512i g_1 =
        _mm512_xor_si512(_mm512_shuffle_epi8(low_1_, low), _mm512_shuffle_epi8(high_1_, high));
    // (g_0 & 0x00FF) | (g_1 << 8), as one operation
    const __m512i g_even =
        _mm512_ternarylogic_epi32(_mm512_set1_epi16(0x00FF), g_0, _mm512_slli_epi16(g_1, 8), 0xCA);

    // At odd positions: sums over 2 bytes, then 4, 8 and 16, each of two of the sums before.
    const __m512i weights = _mm512_set1_epi16(0x0102);  // the even byte counts twice
    const __m512i of_2 = _mm512_add_epi16(_mm512_maddubs_epi16(g_0, weights),
                                          _mm512_slli_epi16(_mm512_maddubs_epi16(g_1, weights), 8));
    const __m512i of_4 =
        _mm512_add_epi16(of_2, _mm512_slli_epi16(one_lane_back(of_2, before_.of_2), 2));
    const __m512i of_8 =
        _mm512_add_epi16(of_4, _mm512_slli_epi16(_mm512_alignr_epi32(of_4, before_.of_4, 15), 4));
    const __m512i odd =
        _mm512_add_epi16(of_8, _mm512_slli_epi16(_mm512_alignr_epi64(of_8, before_.of_8, 7), 8));
    const __m512i even =
        _mm512_add_epi16(g_even, _mm512_slli_epi16(one_lane_back(odd, before_.of_16), 1));
    before_ = {.of_2 = of_2, .of_4 = of_4, .of_8 = of_8, .of_16 = odd};

    even_found_ = _mm512_testn_epi16_mask(even, mask_);
    odd_found_ = _mm512_testn_epi16_mask(odd, mask_);
    return (even_found_ | odd_found_) != 0;
  }

  /// Bit i: the hash at byte i of the last step is a candidate's.
  [[nodiscard]] AZK_AVX512 std::uint64_t found() const noexcept {
    return _pdep_u64(even_found_, 0x5555555555555555U) | _pdep_u64(odd_found_, 0xAAAAAAAAAAAAAAAAU);
  }

 private:
  struct Sums {
    __m512i of_2;
    __m512i of_4;
    __m512i of_8;
    __m512i of_16;
  };

  AZK_AVX512 static __m512i nibble_table(const GearTable::Bytes& table) noexcept {
    const void* const bytes = table.data();
    return _mm512_broadcast_i32x4(_mm_loadu_si128(static_cast<const __m128i*>(bytes)));
  }

  /// Each lane takes what the one before it has; the first takes it from the step before.
  [[nodiscard]] AZK_AVX512 __m512i one_lane_back(__m512i now, __m512i before) const noexcept {
    return _mm512_permutex2var_epi16(before, one_lane_back_, now);
  }

  __m512i low_0_;
  __m512i low_1_;
  __m512i high_0_;
  __m512i high_1_;
  __m512i one_lane_back_;
  __m512i mask_;
  Sums before_{};
  __mmask32 even_found_ = 0;
  __mmask32 odd_found_ = 0;
};

}  // namespace

AZK_AVX512 std::size_t scan_with_avx512(ByteView bytes, ScanRange range, const GearTable& table,
                                        std::uint16_t mask) noexcept {
  Avx512Scan scan{table, mask};
  scan.step(bytes.data() + range.from - kAvx512Step);
  std::size_t position = range.from;
  for (; range.to - position >= kAvx512Step; position += kAvx512Step) {
    if (scan.step(bytes.data() + position)) {
      return position + static_cast<std::size_t>(std::countr_zero(scan.found()));
    }
  }
  if (position < range.to) {
    // A whole step that ends with the range; what it sees again is known to be no candidate.
    scan.step(bytes.data() + range.to - 2 * kAvx512Step);
    scan.step(bytes.data() + range.to - kAvx512Step);
    const std::uint64_t found = scan.found() >> (kAvx512Step - (range.to - position));
    if (found != 0) {
      return position + static_cast<std::size_t>(std::countr_zero(found));
    }
  }
  return range.to;
}

}  // namespace azekura::chunker
