#pragma once

#include "vault/checked_file.h"
#include "vault/healer.h"

#include <functional>
#include <vector>

namespace azekura::vault {

/// A pack or parity file of a medium, and how it is made again.
struct HealableFile : CheckedFile {
  /// Hands the whole file, as it was sealed, to `take`. Errors: as Healer::read.
  std::function<void(Healer& healer, const std::function<void(ByteView)>& take)> stream_healed;

  /// Makes the whole file again and checks it, to prove that this can be done.
  /// Errors: DamageError if it cannot; as Healer::stream_pack; InterruptedError.
  void expect_healed(Healer& healer) const;
};

/// Every pack that counts, and all parity of sessions that do, in the order they lie on the medium.
std::vector<HealableFile> healable_files(std::span<const SealedSession> sessions,
                                         const Healer& healer);

}  // namespace azekura::vault
