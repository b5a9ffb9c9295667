#pragma once

#include "core/observer.h"
#include "vault/block_maker.h"
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
  std::vector<Healer::MadeLeaf> made = {};  ///< what of it was made again
  std::vector<MadeBlock> blocks = {};       ///< made of chunks that something else has
};

struct RepairReport {
  VerifyReport found;
  std::vector<HealedFile> healed;
  std::vector<std::uint32_t> lost_packs;  ///< damaged still, rising
};

/// What a repair may take chunks from, beside the medium itself.
struct ChunkSources {
  VaultReader& reader;  ///< of the medium
  ChunkFinder& finder;
  PublicSigningKey authority;  ///< the recovery key's
};

/// Verifies a medium, and writes a copy of every damaged file that parity or another copy brings
/// back, bit-identical to what its seal vouches for, to healed/; nothing is changed in place. What
/// was done is logged on the medium. Needs no key. docs/format.md, "Parity".
/// With `sources`, blocks that are lost are made again of their chunks, and count as all else does.
/// Findings that were repaired have the remedy `healed` afterwards.
/// Errors: as verify_medium; SpaceError-kind if the medium is full, whatever was written stays.
RepairReport repair_medium(FolderMedium& medium, unsigned threads, Observer& observer,
                           const ChunkSources* sources = nullptr);

}  // namespace azekura::vault
