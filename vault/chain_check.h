#pragma once

#include "core/observer.h"
#include "vault/folder_medium.h"
#include "vault/media_set.h"
#include "vault/vault.h"

#include <optional>

namespace azekura::vault {

/// Compares a medium with the catalogue of its set; a medium it refuses is not written to.
class ChainCheck {
 public:
  /// Lifetime: all outlive the check.
  ChainCheck(MediaSet& set, FolderMedium& medium, Vault& vault, Observer& observer);

  /// Identifies the medium by its signed label, compares its chain with the catalogue, and learns
  /// what the catalogue lost. What is learned is durable, and each of its sessions complete.
  ///
  /// Returns the medium's newest session, nullopt if it has none.
  /// Errors: MediumError (another set's, another site's); AuthenticityError (behind, forked).
  std::optional<SealedSession> run();

 private:
  void check_label() const;
  void compare(const std::optional<SealedSession>& newest);
  [[noreturn]] void throw_other_site() const;
  [[noreturn]] void throw_other_set() const;
  [[noreturn]] void throw_replaced() const;
  [[noreturn]] void throw_forked(std::uint32_t number) const;
  [[nodiscard]] std::optional<SealedSession> newest_session();
  void learn(const SealedSession& newest);
  void check_continues_known(const SealedSession& newest);
  void learn_packs(const SealedSession& session);
  [[nodiscard]] std::string whole_copy(const PackInfo& pack, const SessionIdentity& session) const;
  [[nodiscard]] bool is_of_set(const SealedSession& session) const;
  [[nodiscard]] bool may_take_over(const SealedSession& newest) const;
  /// A host that this one replaced.
  [[nodiscard]] bool is_older(const Writer& writer) const;
  [[nodiscard]] bool is_of_newer_host(const SealedSession& session) const;
  void take_over(const SealedSession& newest);
  void complete_copies(const SealedSession& session);

  MediaSet& set_;
  FolderMedium& medium_;
  Vault& vault_;
  Observer& observer_;
};

}  // namespace azekura::vault
