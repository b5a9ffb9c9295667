#pragma once

#include "core/extent_source.h"
#include "restore/extent_plan.h"
#include "restore/file_writer.h"
#include "restore/metadata.h"
#include "restore/path_guard.h"
#include "restore/report.h"

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace azekura::restore {

/// A file to be made.
struct FileTask {
  DirectoryId directory = DirectoryId::target;
  std::string name;
  Attributes attributes;
  std::uint64_t size = 0;
  std::optional<std::uint64_t> hard_link;  ///< its id
};

/// Told of each file that has its name, and its state then.
using FilePlaced = std::function<void(const FileTask&, const struct stat&)>;

/// As many files as memory allows, made together: their extents are fetched in medium order.
///
/// A file gets its name only when every extent of it is proven; otherwise it is reported lost and
/// nothing of it stays, or with `best_effort` only its proven chunks, under another name.
/// Lifetime: what it refers to outlives it.
class RestoreWindow : private ExtentReceiver {
 public:
  RestoreWindow(ExtentSource& source, PathGuard& guard, MetadataApplier& metadata,
                Reporter& reporter, bool best_effort, FilePlaced placed);

  /// Plans a file; one that needs no stored bytes is made at once. `flaw`: what is wrong with it
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
  struct PendingFile {
    PendingFile(FileTask wanted, FileWriter own, std::uint32_t extents,
                std::optional<std::string> known_flaw)
        : task{std::move(wanted)},
          writer{std::move(own)},
          unproven{extents},
          flaw{std::move(known_flaw)} {}

    FileTask task;
    FileWriter writer;
    std::vector<ByteRange> zeros;
    std::uint64_t gap_bytes = 0;  ///< holes and zeros
    std::uint64_t proven_bytes = 0;
    std::uint32_t unproven;           ///< extents
    std::optional<std::string> flaw;  ///< as of add()
    std::optional<std::string> loss;
    std::vector<LostRange> lost_ranges;
    bool is_given_up = false;                               ///< nothing of it can be written
    std::optional<std::list<std::uint32_t>::iterator> use;  ///< in uses_, while its file is open
  };
  /// What is intact of a file.
  struct DamagedFile {
    FileTask task;
    FileWriter writer;
    std::vector<ByteRange> zeros;
    std::string loss;
    std::vector<LostRange> lost_ranges;
  };

  void bytes(std::size_t index, std::uint64_t offset, ByteView bytes) override;
  void proven(std::size_t index) override;
  void failed(std::size_t index, const Error& error) override;

  /// Runs a step on a file of this window; its failure costs that file.
  template <typename Step>
  void attempt(std::uint32_t file, Step&& step);
  void lose(PendingFile& file, std::string reason);
  void finish(PendingFile& file);
  void note_use(std::uint32_t number);
  void close_least_used();
  void forget_use(PendingFile& file);
  void fetch_all();
  void fetch(std::span<const PlannedExtent> extents);
  /// Has the chunks of extents that failed one by one.
  void salvage();
  void settle();
  void keep_damaged(PendingFile& file);
  struct stat place(FileWriter& writer, const FileTask& task, const std::vector<ByteRange>& zeros);

  ExtentSource& source_;
  PathGuard& guard_;
  MetadataApplier& metadata_;
  Reporter& reporter_;
  bool best_effort_;
  bool is_salvaging_ = false;
  ExtentPlan plan_;
  std::vector<PendingFile> files_;
  std::list<std::uint32_t> uses_;  ///< files that are open, latest used first
  std::span<const PlannedExtent> batch_;
  std::vector<std::uint32_t> delivered_;  ///< bytes of each extent of the batch
  std::vector<PlannedExtent> failed_;     ///< in best effort: to be salvaged
  std::vector<DamagedFile> damaged_;
  FilePlaced placed_;
};

}  // namespace azekura::restore
