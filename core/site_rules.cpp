#include "core/site_rules.h"

#include "core/messages.h"
#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace azekura {

namespace {

/// Several media, because infection may happen during a backup (the advisory's section 3 (3) ③).
constexpr std::size_t kSetsWanted = 2;

const std::string& placed_name(const SourceConfig& config) { return config.source.name; }
const std::string& placed_name(const SetConfig& config) { return config.name; }
const std::string& placed_name(const PoolConfig& config) { return config.name; }

class SiteRules {
 public:
  explicit SiteRules(const PlacedTables& tables) : tables_{tables} {}

  std::vector<SiteFinding> check();

 private:
  template <typename Item>
  void check_names(const std::vector<Placed<Item>>& items, std::string_view what);
  void check_sets_of(const Placed<PoolConfig>& pool);
  void check_nights_of(const Placed<PoolConfig>& pool);
  void check_set(const Placed<SetConfig>& set);
  void check_source(const Placed<SourceConfig>& source);

  [[nodiscard]] bool has_pool(std::string_view name) const;
  /// Their names, for a message.
  [[nodiscard]] std::string pools() const;

  const PlacedTables& tables_;
  std::vector<SiteFinding> findings_;
};

bool SiteRules::has_pool(std::string_view name) const {
  return std::any_of(tables_.pools.begin(), tables_.pools.end(),
                     [&](const Placed<PoolConfig>& pool) { return pool.item.name == name; });
}

std::string SiteRules::pools() const {
  std::string names;
  for (const Placed<PoolConfig>& pool : tables_.pools) {
    names += (names.empty() ? "" : ", ") + pool.item.name;
  }
  return names.empty() ? text("none") : names;
}

template <typename Item>
void SiteRules::check_names(const std::vector<Placed<Item>>& items, std::string_view what) {
  for (auto later = items.begin(); later != items.end(); ++later) {
    const std::string& name = placed_name(later->item);
    const bool is_twin = std::any_of(items.begin(), later, [&](const Placed<Item>& earlier) {
      return placed_name(earlier.item) == name;
    });
    if (is_twin && !name.empty()) {
      findings_.push_back({true, later->line,
                           text("the {} '{}' is there twice", in_language(what), name),
                           text("give each {} a name of its own", in_language(what))});
    }
  }
}

void SiteRules::check_sets_of(const Placed<PoolConfig>& pool) {
  const std::string& name = pool.item.name;
  std::size_t sets = 0;
  std::size_t offline = 0;
  for (const Placed<SetConfig>& set : tables_.sets) {
    if (set.item.pool == name) {
      ++sets;
      offline += set.item.folder.empty() ? 1U : 0U;
    }
  }
  if (sets == 0) {
    findings_.push_back({true, pool.line, text("the pool '{}' has no set", name),
                         text("write pool = \"{}\" in its [[set]] tables", name), true});
  } else if (offline < kSetsWanted) {
    findings_.push_back(
        {false, pool.line,
         text("the pool '{}' has {} sets on media that can be put away", name, offline),
         text("have at least two, so that one is in the safe while the other is attached")});
  }
}

void SiteRules::check_nights_of(const Placed<PoolConfig>& pool) {
  const PoolDays& days = pool.item.days;
  std::vector<PoolDays> weekly;
  for (const Placed<PoolConfig>& other : tables_.pools) {
    const PoolDays& others = other.item.days;
    if (others.cycle() == PoolCycle::week) {
      weekly.push_back(others);
    }
    if (other.line < pool.line && others.cycle() == days.cycle() && others.meets(days)) {
      findings_.push_back(
          {true, pool.line,
           text("the pools '{}' and '{}' have a night in common", other.item.name, pool.item.name),
           text("change 'on' of one of them: a night belongs to one pool")});
    }
  }
  if (days.cycle() == PoolCycle::day && !days.is_empty() && days.is_within(weekly)) {
    findings_.push_back(
        {true, pool.line,
         text("the pool '{}' has no night: weekly pools have all of its weekdays", pool.item.name),
         text("add a weekday to its 'on', or take the pool out")});
  }
}

void SiteRules::check_set(const Placed<SetConfig>& set) {
  const auto& [name, folder, parity, pool] = set.item;
  if (!pool.empty() && !has_pool(pool)) {
    findings_.push_back(
        {true, set.line,
         text("the set '{}' names a pool that is not there, '{}'", name, printable(pool)),
         text("name one of the pools (there are: {}), or add it", pools())});
  } else if (pool.empty() && !tables_.pools.empty()) {
    findings_.push_back({true, set.line,
                         text("the set '{}' is in no pool and would never be written", name),
                         text("write pool = \"NAME\" in it (there are: {})", pools())});
  }
  if (!folder.empty()) {
    findings_.push_back(
        {false, set.line, text("the set '{}' is a folder: it is not offline", name),
         text("it is for trying out; for real, leave 'folder' out and enrol media with 'azekura "
              "medium enrol'")});
  }
}

void SiteRules::check_source(const Placed<SourceConfig>& source) {
  for (const std::string& pool : source.item.pools) {
    if (!has_pool(pool)) {
      findings_.push_back(
          {true, source.line,
           text("the source '{}' names a pool that is not there, '{}'", source.item.source.name,
                printable(pool)),
           text("name pools that are there ({}), or leave 'pools' out for all", pools())});
    }
  }
}

std::vector<SiteFinding> SiteRules::check() {
  check_names(tables_.sources, "source");
  check_names(tables_.sets, "set");
  check_names(tables_.pools, "pool");
  for (const Placed<PoolConfig>& pool : tables_.pools) {
    if (!pool.item.name.empty()) {  // else that is told already
      check_sets_of(pool);
      check_nights_of(pool);
    }
  }
  for (const Placed<SetConfig>& set : tables_.sets) {
    check_set(set);
  }
  for (const Placed<SourceConfig>& source : tables_.sources) {
    check_source(source);
  }
  return std::move(findings_);
}

}  // namespace

std::vector<SiteFinding> check_site_rules(const PlacedTables& tables) {
  return SiteRules{tables}.check();
}

}  // namespace azekura
