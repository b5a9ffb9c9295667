#pragma once

#include "core/snapshot.h"
#include "vault/connection.h"
#include "vault/identity.h"
#include "vault/keyring.h"

#include <optional>
#include <string>
#include <vector>

/// What makes a session: header, manifest, seal. docs/format.md, section 8.
namespace azekura::vault {

/// The session key and the set's keys, sealed to the recipients.
struct KeySlot {
  struct Sealed {
    RecipientTag recipient;
    EncapsulatedKey encapsulated;
    Buffer session_key;
  };

  std::uint32_t number = 0;
  SetId set;
  SessionId session;
  Buffer set_keys;  ///< a box under the session key
  std::vector<Sealed> sealed;

  static KeySlot make(const SessionIdentity& identity, const Secret& session_key,
                      const SetKeys& set_keys, const Policy& policy);
};

/// What a key slot gives to whoever opens it.
struct OpenedSlot {
  SessionIdentity identity;
  Secret session_key;
  SetKeys set_keys;
};

/// nullopt if the slot is not for this key. Errors: DamageError.
std::optional<OpenedSlot> open_slot(const KeySlot& slot, const SiteId& site,
                                    const Secret& recovery_key);

struct SessionHeader {
  SessionIdentity identity;
  std::uint32_t first_pack = 0;
  Writer writer;
  Policy policy;
  std::vector<KeySlot> slots;  ///< rising session numbers; the last is this session's

  [[nodiscard]] Buffer encode() const;
  /// Errors: DamageError, VersionError. Signatures are checked with the seal.
  static SessionHeader decode(ByteView bytes);
};

/// A pack as the manifest vouches for it.
struct PackInfo {
  std::uint32_t number = 0;
  std::uint32_t session = 0;
  std::uint64_t file_bytes = 0;
  Digest root;

  bool operator==(const PackInfo&) const = default;
};

/// The private part of a manifest. Either all its snapshots have signals or none.
struct Generation {
  std::string host;
  std::string set_name;
  std::string writer_version;
  Timestamp started;
  Timestamp finished;
  std::vector<Snapshot> snapshots;
  std::string site_file;
  std::vector<MediumConnection> connections = {};  ///< the newest of the set's media, for reports

  [[nodiscard]] Buffer seal(const Secret& session_key, const SessionIdentity& identity) const;
  /// Errors: DamageError, VersionError.
  static Generation open(ByteView box, const Secret& session_key, const SessionIdentity& identity);
};

/// Packs whose leaves form stripes together.
struct ParityRow {
  std::uint32_t stripes = 0;
  std::vector<std::uint32_t> packs;  ///< rising numbers

  bool operator==(const ParityRow&) const = default;
};

/// The parity of a session's own packs: one file a root. docs/format.md, "Parity".
struct ParityInfo {
  std::vector<ParityRow> rows;  ///< each own pack is in one of them
  std::vector<Digest> roots;

  bool operator==(const ParityInfo&) const = default;
};

struct Manifest {
  SessionIdentity identity;
  std::vector<PackInfo> packs;       ///< rising numbers; own and earlier ones
  std::optional<Buffer> generation;  ///< a box; absent in a fragment
  std::optional<ParityInfo> parity;  ///< absent if there are no own packs, or none is wanted

  /// This session's own.
  [[nodiscard]] std::vector<PackInfo> own_packs() const;
  [[nodiscard]] std::size_t parity_files() const noexcept {
    return parity ? parity->roots.size() : 0;
  }

  [[nodiscard]] Buffer encode() const;
  /// Errors: DamageError, VersionError.
  static Manifest decode(ByteView bytes);
};

struct Seal {
  SessionIdentity identity;
  MediumId medium;
  Digest header;
  Digest manifest;
  std::uint32_t previous_number = 0;
  Digest previous;

  /// The seal's file, signed.
  [[nodiscard]] Buffer encode(const SigningKey& host) const;
  /// Errors: DamageError, VersionError. The signature is checked by is_signed_by.
  static Seal decode(ByteView bytes);
  [[nodiscard]] static bool is_signed_by(ByteView bytes, const PublicSigningKey& host);
};

}  // namespace azekura::vault
