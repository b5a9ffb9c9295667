#pragma once

#include "core/chunk_sink.h"
#include "core/entry.h"
#include "vault/keyring.h"
#include "vault/pack_format.h"
#include "vault/session.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rocksdb {
class WriteBatch;
}

namespace azekura::vault {

/// The newest session known to be committed to the set's medium.
struct ChainHead {
  std::uint32_t number = 0;  ///< 0: none yet
  Digest seal;
  std::uint32_t next_pack = 1;  ///< above every pack number ever used

  bool operator==(const ChainHead&) const = default;
};

/// What the host believes is on one media set: chunk id → position, packs, the chain's head, and
/// what it remembers of unchanged directories. A cache: everything in it can be had again from
/// the medium and the spool, and nothing in it is believed unless the set's catalogue key
/// confirms it (docs/adr/0004).
///
/// Threads: find, session_of, recall, remember and add_pack from several; the rest from one.
/// Errors: BusyError if another process has it open; SystemError if its disk fails.
class Catalogue {
 public:
  /// Opens or creates. A database that cannot be read is dropped and begun anew.
  static std::unique_ptr<Catalogue> open(const std::string& path, const SetId& set,
                                         const SetKeys& keys);
  /// The head without holding or changing anything, also while a run holds the catalogue;
  /// nullopt if there is none to be read.
  static std::optional<ChainHead> peek(const std::string& path, const SetId& set,
                                       const SetKeys& keys);
  ~Catalogue();
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  [[nodiscard]] const ChainHead& head() const noexcept { return head_; }
  /// Key slots of the sessions up to the head, for the next header.
  [[nodiscard]] const std::vector<KeySlot>& slots() const noexcept { return slots_; }

  /// A pack whose chunks may be referred to from now on.
  void add_pack(const PackInfo& info, const SessionIdentity& session, ByteView sealed_chunk_table);
  /// Packs of sessions `keep` says no to are forgotten, and what was remembered by them counts no
  /// more, unless such a session is added again.
  void keep_sessions(const std::function<bool(std::uint32_t number, const SessionId&)>& keep);
  /// A pack that is not on the medium any more: its chunks are stored again.
  void forget_packs(const std::vector<std::uint32_t>& numbers);
  [[nodiscard]] const std::map<std::uint32_t, PackInfo>& packs() const noexcept { return packs_; }
  /// The session whose pack it is; nullopt if it is not known.
  [[nodiscard]] std::optional<std::uint32_t> session_of(std::uint32_t pack) const;

  /// Where a chunk is, confirmed by the catalogue key: by its row's proof, or by its pack's sealed
  /// chunk table.
  [[nodiscard]] std::optional<Position> find(const ChunkId& id, std::uint32_t length);

  /// Scan records; valid while their session is kept, as far as their extents refer to packs that
  /// are known and not of a later one. `key` is a keyed hash.
  [[nodiscard]] std::optional<Recalled> recall(const Digest& key);
  void remember(const std::vector<std::pair<Digest, Buffer>>& records,
                const SessionIdentity& session);

  /// A session is sealed on the medium and read back; `header` is its header, for the key slots.
  /// Durable when it returns.
  void commit(const ChainHead& head, ByteView header);
  /// Spares the next run the replay of what was written; failing costs only that. The last call.
  void flush_log();

 private:
  struct Database;
  struct Neighbourhood;

  Catalogue(std::unique_ptr<Database> database, const SetId& set, const SetKeys& keys);
  void put_head(rocksdb::WriteBatch& batch, const ChainHead& head);
  /// False if the database is damaged.
  [[nodiscard]] bool load();
  void load_pack(const std::string& key, ByteView value);
  [[nodiscard]] Buffer seal_row(const std::string& key, ByteView plain);
  [[nodiscard]] std::optional<Buffer> open_row(const std::string& key, ByteView value);
  [[nodiscard]] const Neighbourhood* neighbourhood(std::uint32_t pack);
  void forget_neighbours();
  unsigned note_found_in(std::uint32_t pack);
  [[nodiscard]] Digest proof_of(const ChunkId& id, ByteView place, const SessionId& session);

  std::unique_ptr<Database> database_;
  SetId set_;
  SetKeys keys_;
  BoxSealer row_box_;
  Hmac chunk_prover_;
  ChainHead head_;
  std::vector<KeySlot> slots_;
  std::map<std::uint32_t, PackInfo> packs_;
  std::map<std::uint32_t, SessionIdentity> sessions_;  ///< of the packs and scan records
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Neighbourhood>> recent_;  ///< the most recently used first
  std::size_t neighbours_ = 0;                          ///< rows of all of them
  /// Packs chunks were found in, the last first, and how many.
  std::vector<std::pair<std::uint32_t, unsigned>> found_last_;
};

}  // namespace azekura::vault
