#pragma once

#include "core/error.h"
#include "vault/folder_medium.h"
#include "vault/label.h"
#include "vault/session.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace azekura::vault {

/// What brings damaged bytes back.
enum class Remedy {
  none,
  healed,  ///< they were repaired: a healed copy is whole
  copy,    ///< another copy of them is whole
  parity,  ///< they can be made again
};

/// Something on a medium that is not as it must be: the answer of a check, not a failure of it.
struct Finding {
  ErrorKind kind = ErrorKind::damage;  ///< damage, authenticity
  std::string fact;                    ///< "pack 0000002a is damaged: ..."
  std::uint32_t lost_session = 0;      ///< the session that does not count because of it
  std::string hint = {};               ///< what to do next, if there is something particular
  Remedy remedy = Remedy::none;
  std::string file = {};  ///< what is damaged, if there is a remedy
};

/// A session that counts.
struct SealedSession {
  SessionHeader header;
  Buffer header_bytes;
  Manifest manifest;
  Seal seal;
  Digest seal_digest;  ///< of the seal's file

  [[nodiscard]] std::uint32_t number() const noexcept { return seal.identity.number; }
  /// The first pack number that is free after it.
  [[nodiscard]] std::uint32_t next_pack() const;
};

/// The three folders of session copies, far apart on most file systems.
inline constexpr std::array<std::string_view, 3> kSessionFolders{"sessions", "sessions-2",
                                                                 "sessions-3"};
/// Like "sessions-2/000042/seal".
std::string session_path(std::string_view folder, std::uint32_t number, std::string_view object);

/// The healed copy of a file of the medium, like "healed/packs/00/0000002a".
std::string healed_path(std::string_view name);

/// The site that a label in order names, whoever signed it; nullopt if there is none.
std::optional<SiteId> labelled_site(const FolderMedium& medium);

/// Label and sessions of a medium, checked without any secret. docs/format.md, sections 8 and 11.
class Vault {
 public:
  /// Reads the label. `authority`: the key that must have certified everything, if it is known
  /// from a kit or a site; otherwise the label's counts.
  /// Lifetime: the medium outlives the vault. Errors: MediumError if this is no azekura medium.
  Vault(const FolderMedium& medium, std::optional<PublicSigningKey> authority);

  [[nodiscard]] const FolderMedium& medium() const noexcept { return medium_; }
  /// nullopt if it is lost or not to be believed; findings() says why.
  [[nodiscard]] const std::optional<Label>& label() const noexcept { return label_; }
  [[nodiscard]] const std::optional<PublicSigningKey>& authority() const noexcept {
    return authority_;
  }

  /// Numbers of all sessions there are traces of, rising.
  [[nodiscard]] std::vector<std::uint32_t> numbers() const;
  /// The session, if it counts; what is wrong with any of its copies goes to findings(). A
  /// session that was never sealed leaves none.
  std::optional<SealedSession> session(std::uint32_t number);
  /// All sessions that count, rising, with the chain between them checked.
  std::vector<SealedSession> sessions();
  /// A session's header, manifest or seal, from any copy that has the digest.
  [[nodiscard]] std::optional<Buffer> whole_copy(std::uint32_t number, std::string_view object,
                                                 const Digest& digest) const;

  [[nodiscard]] const std::vector<Finding>& findings() const noexcept { return findings_; }

 private:
  void read_label(const std::optional<PublicSigningKey>& authority);
  [[nodiscard]] std::optional<SealedSession> check_copy(std::uint32_t number, ByteView seal_bytes);
  void check_copies(const SealedSession& session);
  void check_seal_copy(const SealedSession& session, std::string_view folder);
  [[nodiscard]] std::optional<Buffer> read_if_whole(const std::string& path, std::uint64_t max,
                                                    const Digest& digest) const;
  /// Requires: there are traces of a session.
  std::uint32_t newest_number();
  void check_chain(const std::vector<SealedSession>& sessions);
  void add(ErrorKind kind, std::string fact);

  const FolderMedium& medium_;
  std::optional<Label> label_;
  std::optional<PublicSigningKey> authority_;
  std::vector<Finding> findings_;
  std::optional<std::uint32_t> newest_number_;  ///< once asked for
};

}  // namespace azekura::vault
