#include "cli/commands.h"
#include "cli/entry_text.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "cli/medium_access.h"
#include "cli/restore_report.h"
#include "cli/spare_media.h"
#include "core/byte_writer.h"
#include "core/clock.h"
#include "core/confinement.h"
#include "core/file_io.h"
#include "core/text.h"
#include "restore/forecast.h"
#include "restore/restorer.h"
#include "restore/selection.h"
#include "restore/tree_view.h"
#include "vault/hash.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

namespace azekura::cli {

namespace {

using Chosen = std::vector<const vault::StoredSnapshot*>;

struct RestoreOptions {
  MediumOptions medium;
  std::string snapshot;
  std::string source;
  std::string target;
  std::vector<std::string> paths;
  bool to_stdout = false;
  bool dry_run = false;
  bool resume = false;
  bool system = false;
  bool best_effort = false;
};

int restore_to_stdout(const RestoreOptions& options, Output& output) {
  const restore::SpillFile spill = open_spill_file();
  OpenMedium open = open_medium(options.medium, output);
  const auto snapshots = choose_snapshots(*open.reader, options.snapshot, options.source);
  if (snapshots.size() != 1 || options.paths.size() > 1) {
    UsageError error{"--stdout takes one file of one source"};
    error.set_hint("name it with --source NAME, and --path P for a file of a tree");
    throw error;
  }
  OtherMedia others = open_others(open, options.medium);
  const std::string path = options.paths.empty() ? "" : options.paths.front();
  return write_file_to_stdout(open, *snapshots.front(), path, others, spill, output);
}

int exit_code_of_unreadable(std::uint64_t unreadable, Output& output) {
  if (unreadable == 0) {
    return kDone;
  }
  output.warn(
      text("{} items could not be read when they were backed up: they are absent "
           "or short here",
           unreadable));
  return exit_code_of(ErrorKind::incomplete);
}

restore::RestoreReport restore_one(const OpenMedium& open, const vault::StoredSnapshot& stored,
                                   const restore::RestoreSettings& settings, Output& output) {
  RestoreTeller teller{stored.name(), output};
  restore::RestoreReport report = while_doing(
      [&] { return restore::restore_tree(*open.reader, stored.snapshot, settings, teller); },
      "restoring {} into \"{}\"", stored.name(), printable(settings.target));
  teller.report(report);
  return report;
}

restore::RestoreReport forecast_one(const OpenMedium& open, const vault::StoredSnapshot& stored,
                                    const restore::RestoreSettings& settings, Output& output) {
  RestoreTeller teller{stored.name(), output};
  restore::Forecast forecast = while_doing(
      [&] { return restore::forecast_restore(*open.reader, stored.snapshot, settings, teller); },
      "looking at {}", stored.name());
  teller.report(forecast);
  return std::move(forecast.report);
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
      output.warn(text("source '{}' is left out: it has no complete snapshot, only {}", name,
                       last->name()));
      code = exit_code_of(ErrorKind::incomplete);
    } else if (found != restored.end() && *found != last) {
      output.warn(text("{} is newer than {} and incomplete", last->name(), (*found)->name()));
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
      output.warn(text("session {} is newer and does not count; this is what session {} has",
                       finding.lost_session, newest));
      return exit_code_of(finding.kind);
    }
  }
  return kDone;
}

/// Errors: UsageError if it lies on the medium.
std::string target_of(const RestoreOptions& options) {
  std::string target = absolute_path(options.target);
  const std::string medium = absolute_path(options.medium.from);
  if (is_at_or_below(target, medium)) {
    UsageError error{"\"{}\" lies on the medium", printable(target)};
    error.set_hint("choose a folder on another file system");
    throw error;
  }
  return target;
}

/// The target, or the folder it is going to be made in; none for a dry run.
std::string writable_folder_of(const RestoreOptions& options) {
  if (options.dry_run) {
    return {};
  }
  const std::string target = target_of(options);
  return exists(target) ? target : std::filesystem::path{target}.parent_path().string();
}

/// Keyed with what only the recovery key opens, and with all that makes this restore another one.
restore::Tagger tagger_of(const OpenMedium& open, const Chosen& snapshots,
                          const RestoreOptions& options) {
  ByteWriter restore;
  for (const vault::StoredSnapshot* stored : snapshots) {
    restore.long_bytes(as_bytes(stored->name()));
  }
  for (const std::string& path : options.paths) {
    restore.long_bytes(as_bytes(path));
  }
  restore.u8(options.system ? 1 : 0).u8(options.best_effort ? 1 : 0);
  const vault::OpenedSlot& slot = open.reader->slot(snapshots.front()->session);
  const vault::Secret key =
      vault::derive(slot.session_key, "azekura restore journal v1", restore.view(), 32);
  auto hash = std::make_shared<vault::Hmac>(key.bytes());
  return [hash](ByteView bytes) { return (*hash)(bytes); };
}

/// What all snapshots of a restore came to.
struct Sums {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t not_set = 0;
  std::uint64_t elsewhere = 0;  ///< files with bytes of other media

  void add(const restore::RestoreReport& report) {
    files += report.files;
    bytes += report.bytes;
    lost += report.lost.size();
    unreadable += static_cast<std::uint64_t>(
        std::count_if(report.flawed.begin(), report.flawed.end(),
                      [](const auto& item) { return item.flaw == EntryFlaw::unreadable; }));
    not_set += report.not_set.total();
  }
};

restore::RestoreSettings settings_of(const RestoreOptions& options) {
  restore::RestoreSettings settings;
  settings.paths = options.paths;
  settings.mode = options.system ? restore::RestoreMode::system : restore::RestoreMode::data;
  settings.best_effort = options.best_effort;
  settings.threads = Invocation::threads();
  return settings;
}

