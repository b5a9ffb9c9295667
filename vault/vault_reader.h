#pragma once

#include "core/extent_source.h"
#include "vault/fetch_line.h"
#include "vault/healer.h"
#include "vault/pack_fetch.h"
#include "vault/pack_reader.h"
#include "vault/recovery_key.h"
#include "vault/vault.h"

#include <list>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace azekura::vault {

/// A snapshot and the session it is in.
struct StoredSnapshot {
  std::uint32_t session = 0;
  std::string set_name;
  std::string host;
  Snapshot snapshot;

  /// Like "42/ehr": what commands take.
  [[nodiscard]] std::string name() const;
};

/// For when a key opens nothing. Errors: AuthenticityError if the medium is of another site.
void expect_key_of_site(const RecoveryKey& key, const FolderMedium& medium);

/// A medium opened with the recovery key: its snapshots, and their bytes.
///
/// Needs nothing else: no site, no catalogue, no other medium. Threads: one caller.
class VaultReader final : public ExtentSource {
 public:
  /// Lifetime: `medium` outlives the reader. Errors: AuthenticityError if the key opens no session,
  /// saying so if it is another site's; MediumError. Sessions that do not count are left out;
  /// findings() names them.
  VaultReader(const FolderMedium& medium, const RecoveryKey& key, unsigned threads);

  [[nodiscard]] const std::vector<Finding>& findings() const noexcept { return findings_; }
  [[nodiscard]] const std::vector<SealedSession>& sessions() const noexcept { return sessions_; }
  /// Of all sessions that count and open, oldest first.
  [[nodiscard]] const std::vector<StoredSnapshot>& snapshots() const noexcept { return snapshots_; }
  /// Site file and snapshots of the newest session whose own can be opened.
  [[nodiscard]] std::optional<Generation> newest_generation() const;

  void fetch(std::span<const WantedExtent> wanted, ExtentReceiver& receiver) override;
  std::optional<std::string> mismatch(const Content& content,
                                      std::span<const Extent> extents) override;
  std::vector<WantedExtent> chunks_of(const WantedExtent& extent) override;

  /// The packs that count, by number.
  [[nodiscard]] const std::map<std::uint32_t, VouchedPack>& packs() const noexcept {
    return healer_->packs();
  }
  /// What gave, and gives, the bytes that the medium has no longer.
  [[nodiscard]] Healer& healer() const noexcept { return *healer_; }
  [[nodiscard]] const OpenedSlot& slot(std::uint32_t session) const;
  /// Errors: DamageError if the pack does not count, is missing or does not open.
  [[nodiscard]] std::shared_ptr<PackReader> pack(std::uint32_t number);
  /// Ids of the chunks of a block's plain bytes.
  [[nodiscard]] std::vector<ChunkId> chunk_ids(const PackReader& pack, std::uint32_t block,
                                               ByteView plain) const;

 private:
  void open_slots(const RecoveryKey& key);
  void open_generations();
  /// Requires: it has one. Errors: DamageError, AuthenticityError, VersionError.
  [[nodiscard]] Generation open_generation(const SealedSession& session) const;
  /// Makes the line if it is worth it; with one, everything goes through it.
  void fetch_pack(std::uint32_t number, std::span<const WantedExtent> wanted,
                  std::span<const std::size_t> indexes, ExtentReceiver& receiver,
                  std::unique_ptr<FetchLine>& line);
  void fetch_few(std::span<const std::uint32_t> blocks, PackFetch& fetch, ExtentReceiver& receiver);
  [[nodiscard]] const ChunkTable& chunk_table(std::uint32_t number);
  [[nodiscard]] std::span<const ChunkRow> recorded_chunks(Position position, std::uint64_t length);
  [[nodiscard]] bool hash_extent(const Extent& extent, Sha256& content);
  [[nodiscard]] std::shared_ptr<const OpenBlock> open_block(const PackReader& pack,
                                                            std::uint32_t index) const;
  [[nodiscard]] std::shared_ptr<const OpenBlock> cached_block(const PackReader& pack,
                                                              std::uint32_t index);

  const FolderMedium& medium_;
  unsigned threads_;
  std::vector<Finding> findings_;
  std::vector<SealedSession> sessions_;
  std::map<std::uint32_t, OpenedSlot> slots_;
  std::vector<StoredSnapshot> snapshots_;
  std::unique_ptr<Healer> healer_;
  std::list<std::shared_ptr<PackReader>> open_packs_;          ///< most recently used first
  std::list<std::shared_ptr<const OpenBlock>> recent_blocks_;  ///< for small fetches
  std::map<std::uint32_t, ChunkTable> tables_;                 ///< of the latest contents
};

}  // namespace azekura::vault
