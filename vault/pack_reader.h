#pragma once

#include "core/unique_fd.h"
#include "vault/healer.h"
#include "vault/pack_format.h"

#include <optional>

namespace azekura::vault {

/// Opens the blocks of one pack file.
///
/// Threads: open_block from many threads at once; the rest before.
class PackReader {
 public:
  /// With the keys of its session: checks the header and the key commitment, opens the block
  /// table. What is damaged comes from `healer`, if there is one; then `file` need not be open.
  /// Lifetime: the healer outlives it. Errors: DamageError.
  PackReader(UniqueFd file, const PackInfo& info, const OpenedSlot& session,
             Healer* healer = nullptr);

  [[nodiscard]] std::uint32_t number() const noexcept { return info_.number; }
  [[nodiscard]] const BlockTable& table() const noexcept { return table_; }
  [[nodiscard]] std::uint32_t plain_bytes() const noexcept;

  /// The plain bytes of a block. Errors: DamageError.
  [[nodiscard]] Buffer open_block(std::uint32_t index) const;
  /// Ids and lengths as the host recorded them. Errors: DamageError.
  [[nodiscard]] ChunkTable chunk_table(const Secret& catalogue_key) const;

 private:
  UniqueFd file_;
  Healer* healer_;
  PackInfo info_;
  SessionIdentity session_;
  Buffer context_;
  Secret block_key_;
  BlockTable table_;
};

/// The sealed chunk table of a pack file, and proof that the catalogue key opens it: what a host
/// can read of its own packs. Errors: DamageError.
Buffer read_sealed_chunk_table(int file, const PackInfo& info, const SessionIdentity& session,
                               const Secret& catalogue_key);

/// The session a pack file says it belongs to. Errors: DamageError.
SessionIdentity pack_session(int file, const SiteId& site);

}  // namespace azekura::vault
