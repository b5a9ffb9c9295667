#pragma once

#include "core/entry.h"
#include "core/ids.h"
#include "vault/removal.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azekura::vault {

/// How a connection of a medium ended.
enum class ConnectionEnd {
  unknown,   ///< the run was killed, or goes on
  detached,  ///< unmounted and flushed
  off,       ///< and powered off: nothing on the host reaches it
};
/// As the register and JSON call it: "unknown", "detached", "off".
std::string_view name_of(ConnectionEnd end);

/// One time that a medium was attached to this host.
struct Connection {
  Timestamp attached;
  Insertion insertion;
  ConnectionEnd end = ConnectionEnd::unknown;
  double work_seconds = 0;                 ///< from attaching to detaching
  std::optional<double> overhang_seconds;  ///< from then until it was seen gone
  std::uint64_t bytes = 0;                 ///< written and read back
  std::uint32_t first_session = 0;         ///< sealed meanwhile; 0 if none was
  std::uint32_t last_session = 0;

  bool operator==(const Connection&) const = default;
};

/// Who took a medium where.
struct CustodyMove {
  Timestamp when;
  std::string person;
  std::string place;
  std::string due;   ///< the day it is back, like "2026-12-24"; empty if none was said
  std::string seal;  ///< the number on the container's seal; empty if there is none

  bool operator==(const CustodyMove&) const = default;
};

/// What the host knows of a medium.
struct MediumRecord {
  std::string name;  ///< what its sticker says: SET-N
  MediumId id;
  std::string set;
  std::uint32_t sequence = 1;  ///< among the media of the set
  std::string description;     ///< maker, model, serial: a claim
  std::uint64_t bytes = 0;
  std::uint64_t free_bytes = 0;  ///< when it was last detached
  Timestamp enrolled;
  std::vector<CustodyMove> moves;       ///< oldest first
  std::vector<Connection> connections;  ///< oldest first

  bool operator==(const MediumRecord&) const = default;

  /// Nobody has pulled it since it was last attached.
  [[nodiscard]] bool is_connected() const;
  /// And it was detached: nothing writes to it, it is to be pulled.
  [[nodiscard]] bool is_left_in() const;

  /// Lines of text, for people too.
  [[nodiscard]] std::string to_text() const;
  /// Errors: DamageError.
  static MediumRecord parse(std::string_view text);
};

/// The media of a site, one file each in SITE/media.
///
/// Threads and processes: any number; changes are made one at a time.
/// Errors: SystemError; DamageError, naming the file.
class MediumRegister {
 public:
  explicit MediumRegister(const std::string& site_path);

  /// By name.
  [[nodiscard]] std::vector<MediumRecord> all() const;
  /// Errors: UsageError, naming the media there are.
  [[nodiscard]] MediumRecord named(const std::string& name) const;
  [[nodiscard]] std::optional<MediumRecord> find(const MediumId& id) const;
  /// Errors: UsageError if there is one of this name or id.
  void add(const MediumRecord& record);
  /// Reads, changes and writes a record as one step. Errors: UsageError if there is none.
  void update(const std::string& name, const std::function<void(MediumRecord&)>& change);

 private:
  [[nodiscard]] std::string path_of(const std::string& name) const;
  void write(const MediumRecord& record) const;

  std::string folder_;
};

}  // namespace azekura::vault
