#include "vault/sample_planes.h"

#include <utility>

namespace azekura::vault {

namespace {

/// How many of `size` bytes stand at even places.
std::size_t even_places(std::size_t size) { return size - size / 2; }

std::byte difference(std::byte a, std::byte b) {
  return static_cast<std::byte>(std::to_integer<unsigned>(a) - std::to_integer<unsigned>(b));
}

std::byte sum(std::byte a, std::byte b) {
  return static_cast<std::byte>(std::to_integer<unsigned>(a) + std::to_integer<unsigned>(b));
}

}  // namespace

Buffer to_planes(ByteView plain) {
  Buffer planes(plain.size());
  std::byte* const even = planes.data();
  std::byte* const odd = even + even_places(plain.size());
  std::byte last_even{0};
  std::byte last_odd{0};
  for (std::size_t i = 0; i < plain.size() / 2; ++i) {
    even[i] = difference(plain[2 * i], std::exchange(last_even, plain[2 * i]));
    odd[i] = difference(plain[2 * i + 1], std::exchange(last_odd, plain[2 * i + 1]));
  }
  if (plain.size() % 2 == 1) {
    even[plain.size() / 2] = difference(plain.back(), last_even);
  }
  return planes;
}

Buffer from_planes(ByteView planes) {
  Buffer plain(planes.size());
  const std::byte* const even = planes.data();
  const std::byte* const odd = even + even_places(planes.size());
  std::byte last_even{0};
  std::byte last_odd{0};
  for (std::size_t i = 0; i < planes.size() / 2; ++i) {
    plain[2 * i] = last_even = sum(last_even, even[i]);
    plain[2 * i + 1] = last_odd = sum(last_odd, odd[i]);
  }
  if (planes.size() % 2 == 1) {
    plain.back() = sum(last_even, even[planes.size() / 2]);
  }
  return plain;
}

}  // namespace azekura::vault
