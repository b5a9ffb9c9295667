#include "cli/night_record.h"

#include "core/clock.h"
#include "vault/generation_record.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace azekura::cli {

namespace {

constexpr std::chrono::seconds kHalfADay{std::chrono::hours{12}};

}  // namespace

bool is_captured_on(const vault::Site& site, const std::string& set, const Date& night) {
  const vault::GenerationRecord record{site, set};
  const std::vector<vault::SourceGeneration>& generations = record.generations();
  return std::any_of(generations.begin(), generations.end(),
                     [&](const auto& one) { return night_of(one.started) == night; });
}

bool is_done_on(const vault::Site& site, const std::string& set, const Date& night) {
  if (site.has_waiting(set)) {
    return false;
  }
  const vault::GenerationRecord record{site, set};
  const std::vector<vault::SourceGeneration>& generations = record.generations();
  const std::int64_t now = wall_clock_now().seconds;
  return std::any_of(generations.begin(), generations.end(), [&](const auto& one) {
    return one.committed && night_of(one.started) == night &&
           now - one.started.seconds < kHalfADay.count();
  });
}

}  // namespace azekura::cli
