#include "core/site_config.h"

#include "core/error.h"
#include "core/site_edit.h"
#include "core/site_reader.h"
#include "core/text.h"

#include <algorithm>
#include <iterator>

namespace azekura {

namespace {

constexpr std::string_view kEmptySiteFile =
    R"(# What this site backs up, onto what, and when. Azekura reads it at every run;
# 'azekura source add' and 'azekura set add' append to it, and you may edit it.
# 'azekura check' tells every mistake in it, 'azekura schedule' what comes of it.
#
# [[source]]                 a tree: a folder and all below it
# name = "documents"         a-z, 0-9, '-', '_', '.'
# path = "/srv/documents"
# exclude = ["*.tmp", "/scratch/"]   left out of every backup: patterns as in .gitignore
# exclude_caches = true              of folders with a CACHEDIR.TAG keep that tag only
# pools = ["weekly"]         captured on the nights of these pools only; else on every night
# rpo_hours = 26             older than this, what its media hold of it is an alarm; else 26
#
# [[source]]                 a stream: what a command prints; it must end with status 0
# name = "ehr"
# command = "pg_dump --format=plain ehr"
#
# [[pool]]                   the sets of one rotation; without any pool there is no schedule
# name = "daily"
# every = "day"              one night belongs to one pool: "month" goes before "week" before "day"
# on = ["mon", "tue", "wed", "thu", "fri"]   the nights its medium is brought; else all seven
# parity = "20+2"            for every 20 parts 2 of parity; also "10+3", "50+1", "none"
#
# [[pool]]
# name = "weekly"
# every = "week"
# on = "fri"
#
# [[pool]]
# name = "monthly"
# every = "month"
# on = "first sat"           "first" to "fourth" or "last", and a weekday; or a day, 1 to 28
#
# [[set]]                    a media set: the media that together restore alone
# name = "daily-1"           a pool's sets take turns in the order they are written here
# pool = "daily"
# parity = "10+3"            another than its pool's
#
# [[set]]                    with a folder: for trying out; it is never offline
# name = "trial"
# folder = "/mnt/trial"      where its medium is mounted
#
# [[holiday]]                nights without a medium; what is captured waits for the next one.
# date = 2026-12-29          Leave past ones in: the turns of the sets are counted over them.
# until = 2027-01-03         its last day; else one day
# name = "New Year"
#
# [media]
# connected_minutes = 240    a medium attached longer is detached by force
# overhang_minutes = 30      one left in longer after its work is done is an alarm
#
# [spool]
# limit_gib = 500            all that waits may take as much, also 0.5; else as the disk has
)";

const std::string& label_of(const SourceConfig& config) { return config.source.name; }
const std::string& label_of(const SetConfig& config) { return config.name; }

template <typename Item>
const Item& find_named(const std::vector<Item>& items, std::string_view name,
                       std::string_view what) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const Item& item) { return label_of(item) == name; });
  if (found != items.end()) {
    return *found;
  }
  std::string names;
  for (const Item& item : items) {
    names += (names.empty() ? "" : ", ") + label_of(item);
  }
  UsageError error{"there is no {} '{}'; there {}", in_language(what), name,
                   names.empty() ? text("is none yet") : text("are: {}", names)};
  error.set_hint(text("add it with 'azekura {} add'", what));
  throw error;
}

}  // namespace

SiteConfig SiteConfig::parse(std::string_view text) {
  SiteReading reading = read_site_file(text);
  for (const SiteFinding& finding : reading.findings) {
    if (finding.is_mistake) {
      UsageError error{"{}", with_place(finding)};
      error.set_hint(finding.remedy);
      throw error;
    }
  }
  return std::move(reading.config);
}

const SourceConfig& SiteConfig::source(std::string_view name) const {
  return find_named(sources, name, "source");
}

const SetConfig& SiteConfig::set(std::string_view name) const {
  return find_named(sets, name, "set");
}

std::vector<SourceConfig> SiteConfig::sources_of_pool(const std::string& pool) const {
  std::vector<SourceConfig> chosen;
  std::copy_if(
      sources.begin(), sources.end(), std::back_inserter(chosen), [&](const SourceConfig& source) {
        return source.pools.empty() ||
               std::find(source.pools.begin(), source.pools.end(), pool) != source.pools.end();
      });
  return chosen;
}

void expect_name(const std::string& name) {
  if (!is_valid_label(name)) {
    throw UsageError{"'{}' is not a name: a-z, 0-9, '-', '_', '.' only, at most 64",
                     printable(name)};
  }
}

std::string_view empty_site_file() { return kEmptySiteFile; }

std::string source_table(const SourceConfig& config) {
  const Source& source = config.source;
  std::string table =
      fmt::format("\n[[source]]\nname = {}\n{} = {}\n", toml_text(source.name),
                  source.kind == SourceKind::tree ? "path" : "command", toml_text(source.origin));
  const auto put_list = [&](std::string_view key, const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) {
      list += (list.empty() ? "" : ", ") + toml_text(text);
    }
    table += list.empty() ? "" : fmt::format("{} = [{}]\n", key, list);
  };
  put_list("exclude", config.exclude);
  table += config.exclude_caches ? "exclude_caches = true\n" : "";
  put_list("pools", config.pools);
  if (config.rpo != SourceConfig{}.rpo) {
    table += fmt::format("rpo_hours = {}\n", config.rpo.count());
  }
  return table;
}

std::string set_table(const SetConfig& set) {
  std::string table = fmt::format("\n[[set]]\nname = {}\n", toml_text(set.name));
  table += set.pool.empty() ? "" : fmt::format("pool = {}\n", toml_text(set.pool));
  table += set.folder.empty() ? "" : fmt::format("folder = {}\n", toml_text(set.folder));
  if (set.parity != ParityShape{}) {
    table += set.parity.files == 0
                 ? "parity = \"none\"\n"
                 : fmt::format("parity = \"{}+{}\"\n", set.parity.members, set.parity.files);
  }
  return table;
}

std::string daily_pool_table(const std::string& name) {
  expect_name(name);
  return fmt::format("\n[[pool]]\nname = {}\nevery = \"day\"\n", toml_text(name));
}

}  // namespace azekura
