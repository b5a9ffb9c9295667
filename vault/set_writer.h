#pragma once

#include "core/observer.h"
#include "vault/folder_medium.h"
#include "vault/media_set.h"
#include "vault/vault.h"

namespace azekura::vault {

/// What must happen before the spool can be written.
enum class Attached {
  ready,      ///< medium, catalogue and spool agree
  recapture,  ///< something that waited did not fit the medium and was dropped: capture again
};

struct WriteTotals {
  std::uint32_t sessions = 0;
  std::uint32_t first_session = 0;  ///< of them; 0 if there is none
  std::uint32_t last_session = 0;
  std::uint64_t bytes = 0;
  double connected_seconds = 0;
};

struct SpooledFile;

/// What the sessions that wait in a spool take on a medium, with what it needs to finish them.
std::uint64_t bytes_waiting(const Spool& spool);

/// Brings a set's spool onto its medium: attach, write, read back.
class SetWriter {
 public:
  /// Lifetime: all outlive the writer.
  SetWriter(MediaSet& set, FolderMedium& medium, Observer& observer);

  /// Runs the ChainCheck, then proves that every pack the catalogue knows is present.
  /// Errors: as ChainCheck::run.
  Attached attach();

  /// Numbers of the sessions that waited before attach() and do so no more, nor are on the medium.
  [[nodiscard]] const std::vector<std::uint32_t>& dropped() const noexcept { return dropped_; }

  /// Writes, seals and reads back every spooled session, and commits each to the catalogue; then
  /// takes along the site's countersignatures of this medium. `totals` grows by what is on the
  /// medium and was read back, also if the rest fails.
  /// Requires: attach() returned ready. Errors: MediumError, SpaceError-kind; what is not
  /// committed stays in the spool. DamageError if the spool itself is damaged.
  void write(WriteTotals& totals);

 private:
  void prove_packs_present(const SpooledSession& session) const;
  [[nodiscard]] bool forget_missing_packs();
  [[nodiscard]] bool spool_fits(std::uint32_t free_pack);
  void check_space(const std::vector<SpooledSession>& sessions);
  void write_session(const SpooledSession& session, WriteTotals& totals);
  void write_file(const SpooledFile& file, WriteTotals& totals);
  void write_seal(const SpooledSession& session, ByteView seal, WriteTotals& totals);
  void put(const std::string& name, ByteView bytes, WriteTotals& totals);
  void carry_countersignatures(WriteTotals& totals);
  void record_commit(const SessionIdentity& session);

  MediaSet& set_;
  FolderMedium& medium_;
  Observer& observer_;
  Vault vault_;
  double attached_at_;
  std::vector<std::uint32_t> dropped_;
};

}  // namespace azekura::vault
