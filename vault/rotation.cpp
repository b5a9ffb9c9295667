#include "vault/rotation.h"

#include "core/error.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>

namespace azekura::vault {

namespace {

using std::chrono::days;
using std::chrono::sys_days;

/// A Monday; moving it would change whose turn it is at every site.
constexpr sys_days kFirstTurn{
    Date{std::chrono::year{2026}, std::chrono::January, std::chrono::day{5}}};

/// One pool and whose turn it is.
struct TurningPool {
  const PoolConfig* pool = nullptr;
  std::vector<const SetConfig*> sets;  ///< not empty
  std::size_t turn = 0;

  void pass() { turn = (turn + 1) % sets.size(); }
  void take_back() { turn = (turn + sets.size() - 1) % sets.size(); }
};

/// The pools of a site, the rarer first, on the eve of some day.
class Rotation {
 public:
  Rotation(const SiteConfig& config, sys_days from);

  /// Whose night it is; nullptr on a holiday, or if it is no pool's.
  [[nodiscard]] TurningPool* pool_of(sys_days day);
  /// Empty if it is none.
  [[nodiscard]] std::string holiday(sys_days day) const;

 private:
  std::vector<TurningPool> pools_;
  std::map<sys_days, const std::string*> holidays_;
};

Rotation::Rotation(const SiteConfig& config, sys_days from) {
  for (const PoolConfig& pool : config.pools) {
    TurningPool turning{.pool = &pool, .sets = {}};
    for (const SetConfig& set : config.sets) {
      if (set.pool == pool.name) {
        turning.sets.push_back(&set);
      }
    }
    pools_.push_back(std::move(turning));
  }
  std::stable_sort(pools_.begin(), pools_.end(), [](const TurningPool& a, const TurningPool& b) {
    return a.pool->days.cycle() > b.pool->days.cycle();
  });
  for (const HolidayConfig& holiday : config.holidays) {
    for (sys_days day{holiday.first}; day <= sys_days{holiday.last}; day += days{1}) {
      holidays_.emplace(day, &holiday.name);
    }
  }
  for (sys_days day = kFirstTurn; day < from; day += days{1}) {
    if (TurningPool* const pool = pool_of(day)) {
      pool->pass();
    }
  }
  for (sys_days day = kFirstTurn; day > from; day -= days{1}) {
    if (TurningPool* const pool = pool_of(day - days{1})) {
      pool->take_back();
    }
  }
}

TurningPool* Rotation::pool_of(sys_days day) {
  if (holidays_.contains(day)) {
    return nullptr;
  }
  const auto found = std::find_if(pools_.begin(), pools_.end(), [&](const TurningPool& turning) {
    return turning.pool->days.has(day);
  });
  return found == pools_.end() ? nullptr : &*found;
}

std::string Rotation::holiday(sys_days day) const {
  const auto found = holidays_.find(day);
  return found == holidays_.end() ? "" : *found->second;
}

std::vector<std::string> names_of(const std::vector<SourceConfig>& sources) {
  std::vector<std::string> names;
  names.reserve(sources.size());
  for (const SourceConfig& source : sources) {
    names.push_back(source.source.name);
  }
  return names;
}

}  // namespace

std::vector<Night> nights(const SiteConfig& config, const Date& from, std::size_t count) {
  if (config.pools.empty()) {
    UsageError error{"the site has no schedule: its site.toml has no [[pool]]"};
    error.set_hint("add a [[pool]] and its sets; the comments of a new site file show the form");
    throw error;
  }
  Rotation rotation{config, from};
  std::vector<Night> nights;
  // Holidays end and every pool's nights return, so a medium is brought some day.
  const auto is_done = [&] {
    return nights.size() == count && (count == 0 || !nights.back().captured_for.empty());
  };
  for (sys_days day{from}; !is_done(); day += days{1}) {
    if (nights.size() < count) {
      nights.emplace_back();
      nights.back().date = day;
      nights.back().holiday = rotation.holiday(day);
    }
    TurningPool* const pool = rotation.pool_of(day);
    if (pool == nullptr) {
      continue;
    }
    const std::string& set = pool->sets[pool->turn]->name;
    pool->pass();
    if (nights.back().date == Date{day}) {
      nights.back().medium_of_set = set;
    }
    const std::vector<std::string> sources = names_of(config.sources_of_pool(pool->pool->name));
    for (auto one = nights.rbegin(); one != nights.rend() && one->captured_for.empty(); ++one) {
      one->captured_for = set;
      one->pool = pool->pool->name;
      one->sources = sources;
    }
  }
  return nights;
}

Night night(const SiteConfig& config, const Date& date) { return nights(config, date, 1).front(); }

}  // namespace azekura::vault
