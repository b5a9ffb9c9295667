#pragma once

#include "core/error.h"
#include "vault/connection.h"
#include "vault/removal.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azekura::vault {

/// Who took a medium where.
struct CustodyMove {
  Timestamp when;
  std::string person;
  std::string place;
  std::string due;   ///< the day it is back, like "2026-12-24"; empty if none was said
  std::string seal;  ///< the number on the container's seal; empty if there is none

  bool operator==(const CustodyMove&) const = default;
};

/// A medium that was to be written, and was not.
struct Refusal {
  Timestamp when;
  std::string code;         ///< vault/refusal.h; empty: it failed without one
  std::string person = {};  ///< who said that it cannot be brought or used; empty if nobody did
  std::optional<Timestamp> written = {};  ///< when it was, after all; until then this stands

  bool operator==(const Refusal&) const = default;
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
  std::vector<Refusal> refusals;        ///< oldest first
  Insertion insertion;                  ///< when it was attached last

  bool operator==(const MediumRecord&) const = default;

  /// Nobody has pulled it since it was attached last.
  [[nodiscard]] bool is_connected() const;
  /// And it was detached: nothing writes to it, it is to be pulled.
  [[nodiscard]] bool is_left_in() const;
  /// Those since it was written last, each code once.
  [[nodiscard]] std::vector<Refusal> standing_refusals() const;
  /// One whose code stands already only adds the person, if there is one.
  void note_refusal(const Refusal& refusal);
  /// What was refused before stands no longer.
  void note_written(const Timestamp& when);

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
  /// By name, without those that cannot be read: `unreadable` is told of each.
  [[nodiscard]] std::vector<MediumRecord> readable(
      const std::function<void(const DamageError&)>& unreadable) const;
  /// A record that cannot be read is an error of its own medium only. Errors: UsageError, naming
  /// the media there are.
  [[nodiscard]] MediumRecord named(const std::string& name) const;
  [[nodiscard]] std::optional<MediumRecord> find(const MediumId& id) const;
  /// Of the set's media, as they go with a session onto the medium; oldest first.
  [[nodiscard]] std::vector<MediumConnection> newest_connections(const std::string& set) const;
  /// Errors: UsageError if there is one of this name or id.
  void add(const MediumRecord& record);
  /// Reads, changes and writes a record as one step. Errors: UsageError if there is none.
  void update(const std::string& name, const std::function<void(MediumRecord&)>& change);
  /// As MediumRecord::note_refusal, for the set's medium; nothing if there is none.
  void note_refusal(const std::string& set, const Refusal& refusal);

 private:
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::string path_of(const std::string& name) const;
  void write(const MediumRecord& record) const;

  std::string folder_;
};

}  // namespace azekura::vault
