#pragma once

#include "core/observer.h"
#include "vault/verifier.h"

#include <string>
#include <vector>

namespace azekura::vault {

/// A file that a repair wrote a healed copy of.
struct HealedFile {
  std::string name;  ///< the damaged file
  std::string fact;  ///< what was wrong with it
  Remedy remedy = Remedy::none;
  std::uint64_t bytes = 0;                  ///< of the copy
  std::vector<Healer::MadeLeaf> made = {};  ///< what of it was made from parity
};

struct RepairReport {
  VerifyReport found;
  std::vector<HealedFile> healed;
};

/// Verifies a medium, and writes a copy of every damaged file that parity or another copy brings
/// back, bit-identical to what its seal vouches for, to healed/; nothing is changed in place. What
/// was done is logged on the medium. Needs no key. docs/format.md, "Parity".
/// Findings that were repaired have the remedy `healed` afterwards.
/// Errors: as verify_medium; SpaceError-kind if the medium is full, whatever was written stays.
RepairReport repair_medium(FolderMedium& medium, unsigned threads, Observer& observer);

}  // namespace azekura::vault
