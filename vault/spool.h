#pragma once

#include "core/error.h"
#include "vault/pack_format.h"
#include "vault/session.h"

#include <string>
#include <vector>

namespace azekura::vault {

/// The spool itself is damaged: what waits is captured again. The medium is not to blame.
class SpoolError : public Error {
 public:
  explicit SpoolError(std::string_view fact)
      : Error{ErrorKind::damage, std::string{in_language(fact)}} {}
};

/// A session that waits in the spool for its medium.
struct SpooledSession {
  std::string folder;
  SessionHeader header;
  Buffer header_bytes;
  Manifest manifest;
  Buffer manifest_bytes;

  [[nodiscard]] std::uint32_t number() const noexcept { return header.identity.number; }
  [[nodiscard]] std::string pack_path(std::uint32_t pack) const;
};

/// A capture under way: a header, and packs that are journalled as they are finished.
struct OpenSession {
  std::string folder;
  SessionHeader header;
  std::vector<PackInfo> packs;  ///< journalled, present and whole
};

/// Sessions of one set on the host, already in the form they have on the medium:
///
///     SPOOL/000042/header           durable before the first pack
///     SPOOL/000042/packs/XXXXXXXX   XXXXXXXX.part until finished
///     SPOOL/000042/parity/N         made when all packs are
///     SPOOL/000042/journal          one checked record a finished pack
///     SPOOL/000042/manifest         the capture is complete
///
/// Header and manifest end with the SHA-256 of what the medium gets.
///
/// Errors: SystemError (kind space on a full disk), DamageError.
class Spool {
 public:
  explicit Spool(std::string path);

  /// How many complete sessions wait in the spool at `path`; changes nothing.
  [[nodiscard]] static std::size_t waiting(const std::string& path);

  /// Empties the packs a run in the spool at `path` was not done with; their names stay taken.
  static void empty_unfinished(const std::string& path);

  /// Complete sessions by rising number. What cannot be read is not among them.
  [[nodiscard]] std::vector<SpooledSession> sessions() const;
  /// Numbers of all complete sessions, also of those that cannot be read any more.
  [[nodiscard]] std::vector<std::uint32_t> complete_numbers() const;
  /// Captures that a crash ended, by rising number.
  [[nodiscard]] std::vector<OpenSession> interrupted() const;
  /// Above every pack number any file here was begun with, and every earlier session's.
  [[nodiscard]] std::uint32_t next_pack() const;

  /// Makes the header durable; returns the session's folder.
  std::string begin(const SessionHeader& header);
  /// Journals a finished pack, durably.
  static void journal(const std::string& folder, const PackInfo& pack);
  /// Makes the manifest durable: from now on the session is complete.
  static void complete(const std::string& folder, const Manifest& manifest);
  void discard(std::uint32_t number);

  [[nodiscard]] static std::string pack_path(const std::string& folder, std::uint32_t pack);
  [[nodiscard]] static std::string parity_path(const std::string& folder, std::size_t index);

 private:
  [[nodiscard]] std::vector<std::string> folders() const;

  std::string path_;
};

}  // namespace azekura::vault
