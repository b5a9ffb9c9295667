#pragma once

#include <optional>

namespace azekura {

/// Notes that a signal asked us to stop. Safe in a signal handler.
void request_interrupt() noexcept;

/// What follows must be over by then, in steady_seconds(); nullopt: no limit.
void set_deadline(std::optional<double> steady) noexcept;

/// Throws InterruptedError if a signal asked us to stop, and PolicyError once the deadline is over.
/// Long loops call it once an item.
void throw_if_interrupted();

}  // namespace azekura
