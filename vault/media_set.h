#pragma once

#include "core/observer.h"
#include "core/unique_fd.h"
#include "vault/catalogue.h"
#include "vault/site.h"
#include "vault/spool.h"

#include <memory>
#include <string>

namespace azekura::vault {

/// One media set on its host, held by this process: keys, catalogue and spool in agreement.
///
/// Opening it takes the set's lock (released by the kernel when the process ends, however it
/// ends), turns what a crashed capture had finished into a session without snapshots, and drops
/// from the catalogue what is neither committed nor in the spool.
/// Errors: BusyError if another run holds it; UsageError; SystemError.
class MediaSet {
 public:
  MediaSet(const Site& site, const std::string& name, Observer& observer, ParityShape parity = {});

  [[nodiscard]] const Site& site() const noexcept { return site_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const SetSecrets& secrets() const noexcept { return secrets_; }
  [[nodiscard]] Catalogue& catalogue() noexcept { return *catalogue_; }
  [[nodiscard]] Spool& spool() noexcept { return spool_; }
  /// What every session of the set gets.
  [[nodiscard]] const ParityShape& parity() const noexcept { return parity_; }

  /// The number the next session gets, and the first pack number free for it.
  [[nodiscard]] std::uint32_t next_session() const;
  [[nodiscard]] std::uint32_t next_pack() const;
  /// A manifest that names every pack the catalogue knows.
  [[nodiscard]] Manifest manifest_of(const SessionIdentity& identity) const;
  /// Key slots of every session before the next one.
  [[nodiscard]] std::vector<KeySlot> earlier_slots() const;

  /// Drops spooled sessions that do not follow the catalogue's head or cannot be read, and all
  /// after them.
  void settle();
  /// How many waiting sessions were dropped since the set was opened.
  [[nodiscard]] std::uint32_t discarded() const noexcept { return discarded_; }
  /// Drops the whole spool; the sources are captured again.
  void discard_spool();

 private:
  void finish_interrupted(Observer& observer);
  [[nodiscard]] bool adopt_packs(const std::string& folder, const SessionIdentity& identity,
                                 const std::vector<PackInfo>& packs);

  const Site& site_;
  std::string name_;
  ParityShape parity_;
  UniqueFd lock_;
  SetSecrets secrets_;
  std::unique_ptr<Catalogue> catalogue_;
  Spool spool_;
  bool was_interrupted_ = false;
  std::uint32_t discarded_ = 0;
};

}  // namespace azekura::vault
