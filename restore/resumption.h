#pragma once

#include "core/entry.h"
#include "restore/path_guard.h"
#include "restore/report.h"
#include "restore/resume_journal.h"

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace azekura::restore {

/// What shows of an object without reading it.
struct Looks {
  mode_t type = 0;  ///< S_IFMT bits
  std::uint64_t size = 0;
  Timestamp modified;
  std::string link_target;
  dev_t device = 0;
};

Looks looks_of(const Entry& entry);
/// Of an object that is no symbolic link, or without its target.
Looks looks_of_object(const struct stat& info);

/// Deals with what an interrupted run left in the target, and notes what this one finishes.
///
/// Only what the journal knows is kept. Anything else in the way is removed if it looks as the
/// snapshot has it, so that nothing is lost with it, and renamed to NAME.aside if not. Without a
/// journal, and without an earlier run, nothing is looked at.
/// Lifetime: what it refers to outlives it.
class Resumption {
 public:
  /// `folder`: the tree's own folder in the target, or empty.
  Resumption(PathGuard& guard, Reporter& reporter, ResumeJournal* journal, std::string folder)
      : guard_{guard}, reporter_{reporter}, journal_{journal}, folder_{std::move(folder)} {}

  [[nodiscard]] bool is_resumed() const noexcept { return journal_ && journal_->is_resumed(); }
  /// The file of this name if it is finished and untouched.
  std::optional<struct stat> finished(DirectoryId directory, const std::string& name);
  /// Notes a finished file.
  void add(DirectoryId directory, const std::string& name, const struct stat& info);
  /// Frees a name for an object that looks so. Errors: SystemError.
  void make_way(DirectoryId directory, const std::string& name, const Looks& wanted);
  /// Makes a directory, or goes on with the one the earlier run made.
  DirectoryId make_directory(DirectoryId parent, const std::string& name);
  /// Nothing is left to do in the target but its own metadata.
  void finish();
  /// Names in a directory that an earlier run may have made, without its unfinished files, which
  /// are removed; sorted.
  std::vector<std::string> clean(DirectoryId directory);

 private:
  [[nodiscard]] std::string noted_path(const std::string& path) const;
  [[nodiscard]] bool looks_so(DirectoryId directory, const std::string& name,
                              const struct stat& info, const Looks& wanted);

  PathGuard& guard_;
  Reporter& reporter_;
  ResumeJournal* journal_;
  std::string folder_;
};

}  // namespace azekura::restore
