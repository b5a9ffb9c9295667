#include "cli/commands.h"
#include "cli/restore_program.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/site_edit.h"
#include "core/site_reader.h"
#include "core/text.h"
#include "vault/medium_setup.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace azekura::cli {

namespace {

struct SetOptions {
  std::string name;
  std::string folder;
  std::string pool;
};

/// A new pool would have every night, of which each belongs to one pool.
void expect_nights_free(const SetConfig& set, const SiteConfig& config) {
  for (const PoolConfig& other : config.pools) {
    if (other.days.cycle() == PoolCycle::day) {
      UsageError error{"the new pool '{}' would have every night, and the pool '{}' has some",
                       set.pool, other.name};
      error.set_hint(
          text("write the [[pool]] '{}' with its nights into site.toml first, as its comments "
               "show; then 'azekura set add {} --pool {}' again",
               set.pool, set.name, set.pool));
      throw error;
    }
  }
}

/// The set's table, and its pool's if that is new: such a pool has every night.
std::string tables_of(const SetConfig& set, const SiteConfig& config) {
  const bool is_known = std::any_of(config.pools.begin(), config.pools.end(),
                                    [&](const PoolConfig& pool) { return pool.name == set.pool; });
  if (set.pool.empty() || is_known) {
    return set_table(set);
  }
  expect_name(set.pool);
  expect_nights_free(set, config);
  return daily_pool_table(set.pool) + set_table(set);
}

/// Sets up the medium, and adds the set to the site file unless a person wrote it there already.
SetConfig set_up(const SetOptions& options, vault::Site& site, const vault::SetSecrets& secrets) {
  const std::string site_file = site.site_file();
  const SiteConfig config = read_site_file(site_file).config;
  const auto written = std::find_if(config.sets.begin(), config.sets.end(),
                                    [&](const SetConfig& set) { return set.name == options.name; });
  const bool is_written = written != config.sets.end();
  if (is_written && (!options.folder.empty() || !options.pool.empty())) {
    UsageError error{"site.toml has the set '{}' already", options.name};
    error.set_hint("leave --folder and --pool out: what stands there counts");
    throw error;
  }
  SetConfig set =
      is_written ? *written
                 : SetConfig{.name = options.name,
                             .folder = options.folder.empty() ? "" : absolute_path(options.folder),
                             .pool = options.pool};
  if (set.folder == site.path() || set.folder.starts_with(site.path() + "/")) {
    throw UsageError{"the medium \"{}\" lies inside the site", printable(set.folder)};
  }
  const std::string added = is_written ? "" : tables_of(set, config);
  static_cast<void>(with_tables(site_file, added));  // before anything is made
  if (!set.folder.empty()) {
    vault::set_up_medium(site, secrets, set.folder, restore_program_path());
  }
  if (!is_written) {
    site.append_to_site_file(added);
  }
  return set;
}

int add_one(const SetOptions& options, const Invocation& invocation, Output& output) {
  vault::Site site = vault::Site::open(invocation.site_path());
  const vault::SetSecrets secrets = site.create_set(options.name);
  SetConfig set;
  try {
    set = set_up(options, site, secrets);
  } catch (const Error&) {  // a set without its medium is no set
    site.remove_set(options.name);
    throw;
  }
  output.only_reports();
  Json object{{"event", "set"}, {"name", set.name}};
  if (!set.folder.empty()) {
    put_name(object, "folder", set.folder);
  }
  object["set"] = secrets.id.hex();
  output.object(object);
  if (set.folder.empty()) {
    output.line(
        text("set '{}' added; make a disk its medium with 'azekura medium enrol "
             "DEVICE --set {}'",
             set.name, set.name));
    return 0;
  }
  output.line(text("set '{}' added; its medium is \"{}\"", set.name, printable(set.folder)));
  output.line("A folder is not offline while it is mounted: detach it after every run.");
  return 0;
}

}  // namespace

void add_set(CLI::App& app, Invocation& invocation) {
  CLI::App* set = app.add_subcommand("set", "Media sets: what restores alone");
  set->require_subcommand(1);
  CLI::App* add = add_command(*set, invocation, "add", "Add a set and set up its medium");
  auto options = std::make_shared<SetOptions>();
  add->add_option("NAME", options->name, "a-z, 0-9, '-', '_', '.'")->required();
  add->add_option("--folder", options->folder, "Instead of a disk: an empty folder, for trials")
      ->type_name("DIR");
  add->add_option("--pool", options->pool, "Its rotation; a new one has every night");
  add->callback([&invocation, options] {
    invocation.command = [&invocation, options] {
      return add_one(*options, invocation, invocation.output);
    };
  });
}

}  // namespace azekura::cli
