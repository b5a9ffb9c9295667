#include "cli/removal_wait.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "vault/refusal.h"
#include "vault/removal.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace azekura::cli {

namespace {

constexpr double kLookSeconds = 1;
constexpr double kPatienceSeconds = 12 * 3600;

/// Errors: PolicyError if nobody pulls it; InterruptedError.
void wait_for_removal(const vault::Insertion& insertion, const std::string& name,
                      std::chrono::seconds overhang, Output& output) {
  vault::DeviceEvents events;
  const double begun = steady_seconds();
  double next_reminder = static_cast<double>(overhang.count());
  while (vault::is_still_there(insertion)) {
    const double waited = steady_seconds() - begun;
    if (waited > kPatienceSeconds) {
      PolicyError error{"the medium '{}' was not pulled for {:.0f} hours", name, waited / 3600};
      error.set_code(vault::refusal::kStillAttached);
      error.set_hint(text("pull '{}' and put it away: it is not offline", name));
      throw error;
    }
    if (waited > next_reminder) {
      output.warn(
          text("the medium '{}' has been left in for {:.0f} minutes: pull it and "
               "put it away",
               name, waited / 60));
      next_reminder *= 2;
    }
    try {
      throw_if_interrupted();
    } catch (const InterruptedError&) {
      output.warn(text("the medium '{}' is still in its slot: pull it and put it away", name));
      throw;
    }
    events.wait(kLookSeconds);
  }
}

}  // namespace

void wait_until_pulled(vault::MediumRegister& media, const std::string& name,
                       std::chrono::seconds overhang, Output& output) {
  const vault::MediumRecord record = media.named(name);
  output.show_now();
  const double begun = steady_seconds();
  wait_for_removal(record.insertion, name, overhang, output);
  const double waited = steady_seconds() - begun;
  media.update(name, [&](vault::MediumRecord& changed) {
    changed.connections.back().overhang_seconds = waited;
  });
  output.object({{"event", "pulled"}, {"name", name}, {"overhang_seconds", waited}});
  output.line(text("medium '{}' is pulled: it is offline", name));
}

}  // namespace azekura::cli
