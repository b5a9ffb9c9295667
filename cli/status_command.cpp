#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/medium_report.h"
#include "cli/prometheus_text.h"
#include "cli/site_status.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace azekura::cli {

namespace {

constexpr unsigned kReadableByAll = 0644;  ///< Prometheus' exporter is another user

Json generation_object(const SetGeneration& one) {
  return {{"time", one.generation.started.seconds},
          {"set", one.set},
          {"session", one.generation.number},
          {"complete", one.generation.complete}};
}

std::string generation_text(const SetGeneration& one) {
  return text("{} on {}", local_time_text(one.generation.started), one.set);
}

void report_site(const vault::Site& site, Output& output) {
  const std::string fingerprint = vault::authority_fingerprint(site.writer().authority);
  Json object{{"event", "site"},
              {"site", site.id().hex()},
              {"authority", fingerprint},
              {"kit_on_this_host", site.kit_on_this_host().has_value()}};
  put_name(object, "path", site.path());
  output.object(object);
  output.line(text("site {} ({})", printable(site.path()), site.id().hex()));
  output.line(text("authority {}", fingerprint));
}

void report_source(const SourceStatus& status, Output& output) {
  const Source& source = status.config.source;
  Json object{{"event", "source"},
              {"name", source.name},
              {"kind", source.kind == SourceKind::tree ? "tree" : "stream"}};
  put_name(object, "origin", source.origin);
  object["rpo_hours"] = status.config.rpo.count();
  object["overdue"] = status.is_overdue;
  std::string said = text("source {:<16} ", source.name);
  if (status.last) {
    object["last"] = generation_object(*status.last);
    said += generation_text(*status.last);
  } else {
    said += in_language("on no medium yet");
  }
  if (status.waiting) {
    object["waiting"] = generation_object(*status.waiting);
    said += text("; waits: {}{}", generation_text(*status.waiting),
                 status.waiting->generation.complete ? "" : in_language(" INCOMPLETE"));
  }
  said += status.is_overdue ? text(", OVER {} hours", status.config.rpo.count())
                            : text(", within {} hours", status.config.rpo.count());
  output.object(object);
  output.line(said);
  output.line(fmt::format("    {}", printable(source.origin)));
}

void report_set(const SetStatus& set, Output& output) {
  const SetConfig& config = set.config;
  Json object{{"event", "set"}, {"name", config.name}};
  if (!config.pool.empty()) {
    object["pool"] = config.pool;
  }
  if (!config.folder.empty()) {
    put_name(object, "folder", config.folder);
  }
  object["present"] = set.is_present;
  // A folder is what anything on this host may write to.
  object["offline"] = config.folder.empty() && !set.media.empty() && !set.is_present;
  object["last_session"] = set.last_session;
  object["waiting_sessions"] = set.spool.sessions;
  object["waiting_bytes"] = set.spool.bytes;
  output.object(object);
  std::string said = text("set {:<16}    {}", config.name,
                          set.last_session == 0 ? text("nothing committed yet")
                                                : text("last session {}", set.last_session));
  said += text(", {} waiting in the spool", set.spool.sessions);
  if (!config.folder.empty()) {
    said += in_language(set.is_present ? ", medium present: NOT OFFLINE" : ", medium not here");
  }
  output.line(said);
  if (!config.folder.empty()) {
    output.line(text("    folder {}", printable(config.folder)));
  }
  for (const vault::MediumRecord& medium : set.media) {
    output.object(medium_object(medium));
    output.line(text("    medium {}", medium_line(medium)));
  }
}

void report_spool(const SiteStatus& status, Output& output) {
  Json object{
      {"event", "spool"}, {"sessions", status.spool.sessions}, {"bytes", status.spool.bytes}};
  std::string said = text("spool                   {} sessions, {}", status.spool.sessions,
                          human_bytes(status.spool.bytes));
  if (status.spool_limit) {
    object["limit"] = *status.spool_limit;
    said += text(" of {}", human_bytes(*status.spool_limit));
  }
  output.object(object);
  output.line(said);
}

void report_alarms(const SiteStatus& status, Output& output) {
  for (const Alarm& alarm : status.alarms) {
    Json object{{"event", "alarm"}, {"fact", alarm.fact}, {"remedy", alarm.remedy}};
    if (!alarm.code.empty()) {
      object["code"] = alarm.code;
    }
    output.object(object);
    output.line(text("ALARM {}", alarm.fact));
    output.line(fmt::format("    {}", alarm.remedy));
  }
  output.object({{"event", "status"}, {"alarms", status.alarms.size()}});
  output.line(text("{} alarms", status.alarms.size()));
}

struct StatusOptions {
  std::string prometheus;
  bool fails_on_alarm = false;
};

int report_status(const StatusOptions& options, const Invocation& invocation, Output& output) {
  const vault::Site site = vault::Site::open(invocation.site_path());
  const SiteStatus status = status_of(site, wall_clock_now());
  if (!options.prometheus.empty()) {
    replace_file(absolute_path(options.prometheus), as_bytes(prometheus_text(status)),
                 kReadableByAll);
  }
  report_site(site, output);
  for (const SourceStatus& source : status.sources) {
    report_source(source, output);
  }
  for (const SetStatus& set : status.sets) {
    report_set(set, output);
  }
  report_spool(status, output);
  report_alarms(status, output);
  warn_of_kit(site, output);
  return options.fails_on_alarm && !status.alarms.empty() ? exit_code_of(ErrorKind::policy) : kDone;
}

}  // namespace

void add_status(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      add_command(app, invocation, "status", "What is configured, done, waiting and overdue");
  auto options = std::make_shared<StatusOptions>();
  command
      ->add_option("--prometheus", options->prometheus,
                   "Also write it for Prometheus' textfile collector")
      ->type_name("FILE");
  command->add_flag("--alarm", options->fails_on_alarm, "End with 10 if there is an alarm");
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] {
      return report_status(*options, invocation, invocation.output);
    };
  });
}

}  // namespace azekura::cli
