#pragma once

#include "cli/output.h"
#include "core/signals.h"

namespace azekura::cli {

/// The signals of a snapshot, for programs; docs/json.md.
Json signals_object(const Signals& signals);

}  // namespace azekura::cli
