#pragma once

#include "chunker/gear_scan.h"

namespace azekura::tests {

/// The form that the program's first argument names: gear_form_main.cpp.
chunker::GearScan tested_gear_scan() noexcept;

}  // namespace azekura::tests
