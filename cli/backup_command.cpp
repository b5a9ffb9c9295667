#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "core/clock.h"
#include "core/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace azekura::cli {

namespace {

struct BackupOptions {
  std::vector<std::string> sources;
  std::string to;
  std::string only_for;
};

int run_backup(const BackupOptions& options, const Invocation& invocation, Output& output) {
  const double begun = steady_seconds();
  const vault::Site site = vault::Site::open(invocation.site_path());
  const SiteConfig config = site.config();
  const bool writes = !options.to.empty();
  const SetConfig& set = config.set(writes ? options.to : options.only_for);
  std::vector<SourceConfig> sources;
  for (const std::string& name : options.sources) {
    if (std::any_of(sources.begin(), sources.end(),
                    [&](const SourceConfig& other) { return other.source.name == name; })) {
      throw UsageError{"the source '{}' is named twice", name};
    }
    sources.push_back(config.source(name));
  }
  if (options.sources.empty()) {
    sources = config.sources;
  }
  if (sources.empty()) {
    UsageError error{"the site has no sources"};
    error.set_hint("add one with 'azekura source add NAME PATH'");
    throw error;
  }
  warn_of_kit(site, output);

  RunTotals totals;
  if (writes) {
    totals = capture_and_write(site, config, set, sources, output);
  } else {
    totals = capture_into_spool(site, config, set, sources, output);
  }
  warn_of_dropped(totals, output);
  if (totals.dropped > 0 && !options.sources.empty()) {
    output.warn("but only of the sources named: back up the others too");
    totals.complete = false;
  }
  if (output.unnamed_flaws() > 0) {
    output.warn(text("{} items are incomplete; 'azekura find --flawed' lists them with the key",
                     output.unnamed_flaws()));
  }
  const double seconds = steady_seconds() - begun;
  output.only_reports();
  output.object({{"event", "session"},
                 {"set", set.name},
                 {"sealed", writes},
                 {"complete", totals.complete},
                 {"bytes", totals.total_bytes},
                 {"read_bytes", totals.read_bytes},
                 {"stored_bytes", totals.stored_bytes},
                 {"seconds", seconds}});
  output.line(text("{}: {} read, {} new {}, {:.1f} s",
                   in_language(writes ? "committed" : "spooled"), human_bytes(totals.read_bytes),
                   human_bytes(totals.stored_bytes),
                   in_language(writes ? "on the medium" : "in the spool"), seconds));
  return totals.complete ? 0 : exit_code_of(ErrorKind::incomplete);
}

}  // namespace

void add_backup(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      add_command(app, invocation, "backup", "Capture sources, write them, read them back");
  auto options = std::make_shared<BackupOptions>();
  command->add_option("SOURCE", options->sources, "Sources to capture; all if none is named");
  CLI::Option* to =
      command->add_option("--to", options->to, "Write to this set's medium")->type_name("SET");
  CLI::Option* only_for =
      command->add_option("--for", options->only_for, "Capture into the spool of this set only")
          ->type_name("SET")
          ->excludes(to);
  command->callback([&invocation, options, to, only_for] {
    if (to->count() + only_for->count() != 1) {
      throw CLI::ValidationError("backup", text("give either --to SET or --for SET"));
    }
    invocation.command = [&invocation, options] {
      return run_backup(*options, invocation, invocation.output);
    };
  });
}

void add_write(CLI::App& app, Invocation& invocation) {
  CLI::App* command = add_command(app, invocation, "write", "Write what waits in the spool");
  auto name = std::make_shared<std::string>();
  command->add_option("SET", *name, "Media set")->required();
  command->callback([&invocation, name] {
    invocation.command = [&invocation, name] {
      const vault::Site site = vault::Site::open(invocation.site_path());
      warn_of_kit(site, invocation.output);
      const SiteConfig config = site.config();
      static_cast<void>(write_waiting(site, config, config.set(*name), invocation.output));
      return 0;
    };
  });
}

}  // namespace azekura::cli
