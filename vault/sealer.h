#pragma once

#include "core/bytes.h"
#include "vault/secret.h"

#include <array>
#include <memory>

/// AES-GCM (NIST SP 800-38D) with 12-byte nonces and 16-byte tags, from OpenSSL.
namespace azekura::vault {

inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;
using Nonce = std::array<std::byte, kNonceBytes>;

/// Encrypts and authenticates under one key.
///
/// Requires: the caller never uses a nonce twice for different bytes.
/// Shape: sealed bytes are the ciphertext followed by the tag. The key has 32 bytes (AES-256); 16
/// (AES-128) is accepted for RFC 9180's published vectors only.
/// Threads: one at a time.
class Sealer {
 public:
  explicit Sealer(const Secret& key);
  Sealer(Sealer&&) noexcept;
  Sealer& operator=(Sealer&&) noexcept;
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;
  ~Sealer();

  /// Requires: sealed.size() == plain.size() + kTagBytes.
  void seal(const Nonce& nonce, ByteView associated, ByteView plain, MutableBytes sealed);
  [[nodiscard]] Buffer seal(const Nonce& nonce, ByteView associated, ByteView plain);

  /// Returns false, and leaves `plain` zeroed, if the bytes are not what was sealed.
  /// Requires: plain.size() + kTagBytes == sealed.size().
  [[nodiscard]] bool open(const Nonce& nonce, ByteView associated, ByteView sealed,
                          MutableBytes plain);
  /// Errors: DamageError "`object` does not open ..." if the bytes are not what was sealed.
  [[nodiscard]] Buffer open(const Nonce& nonce, ByteView associated, ByteView sealed,
                            std::string_view object);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace azekura::vault
