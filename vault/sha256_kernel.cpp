#include "vault/sha256_kernel.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>

#include <utility>

// Only functions marked with the target use it, so nothing else in the program comes to need it.
#define AZK_SHA [[gnu::target("sha,sse4.1")]]
#define AZK_SHA_INLINE [[gnu::target("sha,sse4.1"), gnu::always_inline]] inline

namespace azekura::vault {

namespace {

constexpr std::size_t kWordsAtOnce = 4;  ///< of a register; as many rounds are one step
constexpr std::size_t kSteps = 16;
constexpr unsigned kShaBit = 1U << 29U;  ///< of EBX, CPUID leaf 7

/// FIPS 180-4, section 4.2.2.
alignas(16) constexpr std::array<std::uint32_t, kWordsAtOnce * kSteps> kRoundConstants{
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2};

AZK_SHA_INLINE __m128i load(const void* from) noexcept {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}

/// A message in registers, its words in the order that the instructions want.
class Compression {
 public:
  AZK_SHA_INLINE explicit Compression(const Sha256Lane& lane) noexcept : next_{lane.next} {
    const __m128i badc = _mm_shuffle_epi32(load(lane.words.data()), 0xB1);
    const __m128i efgh = _mm_shuffle_epi32(load(lane.words.data() + kWordsAtOnce), 0x1B);
    abef_ = _mm_alignr_epi8(badc, efgh, 8);
    cdgh_ = _mm_blend_epi16(efgh, badc, 0xF0);
  }

  AZK_SHA_INLINE void begin_block() noexcept {
    const __m128i big_endian = _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
    abef_before_ = abef_;
    cdgh_before_ = cdgh_;
    message_0_ = _mm_shuffle_epi8(load(next_), big_endian);
    message_1_ = _mm_shuffle_epi8(load(next_ + 16), big_endian);
    message_2_ = _mm_shuffle_epi8(load(next_ + 32), big_endian);
    message_3_ = _mm_shuffle_epi8(load(next_ + 48), big_endian);
    next_ += kSha256BlockBytes;
  }

  /// Four rounds, and the message's words for later ones.
  template <std::size_t kStep>
  AZK_SHA_INLINE void step() noexcept {
    const __m128i words = message<kStep>();
    const __m128i sum = _mm_add_epi32(words, load(kRoundConstants.data() + kWordsAtOnce * kStep));
    cdgh_ = _mm_sha256rnds2_epu32(cdgh_, abef_, sum);
    if constexpr (kStep >= 3 && kStep <= 14) {
      const __m128i shifted = _mm_alignr_epi8(words, message<kStep + 3>(), 4);
      message<kStep + 1>() =
          _mm_sha256msg2_epu32(_mm_add_epi32(message<kStep + 1>(), shifted), words);
    }
    abef_ = _mm_sha256rnds2_epu32(abef_, cdgh_, _mm_shuffle_epi32(sum, 0x0E));
    if constexpr (kStep >= 1 && kStep <= 12) {
      message<kStep + 3>() = _mm_sha256msg1_epu32(message<kStep + 3>(), words);
    }
  }

  AZK_SHA_INLINE void end_block() noexcept {
    abef_ = _mm_add_epi32(abef_, abef_before_);
    cdgh_ = _mm_add_epi32(cdgh_, cdgh_before_);
  }

  AZK_SHA_INLINE void store(Sha256Lane& lane) const noexcept {
    const __m128i feba = _mm_shuffle_epi32(abef_, 0x1B);
    const __m128i dchg = _mm_shuffle_epi32(cdgh_, 0xB1);
    auto* const words = static_cast<__m128i*>(static_cast<void*>(lane.words.data()));
    _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
    lane.next = next_;
  }

 private:
  /// The four words of the message that step `kStep` takes.
  template <std::size_t kStep>
  AZK_SHA_INLINE __m128i& message() noexcept {
    if constexpr (kStep % 4 == 0) {
      return message_0_;
    } else if constexpr (kStep % 4 == 1) {
      return message_1_;
    } else if constexpr (kStep % 4 == 2) {
      return message_2_;
    } else {
      return message_3_;
    }
  }

  const std::byte* next_;
  __m128i abef_{};
  __m128i cdgh_{};
  __m128i abef_before_{};
  __m128i cdgh_before_{};
  __m128i message_0_{};
  __m128i message_1_{};
  __m128i message_2_{};
  __m128i message_3_{};
};

template <std::size_t... kStep>
AZK_SHA_INLINE void all_steps(Compression& one, std::index_sequence<kStep...> /*steps*/) noexcept {
  (one.step<kStep>(), ...);
}

template <std::size_t... kStep>
AZK_SHA_INLINE void all_steps(Compression& one, Compression& other,
                              std::index_sequence<kStep...> /*steps*/) noexcept {
  ((one.step<kStep>(), other.step<kStep>()), ...);
}

using AllSteps = std::make_index_sequence<kSteps>;

}  // namespace

bool has_sha_instructions() noexcept {
  static const bool kHas = [] {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & kShaBit) != 0 &&
           __builtin_cpu_supports("sse4.1") != 0;
  }();
  return kHas;
}

AZK_SHA void compress_one(Sha256Lane& lane, std::size_t blocks) noexcept {
  Compression message{lane};
  for (; blocks > 0; --blocks) {
    message.begin_block();
    all_steps(message, AllSteps{});
    message.end_block();
  }
  message.store(lane);
}

AZK_SHA void compress_two(Sha256Lane& one, Sha256Lane& other, std::size_t blocks) noexcept {
  Compression first{one};
  Compression second{other};
  for (; blocks > 0; --blocks) {
    first.begin_block();
    second.begin_block();
    all_steps(first, second, AllSteps{});
    first.end_block();
    second.end_block();
  }
  first.store(one);
  second.store(other);
}

}  // namespace azekura::vault

#else

namespace azekura::vault {

bool has_sha_instructions() noexcept { return false; }
void compress_one(Sha256Lane& /*lane*/, std::size_t /*blocks*/) noexcept {}
void compress_two(Sha256Lane& /*one*/, Sha256Lane& /*other*/, std::size_t /*blocks*/) noexcept {}

}  // namespace azekura::vault

#endif
