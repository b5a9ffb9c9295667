#include "vault/secret.h"

#include "core/error.h"

#include <sodium.h>

#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

namespace azekura::vault {

namespace {

void prepare_sodium() {
  static const bool kReady = ::sodium_init() >= 0;
  AZK_CHECK(kReady);
}

}  // namespace

Secret::Secret(std::size_t size) : size_{size} {
  prepare_sodium();
  void* const memory = ::sodium_malloc(size);
  if (memory == nullptr) {
    throw SystemError{errno, "allocate {} bytes for a secret", size};
  }
  // sodium_malloc fills with a pattern, and has tried to lock the pages.
  ::sodium_memzero(memory, size);
  bytes_.reset(static_cast<std::byte*>(memory));
}

Secret Secret::random(std::size_t size) {
  Secret secret{size};
  fill_random(secret.mutable_bytes());
  return secret;
}

Secret Secret::copy_of(ByteView bytes) {
  Secret secret{bytes.size()};
  std::ranges::copy(bytes, secret.bytes_.get());
  return secret;
}

void Secret::Free::operator()(std::byte* bytes) const noexcept {
  ::sodium_free(bytes);  // wipes first
}

bool equal_in_constant_time(ByteView left, ByteView right) noexcept {
  return left.size() == right.size() &&
         ::sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

void wipe(MutableBytes bytes) noexcept {
  if (!bytes.empty()) {
    ::sodium_memzero(bytes.data(), bytes.size());
  }
}

void fill_random(MutableBytes bytes) {
  prepare_sodium();
  if (!bytes.empty()) {
    ::randombytes_buf(bytes.data(), bytes.size());
  }
}

void forbid_core_dumps() noexcept {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace azekura::vault
