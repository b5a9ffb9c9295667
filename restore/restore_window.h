#pragma once

#include "core/extent_source.h"
#include "core/ordered_stage.h"
#include "core/spare_source.h"
#include "restore/extent_plan.h"
#include "restore/file_lane.h"
#include "restore/pending_file.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace azekura::restore {

/// As many files as memory allows, made together: their extents are fetched in medium order, and
/// written by several threads, each file by one.
///
/// A file gets its name only when every extent of it is proven; otherwise it is reported lost and
/// nothing of it stays, or with `best_effort` only its proven chunks, under another name. What the
/// source has not is asked of `spare`, if there is one.
/// Lifetime: what it refers to outlives it.
class RestoreWindow : private ExtentReceiver {
 public:
  /// `placed` is called by any thread, by one at a time.
  RestoreWindow(ExtentSource& source, const Target& target, SpareSource* spare, bool best_effort,
                unsigned threads, const FilePlaced& placed);

  /// Plans a file; one that needs no stored bytes is made at once, one with the content of another
  /// is copied from that. `flaw`: what is wrong with it
  /// even if every extent is proven.
  /// Errors: DamageError if `extents` do not cover it, or for a flaw without best effort.
  void add(FileTask task, std::span<const Extent> extents, std::optional<std::string> flaw);
  [[nodiscard]] bool is_full() const noexcept;
  /// Makes or loses every file that was added.
  /// Errors: what ends the restore (concerns_one_item); files in the making are removed.
  void run();
  /// Gives what is intact of damaged files its names, when all others have theirs.
  void place_damaged();

 private:
  void bytes(std::size_t index, std::uint64_t offset, ByteView bytes) override;
  void proven(std::size_t index) override;
  void failed(std::size_t index, const Error& error) override;
  void block_done() override;

  FileLane& lane_of(std::uint32_t file);
  void add_twin(PendingFile& first, FileTask task, std::span<const Extent> extents);
  void plan(FileTask task, std::span<const Extent> extents, std::optional<std::string> flaw);
  void make_planned();
  /// In the file's lane.
  void note_proven(const PlannedExtent& extent);
  void note_failed(const PlannedExtent& extent, const std::string& reason);
  void fetch_all();
  void fetch(std::span<const PlannedExtent> extents);
  /// Has what failed from the spare source or, in best effort, chunk by chunk.
  void salvage();
  void salvage(const PlannedExtent& extent);
  bool fetch_spare(const PlannedExtent& extent);
  void note_lost(const PlannedExtent& extent);
  void settle();

  ExtentSource& source_;
  Target target_;
  SpareSource* spare_;
  bool best_effort_;
  bool is_patient_;  ///< what fails is had a closer look at
  bool is_salvaging_ = false;
  ExtentPlan plan_;
  std::vector<PendingFile> files_;
  std::unordered_map<Digest, std::uint32_t, IdHash<Digest>> firsts_;  ///< files that may have twins
  std::size_t twin_count_ = 0;
  std::size_t twin_extents_ = 0;
  std::vector<Twin> bereft_;  ///< twins of files that were lost
  std::span<const PlannedExtent> batch_;
  std::vector<std::uint32_t> delivered_;  ///< bytes of each extent of the batch
  std::vector<PlannedExtent> failed_;     ///< to be salvaged
  std::vector<PendingFile> damaged_;      ///< what is intact of them
  std::mutex placing_;
  std::vector<FileLane> lanes_;
  OrderedStage<FileLane*> hands_;  ///< last: its threads end before what they use
};

}  // namespace azekura::restore