Sums forecast_all(const OpenMedium& open, const Chosen& snapshots, const RestoreOptions& options,
                  Output& output) {
  Sums sums;
  if (!options.target.empty() && !list_directory(target_of(options)).empty()) {
    UsageError error{"\"{}\" is not empty", printable(options.target)};
    error.set_hint("choose a folder that does not exist yet, or an empty one");
    throw error;
  }
  for (const vault::StoredSnapshot* stored : snapshots) {
    sums.add(forecast_one(open, *stored, settings_of(options), output));
  }
  return sums;
}

Sums restore_all(const OpenMedium& open, OtherMedia& others, const Chosen& snapshots,
                 const RestoreOptions& options, Output& output) {
  const std::string target = target_of(options);
  for (const vault::StoredSnapshot* stored : snapshots) {
    restore::Selection{options.paths}.expect_known(*open.reader, stored->snapshot.root);
  }
  std::optional<restore::ResumeJournal> journal;
  const bool needs_target = std::any_of(snapshots.begin(), snapshots.end(), [](const auto* stored) {
    return restore::has_anything(stored->snapshot);
  });
  if (needs_target) {
    journal.emplace(target, tagger_of(open, snapshots, options),
                    options.resume ? restore::Resuming::yes : restore::Resuming::no);
    confine_writes(target);  // no longer beside it, where it had to be made
  }
  Sums sums;
  try {
    for (const vault::StoredSnapshot* stored : snapshots) {
      restore::RestoreSettings settings = settings_of(options);
      settings.target = target;
      settings.journal = journal ? &*journal : nullptr;
      if (snapshots.size() > 1 && stored->snapshot.source.kind == SourceKind::tree) {
        settings.folder = stored->snapshot.source.name;
      }
      std::optional<SpareMedia> spare;
      if (!others.empty()) {
        settings.spare = &spare.emplace(*open.reader, *stored, others);
      }
      sums.add(restore_one(open, *stored, settings, output));
      sums.elsewhere += spare ? spare->report(output) : 0;
    }
  } catch (Error& error) {
    error.set_hint("the same command with --resume goes on where this ended");
    throw;
  }
  if (journal) {
    journal->remove();
  }
  return sums;
}

int restore_chosen(const OpenMedium& open, OtherMedia& others, const RestoreOptions& options,
                   Output& output) {
  const double begun = steady_seconds();
  const auto snapshots = choose_snapshots(*open.reader, options.snapshot, options.source);
  if (snapshots.size() > 1 && !options.paths.empty()) {
    UsageError error{"--path needs one source, {} are meant", snapshots.size()};
    error.set_hint("name it with --source NAME");
    throw error;
  }
  for (const vault::StoredSnapshot* stored : snapshots) {
    if (!stored->snapshot.complete) {
      output.warn(text("{} is incomplete: {} of its items could not be read when it was made",
                       stored->name(), stored->snapshot.totals.flawed));
    }
  }
  const Sums sums = options.dry_run ? forecast_all(open, snapshots, options, output)
                                    : restore_all(open, others, snapshots, options, output);
  if (sums.not_set > 0) {
    output.warn("not all owners, modes or attributes can be set; --json names each");
  }
  const int incomplete = exit_code_of_unreadable(sums.unreadable, output);
  const double seconds = steady_seconds() - begun;
  if (!options.dry_run) {
    output.only_reports();
  }
  output.object({{"event", "done"},
                 {"dry_run", options.dry_run},
                 {"files", sums.files},
                 {"bytes", sums.bytes},
                 {"lost", sums.lost},
                 {"elsewhere", sums.elsewhere},
                 {"seconds", seconds}});
  output.line(text("{} files, {}, {:.1f} s{}", sums.files, human_bytes(sums.bytes), seconds,
                   options.dry_run ? in_language(": a dry run, nothing was written") : ""));
  const int code = report_others(others, sums.elsewhere, incomplete, output);
  if (sums.lost > 0) {
    return exit_code_of(ErrorKind::damage);
  }
  if (!options.snapshot.starts_with("latest")) {
    return code;
  }
  const std::string source = options.snapshot == "latest" ? options.source : options.snapshot;
  const int left_out = report_left_out(open, snapshots, source, output);
  const int newer = exit_code_of_newer(open, snapshots, output);
  return newer != kDone ? newer : left_out != kDone ? left_out : code;
}

int restore_snapshots(const RestoreOptions& options, Output& output) {
  OpenMedium open = open_medium(options.medium, output, writable_folder_of(options));
  OtherMedia others = open_others(open, options.medium);
  const int code = restore_chosen(open, others, options, output);
  return report_healing(open.reader->healer(), code, output);
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
  command->add_flag("--best-effort", options->best_effort,
                    "Intact parts of damaged files too: NAME.damaged");
  CLI::Option* resume = command
                            ->add_flag("--resume", options->resume,
                                       "Go on with this restore, interrupted in --target")
                            ->needs(target);
  CLI::Option* dry_run =
      command->add_flag("--dry-run", options->dry_run, "Write nothing, say what would be")
          ->excludes(resume);
  options->medium.add_others_to(*command)->excludes(dry_run);
  CLI::Option* to_stdout =
      command->add_flag("--stdout", options->to_stdout, "One file to standard output")
          ->excludes(target)
          ->excludes(dry_run);
  command->callback([&invocation, options, target, to_stdout, dry_run] {
    if (target->count() + to_stdout->count() + dry_run->count() == 0) {
      throw CLI::ValidationError("restore", text("give --target DIR, --stdout or --dry-run"));
    }
    invocation.command = [&invocation, options] {
      return options->to_stdout ? restore_to_stdout(*options, invocation.output)
                                : restore_snapshots(*options, invocation.output);
    };
  });
}

}  // namespace azekura::cli
