#pragma once

#include "core/entry.h"

namespace azekura {

/// The wall clock: a claim, never a proof (docs/threat-model.md).
Timestamp wall_clock_now();
/// Seconds since an arbitrary start, for rates.
double steady_seconds();
/// Like "2026-11-21 01:00:05", local time.
std::string local_time_text(const Timestamp& time);
/// Like "2026-11-20T16:00:05Z".
std::string utc_time_text(const Timestamp& time);

}  // namespace azekura
