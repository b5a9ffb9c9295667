#pragma once

namespace azekura {

/// Mistakes that a build made for the fault campaign can be told to make, one at a time, through
/// AZEKURA_SABOTAGE; a campaign that does not notice them proves nothing (docs/testing.md).
enum class Sabotage {
  no_fsync,
  no_directory_fsync,
  roots_unchecked,
  seal_before_packs,
  parity_unapplied,
  chunk_ids_unchecked,
};

#ifdef AZEKURA_SABOTAGE_BUILD
bool sabotaged(Sabotage mistake) noexcept;
#else
/// Every other build makes none of them.
constexpr bool sabotaged(Sabotage /*mistake*/) noexcept { return false; }
#endif

}  // namespace azekura
