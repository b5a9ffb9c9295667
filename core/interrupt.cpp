#include "core/interrupt.h"

#include "core/error.h"

#include <atomic>

namespace azekura {

namespace {
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): for a signal handler
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);
}  // namespace

void request_interrupt() noexcept { interrupted.store(true, std::memory_order_relaxed); }

void throw_if_interrupted() {
  if (interrupted.load(std::memory_order_relaxed)) {
    throw InterruptedError{"stopped by a signal"};
  }
}

}  // namespace azekura
