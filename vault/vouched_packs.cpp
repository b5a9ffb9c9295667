#include "vault/vouched_packs.h"

#include "vault/pack_format.h"
#include "vault/parity_file.h"

namespace azekura::vault {

std::map<std::uint32_t, VouchedPack> vouched_packs(std::span<const SealedSession> sessions,
                                                   std::vector<Finding>& findings) {
  std::map<std::uint32_t, SessionIdentity> identities;
  for (const SealedSession& session : sessions) {
    for (const KeySlot& slot : session.header.slots) {
      identities.try_emplace(slot.number, SessionIdentity{session.seal.identity.site, slot.set,
                                                          slot.session, slot.number});
    }
    identities[session.number()] = session.seal.identity;
  }
  std::map<std::uint32_t, VouchedPack> packs;
  for (const SealedSession& session : sessions) {
    for (const PackInfo& pack : session.manifest.packs) {
      // Oldest first: a session's own word goes before what later ones say of its packs.
      SessionIdentity identity = identities[pack.session];
      identity.number = pack.session;
      const auto [known, is_new] = packs.try_emplace(pack.number, VouchedPack{pack, identity});
      if (!is_new && known->second.info != pack) {
        findings.push_back({ErrorKind::authenticity,
                            text("session {} vouches for another pack {:08x} than session {}",
                                 session.number(), pack.number, known->second.info.session)});
      }
    }
  }
  return packs;
}

std::array<std::string, 2> pack_copies(std::uint32_t number) {
  return {pack_path(number), healed_path(pack_path(number))};
}

std::optional<std::string> present_copy(const FolderMedium& medium, const PackInfo& pack) {
  for (std::string& copy : pack_copies(pack.number)) {
    if (medium.size_of(copy) == pack.file_bytes) {
      return std::move(copy);
    }
  }
  return std::nullopt;
}

std::array<std::string, 2> parity_copies(std::uint32_t session, std::size_t index) {
  return {parity_path(session, index), healed_path(parity_path(session, index))};
}

}  // namespace azekura::vault
