#pragma once

#include "core/extent_source.h"
#include "core/observer.h"
#include "core/snapshot.h"
#include "restore/report.h"
#include "restore/restorer.h"

#include <cstdint>
#include <set>

namespace azekura::restore {

/// What a restore would do.
struct Forecast {
  RestoreReport report;           ///< as the restore would end, if every pack is whole
  std::set<std::uint32_t> packs;  ///< that hold bytes of wanted files
};

/// Walks what is wanted of a snapshot and opens its metadata: directories, extent lists, and the
/// recorded chunk ids of its contents. Reads no bytes of files and does not touch the target.
///
/// What this user could not set is told as far as it can be known before it is tried.
/// Errors: UsageError for an unknown path; MediumError, InterruptedError.
Forecast forecast_restore(ExtentSource& source, const Snapshot& snapshot,
                          const RestoreSettings& settings, Observer& observer);

}  // namespace azekura::restore
