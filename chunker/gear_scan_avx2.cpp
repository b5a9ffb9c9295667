#include "chunker/gear_scan_forms.h"

#include <immintrin.h>

#include <bit>

// Only functions marked with the target use it, so nothing else in the program comes to need it.
#define AZK_AVX2 [[gnu::target("avx2")]]

namespace azekura::chunker {

namespace {

constexpr std::size_t kAvx2Step = 32;

/// Hashes 32 bytes at a time, in the order of the bytes; 16-bit lane m is of bytes 2m and 2m + 1.
class Avx2Scan {
 public:
  AZK_AVX2 Avx2Scan(const GearTable& table, std::uint16_t mask) noexcept
      : low_0_{nibble_table(table.low_0)},
        low_1_{nibble_table(table.low_1)},
        high_0_{nibble_table(table.high_0)},
        high_1_{nibble_table(table.high_1)},
        mask_{_mm256_set1_epi16(static_cast<std::int16_t>(mask))} {}

  /// Bit i: the hash at bytes[i] is a candidate's. Requires: the step before took the bytes before.
  AZK_AVX2 std::uint32_t step(const std::byte* bytes) noexcept {
    const __m256i odd_bytes = _mm256_set1_epi16(static_cast<std::int16_t>(0xFF00));
    const __m256i nibble = _mm256_set1_epi8(0x0F);
    const __m256i data = load(bytes);
    const __m256i low = _mm256_and_si256(data, nibble);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(data, 4), nibble);
    const __m256i g_0 =
        _mm256_xor_si256(_mm256_shuffle_epi8(low_0_, low), _mm256_shuffle_epi8(high_0_, high));
    const __m256i g_1 =
        _mm256_xor_si256(_mm256_shuffle_epi8(low_1_, low), _mm256_shuffle_epi8(high_1_, high));
    const __m256i g_even = _mm256_blendv_epi8(g_0, _mm256_slli_epi16(g_1, 8), odd_bytes);

    // At odd positions: sums over 2 bytes, then 4, 8 and 16, each of two of the sums before.
    const __m256i weights = _mm256_set1_epi16(0x0102);  // the even byte counts twice
    const __m256i of_2 = _mm256_add_epi16(_mm256_maddubs_epi16(g_0, weights),
                                          _mm256_slli_epi16(_mm256_maddubs_epi16(g_1, weights), 8));
    const __m256i of_4 =
        _mm256_add_epi16(of_2, _mm256_slli_epi16(delayed<1>(of_2, before_.of_2), 2));
    const __m256i of_8 =
        _mm256_add_epi16(of_4, _mm256_slli_epi16(delayed<2>(of_4, before_.of_4), 4));
    const __m256i odd =
        _mm256_add_epi16(of_8, _mm256_slli_epi16(delayed<4>(of_8, before_.of_8), 8));
    const __m256i even =
        _mm256_add_epi16(g_even, _mm256_slli_epi16(delayed<1>(odd, before_.of_16), 1));
    before_ = {.of_2 = of_2, .of_4 = of_4, .of_8 = of_8, .of_16 = odd};

    return static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_blendv_epi8(candidates(even), candidates(odd), odd_bytes)));
  }

 private:
  struct Sums {
    __m256i of_2;
    __m256i of_4;
    __m256i of_8;
    __m256i of_16;
  };

  AZK_AVX2 static __m256i load(const void* bytes) noexcept {
    return _mm256_loadu_si256(static_cast<const __m256i*>(bytes));
  }

  AZK_AVX2 static __m256i nibble_table(const GearTable::Bytes& table) noexcept {
    const void* const bytes = table.data();
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(bytes)));
  }

  /// Each lane takes what the lane `kLanes` before it has; the first take it from the step before.
  template <int kLanes>
  AZK_AVX2 static __m256i delayed(__m256i now, __m256i before) noexcept {
    const __m256i halves_before = _mm256_permute2x128_si256(before, now, 0x21);
    return _mm256_alignr_epi8(now, halves_before, 16 - 2 * kLanes);
  }

  /// All bits of the lanes in which a candidate's hash stands.
  [[nodiscard]] AZK_AVX2 __m256i candidates(__m256i hashes) const noexcept {
    return _mm256_cmpeq_epi16(_mm256_and_si256(hashes, mask_), _mm256_setzero_si256());
  }

  __m256i low_0_;
  __m256i low_1_;
  __m256i high_0_;
  __m256i high_1_;
  __m256i mask_;
  Sums before_{};
};

}  // namespace

AZK_AVX2 std::size_t scan_with_avx2(ByteView bytes, ScanRange range, const GearTable& table,
                                    std::uint16_t mask) noexcept {
  Avx2Scan scan{table, mask};
  scan.step(bytes.data() + range.from - kAvx2Step);
  std::size_t position = range.from;
  for (; range.to - position >= kAvx2Step; position += kAvx2Step) {
    if (const std::uint32_t found = scan.step(bytes.data() + position); found != 0) {
      return position + static_cast<std::size_t>(std::countr_zero(found));
    }
  }
  if (position < range.to) {
    // A whole step that ends with the range; what it sees again is known to be no candidate.
    scan.step(bytes.data() + range.to - 2 * kAvx2Step);
    std::uint32_t found = scan.step(bytes.data() + range.to - kAvx2Step);
    found >>= kAvx2Step - (range.to - position);
    if (found != 0) {
      return position + static_cast<std::size_t>(std::countr_zero(found));
    }
  }
  return range.to;
}

}  // namespace azekura::chunker
