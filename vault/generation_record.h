#pragma once

#include "core/snapshot.h"
#include "vault/keyring.h"
#include "vault/site.h"

#include <string>
#include <vector>

namespace azekura::vault {

/// A snapshot of a source as the host remembers it; what is in it only the recovery key opens.
struct SourceGeneration {
  std::string source;
  Timestamp started;
  std::uint32_t number = 0;  ///< of its session
  SessionId session;
  bool complete = false;
  bool committed = false;  ///< sealed on a medium and read back; else it waits in the spool

  bool operator==(const SourceGeneration&) const = default;
};

/// When the sources were captured for a set and when that reached its medium: SITE/generations/SET.
/// It is for reports only, so a record that is lost or damaged is begun anew.
///
/// Requires, to change it: the set is held. Errors: SystemError.
class GenerationRecord {
 public:
  GenerationRecord(const Site& site, const std::string& set);

  /// Of every source the newest committed ones, complete or not, and all that wait; those of one
  /// source in the order of their sessions.
  [[nodiscard]] const std::vector<SourceGeneration>& generations() const noexcept {
    return generations_;
  }

  /// A session is complete in the spool.
  void add(const SessionIdentity& session, const std::vector<Snapshot>& snapshots);
  /// A session is sealed on its medium and was read back.
  void commit(const SessionIdentity& session);

 private:
  void load(ByteView bytes);
  void save();

  std::string folder_;
  std::string path_;
  std::vector<SourceGeneration> generations_;
};

}  // namespace azekura::vault
