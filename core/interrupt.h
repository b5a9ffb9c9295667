#pragma once

namespace azekura {

/// Notes that a signal asked us to stop. Safe in a signal handler.
void request_interrupt() noexcept;

/// Throws InterruptedError if a signal asked us to stop. Long loops call it once an item.
void throw_if_interrupted();

}  // namespace azekura
