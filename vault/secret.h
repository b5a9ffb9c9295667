#pragma once

#include "core/bytes.h"

#include <cstddef>
#include <memory>

namespace azekura::vault {

/// Key bytes in guarded, locked memory; wiped when dropped, move-only, with no way to print them.
///
/// Source: libsodium sodium_malloc. If the memory cannot be locked (RLIMIT_MEMLOCK), it is used
/// unlocked. Errors: SystemError if there is no memory.
class Secret {
 public:
  /// `size` zero bytes.
  explicit Secret(std::size_t size);
  /// Random bytes from the system.
  static Secret random(std::size_t size);
  static Secret copy_of(ByteView bytes);

  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&&) noexcept = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() = default;

  [[nodiscard]] ByteView bytes() const noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] MutableBytes mutable_bytes() noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Secret clone() const { return copy_of(bytes()); }

 private:
  struct Free {
    void operator()(std::byte* bytes) const noexcept;
  };

  std::unique_ptr<std::byte, Free> bytes_;
  std::size_t size_;
};

/// Compares in time that depends on the sizes only.
bool equal_in_constant_time(ByteView left, ByteView right) noexcept;

/// Wipes memory that held a secret; for text read from a key file.
void wipe(MutableBytes bytes) noexcept;

/// Fills with random bytes from the system.
void fill_random(MutableBytes bytes);
template <typename Id>
Id random_id() {
  Id id;
  fill_random(id.mutable_bytes());
  return id;
}

/// Forbids core dumps and ptrace of this process, once at its start.
void forbid_core_dumps() noexcept;

}  // namespace azekura::vault
