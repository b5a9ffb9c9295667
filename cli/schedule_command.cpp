#include "cli/commands.h"
#include "core/clock.h"
#include "core/text.h"
#include "vault/rotation.h"
#include "vault/site.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace azekura::cli {

namespace {

constexpr unsigned kScheduleDays = 60;
constexpr unsigned kScheduleDaysMax = 3660;  ///< ten years: more is no schedule

struct ScheduleOptions {
  unsigned days = kScheduleDays;
  std::string from;
};

Date first_date(const ScheduleOptions& options) {
  if (options.from.empty()) {
    return night_of(wall_clock_now());
  }
  const std::optional<Date> date = parse_date(options.from);
  if (!date) {
    UsageError error{"\"{}\" is not a date", printable(options.from)};
    error.set_hint("write it like 2027-01-31");
    throw error;
  }
  return *date;
}

std::string sources_text(const vault::Night& night, const SiteConfig& config) {
  if (night.sources.empty()) {
    return text("none");
  }
  if (night.sources.size() == config.sources.size()) {
    return text("all");
  }
  return fmt::format("{}", fmt::join(night.sources, ","));
}

void show_night(const vault::Night& night, const SiteConfig& config, Output& output) {
  const std::string date = date_text(night.date);
  const std::string_view weekday = weekday_text(std::chrono::sys_days{night.date});
  Json object{{"event", "night"}, {"date", date}, {"weekday", weekday}};
  if (night.medium_of_set) {
    object["medium_of_set"] = *night.medium_of_set;
  }
  object["captured_for"] = night.captured_for;
  object["pool"] = night.pool;
  object["holiday"] = night.holiday;
  object["sources"] = night.sources;
  output.object(object);
  std::string line =
      fmt::format("{} {}  {:<16}  {:<10}  {}", date, in_language(weekday),
                  night.medium_of_set.value_or("-"), night.pool, sources_text(night, config));
  line += night.holiday.empty() ? "" : "  " + printable(night.holiday);
  output.line(line);
}

int show_schedule(const ScheduleOptions& options, const Invocation& invocation, Output& output) {
  if (options.days == 0 || options.days > kScheduleDaysMax) {
    throw UsageError{"a schedule is of 1 to {} days, not {}", kScheduleDaysMax, options.days};
  }
  const SiteConfig config = vault::Site::open(invocation.site_path()).config();
  const std::vector<vault::Night> nights = vault::nights(config, first_date(options), options.days);
  output.line(fmt::format("{:<14}  {:<16}  {:<10}  {}", text("night"), text("medium of set"),
                          text("pool"), text("sources")));
  for (const vault::Night& night : nights) {
    show_night(night, config, output);
  }
  return 0;
}

}  // namespace

void add_schedule(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      add_command(app, invocation, "schedule", "Which set's medium is brought on which night");
  auto options = std::make_shared<ScheduleOptions>();
  command->add_option("--days", options->days, "How many nights; else 60")->type_name("N");
  command->add_option("--from-date", options->from, "The first of them; else tonight")
      ->type_name("DATE");
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] {
      return show_schedule(*options, invocation, invocation.output);
    };
  });
}

}  // namespace azekura::cli
