#include "core/sabotage.h"

#ifdef AZEKURA_SABOTAGE_BUILD

#include <array>
#include <cstdlib>
#include <string_view>

namespace azekura {

bool sabotaged(Sabotage mistake) noexcept {
  constexpr std::array<std::string_view, 6> kNames{"no-fsync",         "no-directory-fsync",
                                                   "roots-unchecked",  "seal-before-packs",
                                                   "parity-unapplied", "chunk-ids-unchecked"};
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read once
  static const char* const kChosen = std::getenv("AZEKURA_SABOTAGE");
  return kChosen != nullptr && kNames.at(static_cast<std::size_t>(mistake)) == kChosen;
}

}  // namespace azekura

#endif
