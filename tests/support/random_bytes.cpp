#include "tests/support/random_bytes.h"

namespace azekura::tests {

std::uint64_t RandomNumbers::next() noexcept {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

Buffer random_bytes(std::uint64_t seed, std::size_t size) {
  RandomNumbers numbers{seed};
  Buffer bytes;
  bytes.reserve(size + 8);
  while (bytes.size() < size) {
    const std::uint64_t number = numbers.next();
    for (unsigned shift = 0; shift < 64; shift += 8) {
      bytes.push_back(static_cast<std::byte>(number >> shift));
    }
  }
  bytes.resize(size);
  return bytes;
}

Buffer random_text(std::span<const std::string> words, std::uint64_t seed, std::size_t size) {
  RandomNumbers numbers{seed};
  Buffer text;
  while (text.size() < size) {
    const std::uint64_t number = numbers.next();
    append(text, as_bytes(words[number & 15U]));
    append(text, as_bytes((number >> 4U & 7U) != 0 ? " " : "\n"));
  }
  text.resize(size);
  return text;
}

}  // namespace azekura::tests
