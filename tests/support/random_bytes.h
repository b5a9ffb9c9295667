#pragma once

#include "core/bytes.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace azekura::tests {

/// SplitMix64: the same numbers for the same seed on every machine.
class RandomNumbers {
 public:
  explicit RandomNumbers(std::uint64_t seed) : state_{seed} {}
  std::uint64_t next() noexcept;

 private:
  std::uint64_t state_;
};

/// `size` bytes of a SplitMix64 stream, each number little-endian.
Buffer random_bytes(std::uint64_t seed, std::size_t size);

/// `size` bytes of 16 words in lines; tests/golden/make_cutter_vectors.py makes the same.
Buffer random_text(std::span<const std::string> words, std::uint64_t seed, std::size_t size);

}  // namespace azekura::tests
