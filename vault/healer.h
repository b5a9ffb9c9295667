#pragma once

#include "vault/parity_file.h"
#include "vault/parity_layout.h"
#include "vault/vouched_packs.h"

#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace azekura::vault {

/// Bytes of packs, each leaf proven by the root a seal vouches for; what is damaged comes from a
/// healed copy, or is made again from parity. Needs no key. docs/format.md, "Parity".
///
/// Threads: any.
class Healer {
 public:
  /// What sessions say of one pack differently goes to `findings`. Lifetime: the medium outlives
  /// it.
  Healer(const FolderMedium& medium, std::span<const SealedSession> sessions,
         std::vector<Finding>& findings);

  /// Every pack that counts, by number.
  [[nodiscard]] const std::map<std::uint32_t, VouchedPack>& packs() const noexcept {
    return packs_;
  }

  /// Bytes of a pack's data region, for a caller who can prove them: of a leaf that cannot be made
  /// again as the medium has them, for they may be right where its damage is not.
  /// Errors: DamageError if no seal vouches for the pack, or a leaf can neither be read nor made;
  /// MediumError if the medium is gone.
  [[nodiscard]] Buffer read(std::uint32_t pack, std::uint64_t offset, std::uint64_t bytes);

  /// Calls `take` with the leaves of a whole pack file in order, then with its end.
  /// Errors: DamageError if no seal vouches for the pack, or a leaf or the leaf hashes cannot be
  /// had; MediumError if the medium is gone.
  void stream_pack(std::uint32_t pack, const std::function<void(ByteView)>& take);
  /// The same for a parity file of a session. Errors: DamageError if the session has no such one.
  void stream_parity(std::uint32_t session, std::size_t index,
                     const std::function<void(ByteView)>& take);

  /// Takes bytes of a pack's data region that somebody made again. They count where they give a
  /// leaf its hash, with what the medium has of it; read() gives them as it gives unproven bytes.
  /// Requires: they lie within the data region.
  void offer(std::uint32_t pack, std::uint64_t offset, Buffer bytes);
  /// Forgets what was offered of a pack.
  void withdraw(std::uint32_t pack);
  /// How many bytes are offered, of all packs.
  [[nodiscard]] std::uint64_t offered_bytes();

  /// A leaf that was made from parity, or with offered bytes.
  struct MadeLeaf {
    std::uint32_t pack = 0;
    std::uint32_t leaf = 0;
    std::uint32_t bytes = 0;
    bool is_offered = false;

    auto operator<=>(const MadeLeaf&) const = default;
  };
  /// All of them since this was asked last, rising, none twice.
  [[nodiscard]] std::vector<MadeLeaf> take_made();

 private:
  struct Session {
    SessionIdentity identity;
    std::vector<ParityFileInfo> files;
    ParityLayout layout;
  };
  struct Stripe;
  struct ParityLeaf;

  [[nodiscard]] const VouchedPack& vouched(std::uint32_t pack) const;
  [[nodiscard]] const Session& session_of(const VouchedPack& pack) const;
  /// The leaf, from wherever it can be had.
  [[nodiscard]] Buffer leaf(std::uint32_t pack, std::uint32_t index);
  /// The same, or as it is. Errors: DamageError if no copy of it can be read.
  [[nodiscard]] Buffer leaf_or_remains(std::uint32_t pack, std::uint32_t index);
  /// The leaf as a copy of its pack has it, or as offered bytes make it; nullopt if neither is
  /// whole.
  [[nodiscard]] std::optional<Buffer> whole_leaf(std::uint32_t pack, std::uint32_t index);
  [[nodiscard]] std::optional<Buffer> copied_leaf(std::uint32_t pack, std::uint32_t index);
  [[nodiscard]] std::optional<Buffer> offered_leaf(std::uint32_t pack, std::uint32_t index);
  /// The leaf as it is, with the offered bytes over it, unproven; nullopt if there is neither.
  [[nodiscard]] std::optional<Buffer> remains(std::uint32_t pack, std::uint32_t index) const;
  [[nodiscard]] Buffer make_leaf(std::uint32_t pack, std::uint32_t index);
  [[nodiscard]] Buffer make_parity_leaf(const LeafRow& row, std::uint32_t stripe, unsigned file);
  [[nodiscard]] Stripe read_stripe(const LeafRow& row, std::uint64_t stripe);
  [[nodiscard]] static Buffer make_member(const Stripe& stripe,
                                          const std::vector<const ParityLeaf*>& parity,
                                          unsigned member);
  [[nodiscard]] std::vector<ParityLeaf> read_parity(const Session& session,
                                                    std::uint64_t stripe) const;
  /// The leaf hashes that the pack's root vouches for, until the next call; nullptr if no copy of
  /// them is whole.
  [[nodiscard]] const Buffer* hashes_of(std::uint32_t pack);
  /// The same. Errors: DamageError if no copy is whole.
  [[nodiscard]] const Buffer& proven_hashes(std::uint32_t pack);
  /// Empty if no copy of them is whole, nor the leaves of one.
  [[nodiscard]] Buffer find_hashes(const VouchedPack& pack) const;
  [[nodiscard]] std::vector<Buffer> hash_candidates(const VouchedPack& pack) const;
  /// Of the leaves as they are; empty if one cannot be read.
  [[nodiscard]] Buffer hash_leaves(const std::string& copy, const PackInfo& pack) const;

  const FolderMedium& medium_;
  std::map<std::uint32_t, VouchedPack> packs_;
  std::map<std::uint32_t, Session> sessions_;  ///< those with parity
  std::mutex mutex_;                           // guards what follows
  std::map<std::uint32_t, Buffer> hashes_;     ///< what find_hashes() said of some packs
  std::map<std::uint32_t, std::map<std::uint64_t, Buffer>> offered_;  ///< by pack and offset
  std::vector<MadeLeaf> made_;
};

}  // namespace azekura::vault
