#include "cli/commands.h"
#include "cli/entry_text.h"
#include "cli/exit_code.h"
#include "cli/medium_access.h"
#include "core/clock.h"
#include "core/file_io.h"
#include "core/text.h"
#include "restore/restorer.h"
#include "restore/tree_view.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <memory>

namespace azekura::cli {

namespace {

struct RestoreOptions {
  MediumOptions medium;
  std::string snapshot;
  std::string source;
  std::string target;
  std::vector<std::string> paths;
  bool to_stdout = false;
  bool system = false;
};

int restore_to_stdout(const RestoreOptions& options, Output& output) {
  const OpenMedium open = open_medium(options.medium, output);
  const auto snapshots = choose_snapshots(*open.reader, options.snapshot, options.source);
  if (snapshots.size() != 1 || options.paths.size() > 1) {
    UsageError error{"--stdout takes one file of one source"};
    error.set_hint("name it with --source NAME, and --path P for a file of a tree");
    throw error;
  }
  const Snapshot& snapshot = snapshots.front()->snapshot;
  const std::string path = options.paths.empty() ? "" : options.paths.front();
  const std::optional<Entry> entry = restore::find_entry(*open.reader, snapshot.root, path);
  if (!entry || entry->kind != EntryKind::file) {
    throw UsageError{"there is no file \"{}\" in {}", printable(path), snapshots.front()->name()};
  }
  return write_entry_to_stdout(*open.reader, snapshot.root, *entry, output);
}

void report_lost(const vault::StoredSnapshot& stored, const restore::LostItem& item,
                 Output& output) {
  Json object{{"event", "lost"}, {"snapshot", stored.name()}, {"reason", item.reason}};
  put_name(object, "path", item.path);
  Json ranges = Json::array();
  std::string text;
  for (const restore::ByteRange& range : item.ranges) {
    ranges.push_back({range.offset, range.length});
    text += fmt::format("{}{}+{}", text.empty() ? " bytes " : ", ", range.offset, range.length);
  }
  object["ranges"] = ranges;
  output.object(object);
  output.line(fmt::format("LOST {}:{}: {}{}", stored.name(), printable(item.path),
                          printable(item.reason), text));
}

void report_flawed(const vault::StoredSnapshot& stored, const restore::FlawedItem& item,
                   Output& output) {
  const bool is_unreadable = item.flaw == EntryFlaw::unreadable;
  Json object{{"event", "flawed"},
              {"snapshot", stored.name()},
              {"flaw", is_unreadable ? "unreadable" : "changed_while_read"}};
  put_name(object, "path", item.path);
  output.object(object);
  output.line(fmt::format("{} {}:{}: {}", is_unreadable ? "UNREADABLE" : "CHANGED", stored.name(),
                          printable(item.path), restore::meaning_of(item.flaw)));
}

/// Names each; returns how many were unreadable.
std::uint64_t report_all_flawed(const vault::StoredSnapshot& stored,
                                const restore::RestoreReport& report, Output& output) {
  std::uint64_t unreadable = 0;
  for (const restore::FlawedItem& item : report.flawed) {
    report_flawed(stored, item, output);
    unreadable += item.flaw == EntryFlaw::unreadable ? 1 : 0;
  }
  return unreadable;
}

int exit_code_of_unreadable(std::uint64_t unreadable, Output& output) {
  if (unreadable == 0) {
    return kDone;
  }
  output.warn(
      fmt::format("{} items could not be read when they were backed up: they are absent "
                  "or short here",
                  unreadable));
  return exit_code_of(ErrorKind::incomplete);
}

restore::RestoreReport restore_one(const OpenMedium& open, const vault::StoredSnapshot& stored,
                                   const restore::RestoreSettings& settings, Output& output) {
  if (!stored.snapshot.complete) {
    output.warn(fmt::format("{} is incomplete: {} of its items could not be read when it was made",
                            stored.name(), stored.snapshot.totals.flawed));
  }
  return while_doing(
      [&] { return restore::restore_tree(*open.reader, stored.snapshot, settings, output); },
      "restoring {} into \"{}\"", stored.name(), printable(settings.target));
}

/// Sources that "latest" has nothing of, or not the newest, because that is incomplete: said, and
/// the exit code if something is left out.
int report_left_out(const OpenMedium& open,
                    const std::vector<const vault::StoredSnapshot*>& restored,
                    const std::string& source, Output& output) {
  std::map<std::string, const vault::StoredSnapshot*> newest;
  for (const vault::StoredSnapshot& one : open.reader->snapshots()) {
    newest[one.snapshot.source.name] = &one;
  }
  int code = kDone;
  for (const auto& [name, stored] : newest) {
    const vault::StoredSnapshot* const last = stored;
    const auto found =
        std::find_if(restored.begin(), restored.end(), [&](const vault::StoredSnapshot* one) {
          return one->snapshot.source.name == last->snapshot.source.name;
        });
    if (found == restored.end() && source.empty()) {
      output.warn(fmt::format("source '{}' is left out: it has no complete snapshot, only {}", name,
                              last->name()));
      code = exit_code_of(ErrorKind::incomplete);
    } else if (found != restored.end() && *found != last) {
      output.warn(
          fmt::format("{} is newer than {} and incomplete", last->name(), (*found)->name()));
    }
  }
  return code;
}

/// Not all is well if "latest" is not the newest because that one does not count.
int exit_code_of_newer(const OpenMedium& open,
                       const std::vector<const vault::StoredSnapshot*>& restored, Output& output) {
  std::uint32_t newest = 0;
  for (const vault::StoredSnapshot* stored : restored) {
    newest = std::max(newest, stored->session);
  }
  for (const vault::Finding& finding : open.reader->findings()) {
    if (finding.lost_session > newest) {
      output.warn(fmt::format("session {} is newer and does not count; this is what session {} has",
                              finding.lost_session, newest));
      return exit_code_of(finding.kind);
    }
  }
  return kDone;
}

/// Errors: UsageError if it is not empty, or lies on the medium.
std::string free_target(const RestoreOptions& options) {
  std::string target = absolute_path(options.target);
  const std::string medium = absolute_path(options.medium.from);
  if (is_at_or_below(target, medium)) {
    UsageError error{"\"{}\" lies on the medium", printable(target)};
    error.set_hint("choose a folder on another file system");
    throw error;
  }
  if (!list_directory(target).empty()) {
    UsageError error{"\"{}\" is not empty", printable(target)};
    error.set_hint("choose a folder that does not exist yet, or an empty one");
    throw error;
  }
  return target;
}

int restore_snapshots(const RestoreOptions& options, Output& output) {
  const double begun = steady_seconds();
  const OpenMedium open = open_medium(options.medium, output);
  const auto snapshots = choose_snapshots(*open.reader, options.snapshot, options.source);
  if (snapshots.size() > 1 && !options.paths.empty()) {
    UsageError error{"--path needs one source, {} are meant", snapshots.size()};
    error.set_hint("name it with --source NAME");
    throw error;
  }
  const std::string target = free_target(options);
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t unset = 0;
  for (const vault::StoredSnapshot* stored : snapshots) {
    restore::RestoreSettings settings;
    settings.target = target;
    settings.paths = options.paths;
    settings.mode = options.system ? restore::RestoreMode::system : restore::RestoreMode::data;
    if (snapshots.size() > 1) {
      make_directory(target);
      if (stored->snapshot.source.kind == SourceKind::tree) {
        settings.target += "/" + stored->snapshot.source.name;
      }
    }
    const restore::RestoreReport report = restore_one(open, *stored, settings, output);
    for (const restore::LostItem& item : report.lost) {
      report_lost(*stored, item, output);
    }
    unreadable += report_all_flawed(*stored, report, output);
    files += report.files;
    bytes += report.bytes;
    lost += report.lost.size();
    unset += report.metadata_flaws;
    output.object({{"event", "restored"},
                   {"snapshot", stored->name()},
                   {"entries", report.entries},
                   {"files", report.files},
                   {"bytes", report.bytes},
                   {"lost", report.lost.size()},
                   {"flawed", report.flawed.size()},
                   {"metadata_not_set", report.metadata_flaws}});
    output.line(fmt::format(
        "{:<20} {:>9} entries {:>11}{}", stored->name(), report.entries, human_bytes(report.bytes),
        report.lost.empty() ? "" : fmt::format("  {} LOST", report.lost.size())));
  }
  if (unset > 0) {
    output.warn(fmt::format("{} owners, modes or attributes could not be set", unset));
  }
  const int incomplete = exit_code_of_unreadable(unreadable, output);
  const double seconds = steady_seconds() - begun;
  output.only_reports();
  output.object({{"event", "done"},
                 {"files", files},
                 {"bytes", bytes},
                 {"lost", lost},
                 {"seconds", seconds}});
  output.line(fmt::format("{} files, {}, {:.1f} s", files, human_bytes(bytes), seconds));
  if (lost > 0) {
    return exit_code_of(ErrorKind::damage);
  }
  if (!options.snapshot.starts_with("latest")) {
    return incomplete;
  }
  const std::string source = options.snapshot == "latest" ? options.source : options.snapshot;
  const int left_out = report_left_out(open, snapshots, source, output);
  const int newer = exit_code_of_newer(open, snapshots, output);
  return newer != kDone ? newer : std::max(left_out, incomplete);
}

}  // namespace

void add_restore(CLI::App& app, Invocation& invocation) {
  CLI::App* command = add_command(app, invocation, "restore", "Restore a snapshot from a medium");
  auto options = std::make_shared<RestoreOptions>();
  command->add_option("SNAPSHOT", options->snapshot, "Like 42/ehr, 42, latest, or latest/ehr")
      ->required();
  options->medium.add_to(*command, true);
  CLI::Option* target =
      command->add_option("--target", options->target, "Folder that is absent or empty")
          ->type_name("DIR");
  command->add_option("--source", options->source, "Only this source")->type_name("NAME");
  command->add_option("--path", options->paths, "Only this and all below it; may be repeated")
      ->type_name("P")
      ->allow_extra_args(false);
  command->add_flag("--system", options->system, "Also devices, set-id bits and file capabilities");
  CLI::Option* to_stdout =
      command->add_flag("--stdout", options->to_stdout, "One file to standard output")
          ->excludes(target);
  command->callback([&invocation, options, target, to_stdout] {
    if (target->count() + to_stdout->count() == 0) {
      throw CLI::ValidationError("restore", "give --target DIR or --stdout");
    }
    invocation.command = [&invocation, options] {
      return options->to_stdout ? restore_to_stdout(*options, invocation.output)
                                : restore_snapshots(*options, invocation.output);
    };
  });
}

}  // namespace azekura::cli
