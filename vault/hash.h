#pragma once

#include "core/bytes.h"
#include "core/ids.h"
#include "vault/secret.h"

#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

/// SHA-256, HMAC-SHA-256 and HKDF-SHA-256 (FIPS 180-4, RFC 2104, RFC 5869), from OpenSSL; several
/// messages at once from our own kernel where the processor has SHA instructions.
namespace azekura::vault {

Digest sha256(ByteView bytes);
/// Of each of several messages: two side by side where the processor can (ADR 0026), which takes
/// little more than half the time. Requires: as many digests as messages.
void sha256_each(std::span<const ByteView> messages, std::span<Digest> digests);

/// SHA-256 of bytes that come in parts.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  Sha256& update(ByteView bytes);
  /// The digest of everything so far; then starts anew.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// HMAC-SHA-256 with one key, many times: the key's two compressions are done once.
/// Threads: one at a time; clone() gives a copy for another thread.
class Hmac {
 public:
  explicit Hmac(ByteView key);
  Hmac(Hmac&&) noexcept;
  Hmac& operator=(Hmac&&) noexcept;
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;
  ~Hmac();

  [[nodiscard]] Hmac clone() const;
  Digest operator()(ByteView bytes);
  /// Of each of several messages, as sha256_each().
  void each(std::span<const ByteView> messages, std::span<Digest> digests);

 private:
  struct State;
  explicit Hmac(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// HKDF-Extract; an empty salt is 32 zero bytes.
Secret hkdf_extract(ByteView salt, ByteView input);
/// HKDF-Expand. Requires: length <= 8160.
Secret hkdf_expand(ByteView key, ByteView info, std::size_t length);

/// Of every symmetric key of the format.
inline constexpr std::size_t kKeyBytes = 32;

/// HKDF-Expand(key, label ‖ 0x00 ‖ context, length): how every key of the format is derived.
/// docs/format.md, section 4.
Secret derive(const Secret& key, std::string_view label, ByteView context, std::size_t length);

}  // namespace azekura::vault
