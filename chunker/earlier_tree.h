#pragma once

#include "chunker/scan_record.h"
#include "chunker/signal_counter.h"
#include "core/chunk_sink.h"
#include "core/entry.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azekura::chunker {

/// What earlier runs remembered of a source, walked beside the tree of today.
///
/// It counts only as the tree of the snapshots before if a session that has a snapshot of the
/// source saw it: what a run remembered that ended early, or of a directory that was gone in
/// between, still saves reading but is compared with nothing.
/// Memory: the records of the directories on the way. Lifetime: sink and counter outlive it.
/// Errors: those of the sink; InterruptedError.
class EarlierTree {
 public:
  /// Begins above the root, where a source that is one file is.
  EarlierTree(ChunkSink& sink, std::string source, SignalCounter& counter);

  /// Goes into a directory of the one entered last; the root has the empty name. Requires: within a
  /// directory, names of see() and enter() rise.
  void enter(std::string_view name);
  /// Goes back. `is_whole`: every child was named, so others are gone, and what was below them.
  void leave(bool is_whole);
  [[nodiscard]] bool is_in_root() const noexcept { return levels_.size() == 2; }
  /// The record of the directory entered last; empty if there is none.
  [[nodiscard]] ByteView record() const noexcept { return levels_.back().record.encoded(); }

  /// What was under the name of an object, one that is not entered, in the directory entered last.
  Before see(const Entry& object);
  /// The entry of the file seen last, if it was remembered in exactly this state and the sink
  /// holds its content.
  [[nodiscard]] std::optional<Entry> unchanged(const FileState& state) const;

  /// A snapshot before is known.
  [[nodiscard]] bool is_known() const noexcept { return newest_snapshot_.has_value(); }
  /// From the session's end on, what is remembered of this source was seen by a snapshot.
  void remember_snapshot();

 private:
  struct Level {
    ScanRecord record;
    std::uint32_t session = 0;      ///< that remembered it; 0: there is no record
    bool is_compared = false;       ///< the record is the directory of the snapshots before
    bool is_new = false;            ///< they had no such directory
    std::size_t next = 0;           ///< child that is looked at next
    std::vector<std::size_t> gone;  ///< children passed over
    std::optional<std::size_t> seen;
    std::size_t path_length = 0;  ///< of the directory above
  };

  Before look(std::string_view name);
  Level open(std::string_view name);
  Level recall(std::size_t path_length);
  void count_gone(const ScanRecord::Child& child);
  void count_gone_below(std::string_view name);

  ChunkSink& sink_;
  const std::string source_;
  SignalCounter& counter_;
  std::optional<std::uint32_t> newest_snapshot_;  ///< session
  std::string path_;                              ///< of the directory, as its record's key has it
  std::vector<Level> levels_;
};

}  // namespace azekura::chunker
