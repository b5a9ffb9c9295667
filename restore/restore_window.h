#pragma once

#include "core/extent_source.h"
#include "restore/extent_plan.h"
#include "restore/file_writer.h"
#include "restore/metadata.h"
#include "restore/path_guard.h"
#include "restore/report.h"

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace azekura::restore {

/// A file to be made.
struct FileTask {
  DirectoryId directory = DirectoryId::target;
  std::string name;
  Attributes attributes;
  std::uint64_t size = 0;
};

/// A file that is in place but for its flags.
struct FlaggedFile {
  DirectoryId directory = DirectoryId::target;
  std::string name;
  std::uint32_t flags = 0;
};

/// As many files as memory allows, made together: their extents are fetched in medium order.
///
/// A file gets its name only when every extent of it is proven; otherwise it is reported lost and
/// nothing of it stays. Lifetime: what it refers to outlives it.
class RestoreWindow : private ExtentReceiver {
 public:
  RestoreWindow(ExtentSource& source, PathGuard& guard, MetadataApplier& metadata,
                Reporter& reporter);

  /// Plans a file; one that needs no stored bytes is made at once.
  /// Errors: DamageError if `extents` do not cover it.
  void add(FileTask task, std::span<const Extent> extents);
  [[nodiscard]] bool is_full() const noexcept;
  /// Makes or loses every file that was added.
  /// Errors: what ends the restore (concerns_one_item); files in the making are removed.
  void run();
  /// Files made so far that wait for their flags.
  [[nodiscard]] const std::vector<FlaggedFile>& flagged() const noexcept { return flagged_; }

 private:
  struct PendingFile {
    FileTask task;
    FileWriter writer;
    std::vector<ByteRange> zeros;
    std::uint64_t gap_bytes = 0;  ///< holes and zeros
    std::uint32_t unproven = 0;   ///< extents
    std::optional<std::string> loss;
    std::vector<ByteRange> lost_ranges;
    std::optional<std::list<std::uint32_t>::iterator> use;  ///< in uses_, while its file is open
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
  void settle();

  ExtentSource& source_;
  PathGuard& guard_;
  MetadataApplier& metadata_;
  Reporter& reporter_;
  ExtentPlan plan_;
  std::vector<PendingFile> files_;
  std::list<std::uint32_t> uses_;  ///< files that are open, latest used first
  std::span<const PlannedExtent> batch_;
  std::vector<std::uint32_t> delivered_;  ///< bytes of each extent of the batch
  std::vector<FlaggedFile> flagged_;
};

}  // namespace azekura::restore
