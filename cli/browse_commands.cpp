#include "cli/commands.h"
#include "cli/connection_object.h"
#include "cli/entry_text.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "cli/medium_access.h"
#include "cli/signals_object.h"
#include "cli/spare_media.h"
#include "core/clock.h"
#include "core/interrupt.h"
#include "core/text.h"
#include "restore/content_reader.h"
#include "restore/tree_view.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <memory>
#include <set>

namespace azekura::cli {

namespace {

struct BrowseOptions {
  MediumOptions medium;
  std::string snapshot;
  std::string path;
  bool recursive = false;
};

/// Visits the entry at `path` of a snapshot and what is below it; `visit` returns false to stay
/// out of a directory. Errors: UsageError if there is no such path.
void walk_from(const OpenMedium& open, const vault::StoredSnapshot& stored, const std::string& path,
               const std::function<bool(const std::string&, const Entry&)>& visit) {
  const std::optional<Entry> start = restore::find_entry(*open.reader, stored.snapshot.root, path);
  if (!start) {
    throw UsageError{"there is no \"{}\" in {}", printable(path), stored.name()};
  }
  restore::TreeWalk walk{*open.reader, *start, restore::plain_path(path)};
  while (walk.next()) {
    throw_if_interrupted();
    if (!visit(walk.path(), walk.entry())) {
      walk.skip();
    }
  }
}

int list(const BrowseOptions& options, Output& output) {
  const OpenMedium open = open_medium(options.medium, output);
  for (const vault::StoredSnapshot& stored : open.reader->snapshots()) {
    const Snapshot& snapshot = stored.snapshot;
    Json object{{"event", "snapshot"},
                {"name", stored.name()},
                {"session", stored.session},
                {"source", snapshot.source.name},
                {"kind", snapshot.source.kind == SourceKind::tree ? "tree" : "stream"},
                {"set", stored.set_name},
                {"host", stored.host},
                {"started", utc_time_text(snapshot.started)},
                {"finished", utc_time_text(snapshot.finished)},
                {"complete", snapshot.complete},
                {"entries", snapshot.totals.entries},
                {"bytes", snapshot.totals.bytes},
                {"flawed", snapshot.totals.flawed}};
    if (snapshot.command_end) {
      object["command_status"] = snapshot.command_end->exit_status;
      put_name(object, "command_errors", snapshot.command_end->error_text);
    }
    if (snapshot.signals) {
      object["signals"] = signals_object(*snapshot.signals);
    }
    output.object(object);
    output.line(text("{:<20} {}  {:>9} entries {:>11}  {}", stored.name(),
                     local_time_text(snapshot.started), snapshot.totals.entries,
                     human_bytes(snapshot.totals.bytes),
                     in_language(snapshot.complete ? "complete" : "INCOMPLETE")));
    if (snapshot.command_end && snapshot.command_end->exit_status != 0) {
      output.line(text("    the command ended with status {}: {}",
                       snapshot.command_end->exit_status,
                       printable(snapshot.command_end->error_text)));
    }
  }
  if (const std::optional<vault::Generation> newest = open.reader->newest_generation()) {
    for (const auto& [medium, connection] : newest->connections) {
      output.object(connection_object("medium", medium.hex(), connection));
    }
  }
  return 0;
}

int ls(const BrowseOptions& options, Output& output) {
  const OpenMedium open = open_medium(options.medium, output);
  const vault::StoredSnapshot& stored = choose_snapshot(*open.reader, options.snapshot);
  std::optional<std::string> start;
  walk_from(open, stored, options.path, [&](const std::string& path, const Entry& entry) {
    const bool is_start = !start;
    if (is_start) {
      start = path;
    }
    // A directory named is listed, not shown itself.
    if (!is_start || entry.kind != EntryKind::directory) {
      output.object(entry_object(path, entry));
      output.line(entry_line(path, entry));
    }
    return is_start || options.recursive;
  });
  return report_healing(open.reader->healer(), kDone, output);
}

int cat(const BrowseOptions& options, Output& output) {
  const restore::SpillFile spill = open_spill_file();
  OpenMedium open = open_medium(options.medium, output);
  const vault::StoredSnapshot& stored = choose_snapshot(*open.reader, options.snapshot);
  OtherMedia others = open_others(open, options.medium);
  return write_file_to_stdout(open, stored, options.path, others, spill, output);
}

int du(const BrowseOptions& options, Output& output) {
  const OpenMedium open = open_medium(options.medium, output);
  const vault::StoredSnapshot& stored = choose_snapshot(*open.reader, options.snapshot);
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  std::set<std::uint64_t> linked;  // files with several names that were counted
  walk_from(open, stored, options.path, [&](const std::string& /*path*/, const Entry& entry) {
    ++entries;
    const bool has_bytes = entry.kind == EntryKind::file && entry.content;
    if (has_bytes && (!entry.hard_link || linked.insert(entry.hard_link->id).second)) {
      bytes += entry.content->size;
    }
    return true;
  });
  Json object{
      {"event", "usage"}, {"snapshot", stored.name()}, {"entries", entries}, {"bytes", bytes}};
  put_name(object, "path", options.path);
  output.object(object);
  output.line(text("{:>12}  {} entries  {}:{}", human_bytes(bytes), entries, stored.name(),
                   printable(options.path)));
  return report_healing(open.reader->healer(), kDone, output);
}

using Handler = int (*)(const BrowseOptions&, Output&);

struct BrowseCommand {
  CLI::App* command;
  std::shared_ptr<BrowseOptions> options;
};

BrowseCommand add_browse(CLI::App& app, Invocation& invocation, const std::string& name,
                         const std::string& description, Handler handler) {
  CLI::App* command = add_command(app, invocation, name, description);
  auto options = std::make_shared<BrowseOptions>();
  options->medium.add_to(*command, true);
  command->callback([&invocation, options, handler] {
    invocation.command = [&invocation, options, handler] {
      return handler(*options, invocation.output);
    };
  });
  return {command, options};
}

constexpr const char* kSnapshotHelp = "Like 42/ehr, latest, or latest/ehr";

}  // namespace

void add_list(CLI::App& app, Invocation& invocation) {
  add_browse(app, invocation, "list", "Snapshots on a medium", list);
}

void add_ls(CLI::App& app, Invocation& invocation) {
  const BrowseCommand ls_command =
      add_browse(app, invocation, "ls", "Entries of a directory in a snapshot", ls);
  ls_command.command->add_option("SNAPSHOT", ls_command.options->snapshot, kSnapshotHelp)
      ->required();
  ls_command.command->add_option("PATH", ls_command.options->path, "From the source's root");
  ls_command.command->add_flag("-R,--recursive", ls_command.options->recursive, "And all below it");
}

void add_cat(CLI::App& app, Invocation& invocation) {
  const BrowseCommand cat_command =
      add_browse(app, invocation, "cat", "A file of a snapshot, to standard output", cat);
  cat_command.command->add_option("SNAPSHOT", cat_command.options->snapshot, kSnapshotHelp)
      ->required();
  cat_command.command->add_option("PATH", cat_command.options->path,
                                  "From the source's root; absent for a stream");
  static_cast<void>(cat_command.options->medium.add_others_to(*cat_command.command));
}

void add_du(CLI::App& app, Invocation& invocation) {
  const BrowseCommand du_command =
      add_browse(app, invocation, "du", "Bytes of a snapshot or a part of it", du);
  du_command.command->add_option("SNAPSHOT", du_command.options->snapshot, kSnapshotHelp)
      ->required();
  du_command.command->add_option("PATH", du_command.options->path, "From the source's root");
}

}  // namespace azekura::cli
