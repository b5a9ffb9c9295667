#pragma once

#include "core/extent_source.h"
#include "core/observer.h"
#include "core/snapshot.h"
#include "core/spare_source.h"
#include "restore/metadata.h"
#include "restore/report.h"
#include "restore/resume_journal.h"

#include <string>
#include <vector>

namespace azekura::restore {

struct RestoreSettings {
  std::string target;  ///< absent or an empty directory; for a single object, any directory
  std::string folder;  ///< of a tree: its own directory in the target; empty: the target itself
  std::vector<std::string> paths;  ///< each with all below it; none: everything
  RestoreMode mode = RestoreMode::data;
  /// What is intact of a damaged file is kept too, as NAME.damaged, the rest of it as zeros.
  bool best_effort = false;
  unsigned threads = 2;  ///< that write files
  /// What an earlier run finished, and where this one notes it; none: nothing is noted. A tree that
  /// becomes the target itself removes it before the target gets its metadata.
  ResumeJournal* journal = nullptr;
  SpareSource* spare = nullptr;  ///< asked for what the source has lost; none: that stays lost
};

/// False of a source that could not be opened at all: nothing is made of it, for an empty folder
/// would be an invention.
bool has_anything(const Snapshot& snapshot) noexcept;

/// Restores a snapshot beneath the target: files in medium order, each under its name only when
/// all of it is proven, directories' metadata last.
///
/// The root of a tree becomes the target itself; anything else gets the source's name in it.
/// Damage costs the items that need the damaged bytes and no others; they are in the report. In
/// best effort it costs a file only the chunks that are damaged, and its name.
/// With a journal that is resumed, files that are finished are neither read nor written again.
/// Errors: UsageError for a target in use or an unknown path, before anything is made; SpaceError
/// kinds when the target is full; MediumError, InterruptedError. What was restored until then
/// stays, without the metadata of its directories.
RestoreReport restore_tree(ExtentSource& source, const Snapshot& snapshot,
                           const RestoreSettings& settings, Observer& observer);

}  // namespace azekura::restore
