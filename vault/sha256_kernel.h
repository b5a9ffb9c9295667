#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// The compression of SHA-256 (FIPS 180-4, section 6.2.2) with a processor's SHA instructions, of
/// one message or of two side by side: each instruction waits for the one before it, and a second
/// message fills the wait. Its twin is OpenSSL, behind hash.h.
namespace azekura::vault {

using Sha256Words = std::array<std::uint32_t, 8>;

inline constexpr std::size_t kSha256BlockBytes = 64;
/// Before the first block of a message.
inline constexpr Sha256Words kSha256Start{0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                          0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

/// Where the compression of a message is.
struct Sha256Lane {
  Sha256Words words = kSha256Start;
  const std::byte* next = nullptr;  ///< what follows
};

/// Whether this machine can run what follows.
[[nodiscard]] bool has_sha_instructions() noexcept;

/// Takes the next `blocks` blocks. Requires: has_sha_instructions().
void compress_one(Sha256Lane& lane, std::size_t blocks) noexcept;
/// Takes the next `blocks` blocks of both. Requires: has_sha_instructions().
void compress_two(Sha256Lane& one, Sha256Lane& other, std::size_t blocks) noexcept;

}  // namespace azekura::vault
