#pragma once

#include "core/chunk_sink.h"
#include "core/ids.h"
#include "vault/hash.h"
#include "vault/sealer.h"
#include "vault/secret.h"

/// Every key of docs/format.md, section 4, by its use.
namespace azekura::vault {

/// box() of docs/format.md, section 4: authenticated encryption whose nonce depends on all it
/// seals. 28 bytes longer than `plain`.
inline constexpr std::size_t kBoxOverhead = kNonceBytes + kTagBytes;

/// Boxes of one key, many times: the derived keys are kept. Threads: one at a time.
class BoxSealer {
 public:
  explicit BoxSealer(const Secret& key);

  [[nodiscard]] Buffer seal(ByteView associated, ByteView plain);
  /// Errors: DamageError, naming `object`, if it is not a box of this key.
  [[nodiscard]] Buffer open(ByteView associated, ByteView box, std::string_view object);

 private:
  Hmac nonce_prf_;
  Sealer sealer_;
};

Buffer seal_box(const Secret& key, ByteView associated, ByteView plain);
/// Errors: DamageError, naming `object`, if it is not a box of this key.
Buffer open_box(const Secret& key, ByteView associated, ByteView box, std::string_view object);

/// The two keys of a set that its host keeps: it can find chunks with them, and read nothing.
struct SetKeys {
  Secret dedup;
  Secret catalogue;

  static SetKeys generate();
  /// dedup ‖ catalogue, 64 bytes.
  static SetKeys from_bytes(ByteView bytes);
  [[nodiscard]] Secret bytes() const;
  [[nodiscard]] SetKeys clone() const { return {dedup.clone(), catalogue.clone()}; }

  [[nodiscard]] Hmac chunk_hasher(const SetId& set) const;
  [[nodiscard]] CutterKey cutter_key(const SetId& set) const;
};

/// `chunk_hasher`: of the set the chunks belong to.
std::vector<ChunkId> ids_of_chunks(std::span<const ByteView> chunks, Hmac& chunk_hasher);

/// Where a session stands; the context of its keys.
struct SessionIdentity {
  SiteId site;
  SetId set;
  SessionId session;
  std::uint32_t number = 0;

  bool operator==(const SessionIdentity&) const = default;
  /// site ‖ set ‖ session ‖ number
  [[nodiscard]] Buffer bytes() const;
};

/// set ‖ session ‖ pack number: the context of a pack's keys.
Buffer pack_context(const SessionIdentity& session, std::uint32_t pack);

/// The keys of one pack that come from its session key.
struct PackKeys {
  Secret block;
  Secret block_nonce;
  Secret block_table;

  static PackKeys of(const Secret& session_key, const SessionIdentity& session, std::uint32_t pack);
  /// docs/format.md, section 7: proves the key before it is used.
  [[nodiscard]] Digest commitment(ByteView context) const;
};

Secret chunk_table_key(const Secret& catalogue_key, ByteView context);

}  // namespace azekura::vault
