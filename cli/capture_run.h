#pragma once

#include "cli/invocation.h"
#include "core/site_config.h"
#include "vault/set_writer.h"

#include <string>
#include <vector>

namespace azekura::cli {

/// What a run read, spooled and wrote; for reports and the exit code.
struct RunTotals {
  std::uint32_t session = 0;       ///< the number of what was captured
  std::uint64_t read_bytes = 0;    ///< source bytes read
  std::uint64_t total_bytes = 0;   ///< logical bytes of the snapshots
  std::uint64_t stored_bytes = 0;  ///< bytes the medium grew by
  std::size_t dropped = 0;  ///< sessions of earlier runs that waited and could not be written
  bool complete = true;
};

/// Captures the sources into the spool of a set as one session. No medium is needed.
/// Errors: SpaceError, before anything is read, if more waits in all spools than the site allows.
RunTotals capture_into_spool(const vault::Site& site, const SiteConfig& config,
                             const SetConfig& set, const std::vector<SourceConfig>& sources,
                             Output& output);

/// Captures and writes, with the medium attached only after capturing: until the medium, the
/// catalogue and the spool agree, the second time if the catalogue had to learn from the medium.
/// Errors: as capture_into_spool.
RunTotals capture_and_write(const vault::Site& site, const SiteConfig& config, const SetConfig& set,
                            const std::vector<SourceConfig>& sources, Output& output);

/// Writes what waits in the spool of a set, and says so. Errors: MediumError if it does not fit
/// the medium; as SetMedium::attached.
vault::WriteTotals write_waiting(const vault::Site& site, const SiteConfig& config,
                                 const SetConfig& set, Output& output);

void warn_of_dropped(const RunTotals& totals, Output& output);
void warn_of_kit(const vault::Site& site, Output& output);

}  // namespace azekura::cli
