#pragma once

#include "core/extent_source.h"
#include "core/observer.h"
#include "core/snapshot.h"
#include "restore/metadata.h"
#include "restore/report.h"

#include <string>
#include <vector>

namespace azekura::restore {

struct RestoreSettings {
  std::string target;  ///< absent or an empty directory; for a single object, any directory
  std::vector<std::string> paths;  ///< each with all below it; none: everything
  RestoreMode mode = RestoreMode::data;
};

/// Restores a snapshot beneath the target: files in medium order, each under its name only when
/// all of it is proven, directories' metadata last.
///
/// The root of a tree becomes the target itself; anything else gets the source's name in it.
/// Damage costs the items that need the damaged bytes and no others; they are in the report.
/// Errors: UsageError for a target in use or an unknown path, before anything is made; SpaceError
/// kinds when the target is full; MediumError, InterruptedError. What was restored until then
/// stays, without the metadata of its directories.
RestoreReport restore_tree(ExtentSource& source, const Snapshot& snapshot,
                           const RestoreSettings& settings, Observer& observer);

}  // namespace azekura::restore
