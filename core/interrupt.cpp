#include "core/interrupt.h"

#include "core/clock.h"
#include "core/error.h"

#include <atomic>
#include <limits>

namespace azekura {

namespace {
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): for a signal handler
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

constexpr double kNever = std::numeric_limits<double>::infinity();
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): all threads keep to it
std::atomic<double> deadline{kNever};
}  // namespace

void request_interrupt() noexcept { interrupted.store(true, std::memory_order_relaxed); }

void set_deadline(std::optional<double> steady) noexcept {
  deadline.store(steady.value_or(kNever), std::memory_order_relaxed);
}

void throw_if_interrupted() {
  if (interrupted.load(std::memory_order_relaxed)) {
    throw InterruptedError{"stopped by a signal"};
  }
  const double until = deadline.load(std::memory_order_relaxed);
  if (until != kNever && steady_seconds() > until) {
    throw PolicyError{"it took longer than it may"};
  }
}

}  // namespace azekura
