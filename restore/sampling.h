#pragma once

#include "core/bytes.h"
#include "restore/report.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace azekura::restore {

/// Random numbers of the kernel, which nobody can foresee: a UniformRandomBitGenerator.
/// Errors: SystemError. Source: getrandom(2).
class KernelRandom {
 public:
  using result_type = std::uint64_t;  // NOLINT(readability-identifier-naming): the standard's name

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return UINT64_MAX; }
  result_type operator()();

 private:
  std::array<result_type, 32> drawn_{};  ///< ahead: a call to the system for each would show
  std::size_t left_ = 0;
};

/// Chooses `places` items, or all if there are fewer, of a row whose length nobody knows before;
/// each item has the same chance. Source: Vitter, "Random Sampling with a Reservoir", algorithm R.
class Reservoir {
 public:
  explicit Reservoir(std::size_t places) : places_{places} {}

  /// The place of the next item of the row, which whatever had it loses; nullopt if it gets none.
  /// Places are given in rising order at first.
  std::optional<std::size_t> place_next(KernelRandom& random);

 private:
  std::size_t places_;
  std::uint64_t met_ = 0;
};

/// What of a file of `size` bytes is looked at in a sample: its first kSampledHead bytes, which
/// whoever encrypts in place reaches first, and kSampledWindow bytes anywhere. Shape: rising,
/// apart.
std::vector<ByteRange> sampled_ranges(std::uint64_t size, KernelRandom& random);

inline constexpr std::uint64_t kSampledHead = 64 * kKiB;
inline constexpr std::uint64_t kSampledWindow = 1 * kMiB;

}  // namespace azekura::restore
