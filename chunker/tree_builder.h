#pragma once

#include "chunker/cutter.h"
#include "chunker/linked_files.h"
#include "chunker/object_status.h"
#include "chunker/scan_record.h"
#include "chunker/signal_counter.h"
#include "core/byte_writer.h"
#include "core/chunk_sink.h"
#include "core/entry.h"
#include "core/observer.h"
#include "core/snapshot.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace azekura::chunker {

/// Where the content of an entry comes from once the sink knows it.
struct PendingContent {
  StreamId stream{};  ///< closed
  std::uint64_t bytes = 0;
};

/// Stores a tree's directories bottom up, from objects given in walk order, although the contents
/// of files become known late.
///
/// Steps wait in one queue and are settled from its front: as far as the sink knows contents, or,
/// when too much waits, by awaiting the front one. Memory: the queue, and the encodings of the
/// directories open at its front.
///
/// Nothing is stored that a reader would refuse, and with it the whole directory: of such an entry
/// the bare form is kept, with a flaw, and the observer is told.
/// Lifetime: sink, observer and counter outlive it. Errors: those of the sink.
class TreeBuilder {
 public:
  /// `source` names the source in the keys of scan records, `root` is its path for the observer,
  /// `scan_start` is when the run began.
  TreeBuilder(ChunkSink& sink, Observer& observer, SignalCounter& counter, std::string source,
              std::string root, const Timestamp& scan_start);

  /// `recalled`: the scan record this directory already has, empty if none.
  void enter(Entry directory, ByteView recalled);
  /// The directory entered last is done; `flaw` if its listing is short.
  void leave(EntryFlaw flaw);
  /// An entry that is complete and has no content of its own: of a further name of a file, that
  /// of the first is stored.
  void add(Entry entry);
  /// A file whose content was known before; it stays remembered. Requires: it was decoded.
  void add_known(Entry entry, const FileState& state, const Before& before);
  /// A file whose content is on its way; remembered if `state` is given.
  void add_pending(Entry entry, const PendingContent& content, std::optional<FileState> state,
                   const Before& before);
  /// A content that is not wanted after all.
  void discard(const PendingContent& content);

  /// Settles all steps and returns the root. Requires: every enter has its leave; one root.
  Entry finish();

  /// Complete after finish(); read_bytes is the caller's to count.
  [[nodiscard]] const SnapshotTotals& totals() const noexcept { return totals_; }
  [[nodiscard]] std::uint64_t unreadable() const noexcept { return unreadable_; }

 private:
  enum class Kind { enter, leave, entry, discard };
  struct Step {
    Kind kind = Kind::entry;
    Entry entry;  ///< enter and entry; leave: its flaw
    std::optional<PendingContent> pending;
    std::optional<FileState> state;
    Before before;
    std::uint64_t recalled = 0;  ///< enter: checksum of the record it has
  };
  struct OpenDirectory {
    Entry entry;
    ByteWriter entries;  ///< encoded
    ScanRecordWriter record;
    Remembered from = Remembered::at_once;
    std::uint64_t recalled = 0;
    std::size_t path_length = 0;  ///< of the parent's path
  };

  void push(Step step);
  void settle(bool to_the_end);
  bool resolve(Step& step, bool may_wait);
  void apply(Step step);
  void apply_enter(Step step);
  void apply_leave(EntryFlaw flaw);
  void apply_entry(Step step);
  /// Makes it the bare form if a reader would refuse it; false if there is none.
  bool make_readable(Entry& entry, Buffer& encoded);
  void place(Entry entry, ByteView encoded, const std::optional<FileState>& state);
  void remember(ByteView record, Remembered from, std::uint64_t recalled);

  ChunkSink& sink_;
  Observer& observer_;
  SignalCounter& counter_;
  LinkedFiles links_;
  Cutter cutter_;
  std::string source_;
  std::string root_path_;
  Timestamp scan_start_;
  std::deque<Step> queue_;
  std::uint64_t pending_bytes_ = 0;
  std::vector<OpenDirectory> open_;
  std::string path_;
  ScanRecordWriter root_record_;  ///< of a source that is one file
  Remembered root_from_ = Remembered::at_once;
  std::optional<Entry> root_;
  SnapshotTotals totals_;
  std::uint64_t unreadable_ = 0;
};

}  // namespace azekura::chunker
