#pragma once

#include "vault/vault.h"

#include <array>
#include <map>
#include <span>
#include <vector>

namespace azekura::vault {

/// A pack that a seal vouches for, and whose it is.
struct VouchedPack {
  PackInfo info;
  SessionIdentity session;  ///< only its number is sure if the session does not count
};

/// Every pack that counts, by number. What sessions say of one pack differently goes to `findings`.
std::map<std::uint32_t, VouchedPack> vouched_packs(std::span<const SealedSession> sessions,
                                                   std::vector<Finding>& findings);

/// Where the bytes of a pack may lie: as it was written, and once more if it was healed.
std::array<std::string, 2> pack_copies(std::uint32_t number);
/// The first of them that has the pack's length; nullopt if none has.
std::optional<std::string> present_copy(const FolderMedium& medium, const PackInfo& pack);
std::array<std::string, 2> parity_copies(std::uint32_t session, std::size_t index);

}  // namespace azekura::vault
