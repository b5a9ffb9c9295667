#pragma once

#include "vault/file_check.h"
#include "vault/healer.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace azekura::vault {

/// A pack or parity file of a medium: how it is checked, and made again.
struct HealableFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::function<std::unique_ptr<FileCheck>()> check;
  /// Hands the whole file, as it was sealed, to `take`. Errors: as Healer::read.
  std::function<void(Healer& healer, const std::function<void(ByteView)>& take)> stream_healed;
};

/// Every pack that counts, and all parity of sessions that do, in the order they lie on the medium.
std::vector<HealableFile> healable_files(std::span<const SealedSession> sessions,
                                         const Healer& healer);

}  // namespace azekura::vault
