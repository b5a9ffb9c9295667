#include "restore/sampling.h"

#include "core/error.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <random>

namespace azekura::restore {

KernelRandom::result_type KernelRandom::operator()() {
  if (left_ == 0) {
    constexpr std::size_t kBytes = sizeof drawn_;
    static_assert(kBytes <= 256, "getrandom(2) gives so many at once, whatever happens");
    if (::getrandom(drawn_.data(), kBytes, 0) != static_cast<ssize_t>(kBytes)) {
      throw SystemError{errno, "draw random numbers"};
    }
    left_ = drawn_.size();
  }
  return drawn_[--left_];
}

std::optional<std::size_t> Reservoir::place_next(KernelRandom& random) {
  if (met_ < places_) {
    return static_cast<std::size_t>(met_++);
  }
  const std::uint64_t place = std::uniform_int_distribution<std::uint64_t>{0, met_++}(random);
  return place < places_ ? std::optional{static_cast<std::size_t>(place)} : std::nullopt;
}

std::vector<ByteRange> sampled_ranges(std::uint64_t size, KernelRandom& random) {
  const ByteRange head{0, std::min(size, kSampledHead)};
  ByteRange window{0, std::min(size, kSampledWindow)};
  window.offset = std::uniform_int_distribution<std::uint64_t>{0, size - window.length}(random);
  if (window.offset <= head.length) {
    return {{0, window.offset + window.length}};
  }
  return {head, window};
}

}  // namespace azekura::restore
