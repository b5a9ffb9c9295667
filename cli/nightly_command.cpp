#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/night_record.h"
#include "cli/removal_wait.h"
#include "cli/set_medium.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/text.h"
#include "vault/rotation.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>

namespace azekura::cli {

namespace {

struct NightlyOptions {
  std::string only;
  std::string set;
};

/// What this night's run does: of the schedule, or with another medium of it.
struct Plan {
  const SetConfig* set;  ///< captured for
  bool brings_medium;
  std::vector<SourceConfig> sources;
};

Plan plan_night(const SiteConfig& config, const vault::Night& night, const std::string& chosen) {
  const SetConfig& set = config.set(chosen.empty() ? night.captured_for : chosen);
  return {&set, !chosen.empty() || night.medium_of_set.has_value(),
          config.sources_of_pool(set.pool)};
}

void say_plan(const vault::Night& night, const Plan& plan, Output& output) {
  Json object{{"event", "night"}, {"date", date_text(night.date)}};
  if (plan.brings_medium) {
    object["medium_of_set"] = plan.set->name;
  }
  object["captured_for"] = plan.set->name;
  output.object(object);
  if (plan.brings_medium) {
    output.line(text("night of {}: medium '{}'", date_text(night.date), plan.set->name));
  } else {
    output.line(text("night of {}: no medium{}; captured for '{}'", date_text(night.date),
                     night.holiday.empty() ? "" : fmt::format(" ({})", night.holiday),
                     plan.set->name));
  }
}

void give_receipt(const vault::Site& site, const SetConfig& set, Output& output) {
  const vault::SetSecrets secrets = site.set_secrets(set.name);
  const std::optional<vault::ChainHead> head =
      vault::Catalogue::peek(site.catalogue_path(set.name), secrets.id, secrets.keys);
  if (!head) {
    return;
  }
  output.object({{"event", "receipt"},
                 {"set", set.name},
                 {"session", head->number},
                 {"seal", head->seal.hex()},
                 {"time", utc_time_text(wall_clock_now())}});
  output.line(
      text("receipt: set '{}', session {}, seal {}", set.name, head->number, head->seal.hex()));
}

/// Tonight; for writing only, the night before if that is what waits: its capture took long.
vault::Night night_to_run(const vault::Site& site, const SiteConfig& config,
                          const NightlyOptions& options) {
  const Date date = night_of(wall_clock_now());
  vault::Night tonight = vault::night(config, date);
  if (options.only != "write" || site.has_waiting(tonight.captured_for)) {
    return tonight;
  }
  vault::Night before =
      vault::night(config, Date{std::chrono::sys_days{date} - std::chrono::days{1}});
  return site.has_waiting(before.captured_for) ? before : tonight;
}

int run_nightly(const NightlyOptions& options, const Invocation& invocation, Output& output) {
  const vault::Site site = vault::Site::open(invocation.site_path());
  const SiteConfig config = site.config();
  const vault::Night night = night_to_run(site, config, options);
  const Plan plan = plan_night(config, night, options.set);
  const SetConfig& set = *plan.set;
  warn_of_kit(site, output);
  say_plan(night, plan, output);

  if (options.set.empty() && plan.brings_medium && set.folder.empty() &&
      is_done_on(site, set.name, night.date)) {
    output.line(
        text("the medium '{}' was written tonight already: nothing is left to do", set.name));
    return kDone;
  }
  if (options.only == "write" && !site.has_waiting(set.name)) {
    output.line(text("nothing waits for the medium '{}': it is not needed", set.name));
    return kDone;
  }
  const bool captures = options.only != "write";
  const bool writes = options.only != "capture" && plan.brings_medium;
  RunTotals totals;
  if (captures && writes) {
    totals = capture_and_write(site, config, set, plan.sources, output);
  } else if (captures) {
    totals = capture_into_spool(site, config, set, plan.sources, output);
  } else if (writes) {
    static_cast<void>(write_waiting(site, config, set, output));
  }
  warn_of_dropped(totals, output);
  if (writes) {
    give_receipt(site, set, output);
    if (set.folder.empty()) {
      vault::MediumRegister media{site.path()};
      wait_until_pulled(media, set.name, config.media.overhang, output);
    } else {
      output.warn(text("the medium of '{}' is a folder: it is not offline", set.name));
    }
  }
  return totals.complete ? kDone : exit_code_of(ErrorKind::incomplete);
}

}  // namespace

void add_nightly(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      add_command(app, invocation, "nightly", "Capture for tonight's medium and write it");
  auto options = std::make_shared<NightlyOptions>();
  command->add_option("--only", options->only, "capture (needs no devices) or write (no network)")
      ->check(CLI::Validator{CLI::IsMember({"capture", "write"})}.description(""))
      ->type_name("PART");
  command->add_option("--set", options->set, "Another set's medium than tonight's")
      ->type_name("SET");
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] {
      return run_nightly(*options, invocation, invocation.output);
    };
  });
}

}  // namespace azekura::cli
