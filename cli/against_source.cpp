#include "cli/against_source.h"

#include "cli/entry_text.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "cli/named_source.h"
#include "core/clock.h"
#include "core/text.h"
#include "restore/live_comparison.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace azekura::cli {

namespace {

void expect_key(const MediumOptions& medium) {
  if (medium.keys.empty()) {
    UsageError error{"the recovery key is needed: a snapshot cannot be read without it"};
    error.set_hint("add --key FILE");
    throw error;
  }
}

void expect_tree(const vault::StoredSnapshot& stored) {
  if (stored.snapshot.source.kind == SourceKind::stream) {
    UsageError error{"{} is what a command printed: there is no live file to compare it with",
                     stored.name()};
    error.set_hint("--against takes a source that is a tree");
    throw error;
  }
}

/// Tells findings as they are made.
class LiveTeller {
 public:
  LiveTeller(const vault::StoredSnapshot& stored, Output& output)
      : stored_{stored}, output_{output} {}

  void tell(const restore::LiveFinding& finding) {
    switch (finding.kind) {
      case restore::LiveFindingKind::alarm:
        tell_alarm(finding);
        break;
      case restore::LiveFindingKind::unreadable:
        tell_reason(finding, "unreadable", "UNREADABLE");
        break;
      case restore::LiveFindingKind::lost:
        tell_reason(finding, "lost", "LOST");
        break;
    }
  }

 private:
  [[nodiscard]] std::string name_of(const restore::LiveFinding& finding) const {
    return fmt::format("{}:{}", stored_.name(), printable(finding.path));
  }

  void tell_alarm(const restore::LiveFinding& finding) {
    Json object{{"event", "alarm"},
                {"snapshot", stored_.name()},
                {"offset", finding.differs.offset},
                {"length", finding.differs.length},
                {"changed", {finding.changed.seconds, finding.changed.nanoseconds}}};
    put_name(object, "path", finding.path);
    output_.object(object);
    const bool was_touched = finding.changed > stored_.snapshot.started;
    output_.line(text(
        "ALARM {}: {} bytes from byte {} on differ under the same size and time; {}",
        name_of(finding), finding.differs.length, finding.differs.offset,
        was_touched ? text("something changed the file at {}, after the snapshot",
                           local_time_text(finding.changed))
                    : text("nothing changed the file since the snapshot, as the system knows")));
  }

  void tell_reason(const restore::LiveFinding& finding, std::string_view event,
                   std::string_view heading) {
    Json object{{"event", event}, {"snapshot", stored_.name()}, {"reason", finding.reason}};
    put_name(object, "path", finding.path);
    output_.object(object);
    output_.line(fmt::format("{} {}: {}", in_language(heading), name_of(finding),
                             in_language(finding.reason)));
  }

  const vault::StoredSnapshot& stored_;
  Output& output_;
};

/// A folder without any file of the snapshot is more likely not mounted than emptied.
bool is_all_gone(const restore::LiveReport& report) {
  return report.gone > 0 && report.same + report.changed == 0;
}

int exit_code_of_report(const restore::LiveReport& report) {
  if (report.alarms + report.lost > 0) {
    return exit_code_of(ErrorKind::damage);
  }
  return report.unreadable > 0 || is_all_gone(report) ? exit_code_of(ErrorKind::incomplete) : kDone;
}

void report_comparison(const vault::StoredSnapshot& stored, const restore::LiveSettings& settings,
                       const restore::LiveReport& report, Output& output) {
  const bool is_all = settings.scope == restore::LiveScope::all;
  Json object{{"event", "compared"},
              {"snapshot", stored.name()},
              {"all", is_all},
              {"files", report.files},
              {"same", report.same},
              {"changed", report.changed},
              {"gone", report.gone},
              {"new", report.added},
              {"flawed", report.flawed},
              {"compared", report.compared},
              {"bytes", report.bytes},
              {"alarms", report.alarms},
              {"unreadable", report.unreadable},
              {"lost", report.lost}};
  put_name(object, "path", settings.path);
  output.object(object);
  output.line(text("snapshot   {} of {}", stored.name(), local_time_text(stored.snapshot.started)));
  output.line(text("source     {}", printable(settings.path)));
  output.line(text("files      {}: {} of the same size and time, {} changed, {} gone", report.files,
                   report.same, report.changed, report.gone));
  output.line(text("compared   {} files, {}{}", report.compared, human_bytes(report.bytes),
                   is_all ? "" : in_language(", chosen at random")));
  if (report.added > 0) {
    output.line(text("new        {} names", report.added));
  }
  if (report.flawed > 0) {
    output.line(text("skipped    {} files that the snapshot does not have whole", report.flawed));
  }
}

void report_meaning(const restore::LiveReport& report, Output& output) {
  if (report.alarms > 0) {
    output.line(text(
        "{} files have OTHER BYTES under the same size and time: keep the source as it is until "
        "you know why",
        report.alarms));
  }
  if (report.lost > 0) {
    output.line("the medium is NOT as it was written");
  }
  if (is_all_gone(report)) {
    output.warn("nothing of the snapshot is there: is the source's file system mounted?");
  } else if (report.alarms + report.lost == 0) {
    output.line(report.compared > 0 ? "what was compared is the same in the snapshot and the source"
                                    : "there was nothing to compare");
  }
}

}  // namespace

void AgainstOptions::add_to(CLI::App& command) {
  const std::vector<CLI::Option*> others = command.get_options();
  CLI::Option* const against =
      command.add_option("--against", source, "Only compare a snapshot with the live source")
          ->type_name("NAME=PATH");
  constexpr std::array<std::string_view, 4> kShared{"--help", "--from", "--key", "--json"};
  for (CLI::Option* const other : others) {
    const bool is_shared = std::any_of(kShared.begin(), kShared.end(), [&](std::string_view name) {
      return other->check_name(std::string{name});
    });
    if (!is_shared) {
      against->excludes(other);
    }
  }
  command.add_option("--snapshot", snapshot, "The snapshot for --against; latest if absent")
      ->type_name("SNAPSHOT")
      ->needs(against);
  command.add_flag("--all", all, "With --against: every byte, not only a sample")->needs(against);
}

int verify_against(const MediumOptions& medium, const AgainstOptions& options, Output& output) {
  const NamedSource live =
      parse_named_source(options.source.value(), "--against", PathPart::may_lack);
  expect_key(medium);
  const restore::SpillFile spill = open_spill_file();
  const OpenMedium open = open_medium(medium, output);
  const vault::StoredSnapshot& stored =
      *choose_snapshots(*open.reader, options.snapshot, live.name).front();
  expect_tree(stored);
  const restore::LiveSettings settings{
      live.path.empty() ? stored.snapshot.source.origin : live.path,
      options.all ? restore::LiveScope::all : restore::LiveScope::sample};
  LiveTeller teller{stored, output};
  const restore::LiveReport report = restore::compare_with_live(
      *open.reader, stored.snapshot, settings, spill, output,
      [&](const restore::LiveFinding& finding) { teller.tell(finding); });
  report_comparison(stored, settings, report, output);
  report_meaning(report, output);
  return report_healing(open.reader->healer(), exit_code_of_report(report), output);
}

}  // namespace azekura::cli
