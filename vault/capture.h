#pragma once

#include "vault/media_set.h"
#include "vault/pack_writer.h"

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace azekura::vault {

/// One session in the making: its header and key, its pack numbers, what it has finished.
///
/// Every finished pack is durable, journalled and known to the catalogue before finish_pack
/// returns, so a crash costs at most the open packs. The session key lives here only.
/// Threads: begin_pack and finish_pack from several.
class Capture {
 public:
  /// Makes the header durable in the set's spool.
  explicit Capture(MediaSet& set);

  [[nodiscard]] const SessionIdentity& identity() const noexcept { return header_.identity; }
  [[nodiscard]] std::unique_ptr<PackWriter> begin_pack();
  /// `full`: see PackWriter::finish. No pack is nothing to do.
  void finish_pack(std::unique_ptr<PackWriter> pack, bool full);
  /// The same for a pack of trees, which parity is to outlive.
  void finish_tree_pack(std::unique_ptr<PackWriter> pack);

  /// Makes parity and manifest durable: the session is complete in the spool. The key is wiped.
  void finish(const Generation& generation);

  [[nodiscard]] std::uint32_t pack_count() const noexcept;
  /// Length of the pack files finished.
  [[nodiscard]] std::uint64_t stored_bytes() const noexcept;

 private:
  void keep(const PackInfo& info, const PackWriter& pack);

  MediaSet& set_;
  std::optional<Secret> session_key_;
  SessionHeader header_;
  std::string folder_;
  mutable std::mutex mutex_;  // guards what follows
  std::uint32_t next_pack_;
  std::uint32_t pack_count_ = 0;
  std::uint64_t stored_bytes_ = 0;
  std::vector<std::uint32_t> tree_packs_;  ///< rising
};

}  // namespace azekura::vault
