#include "cli/commands.h"
#include "cli/entry_text.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "cli/medium_access.h"
#include "core/interrupt.h"
#include "core/text.h"
#include "restore/tree_view.h"

#include <nlohmann/json.hpp>

#include <fnmatch.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace azekura::cli {

namespace {

struct FindOptions {
  MediumOptions medium;
  std::string snapshot;
  std::string pattern;
  bool flawed = false;
};

/// Looks through snapshots, one after the other.
///
/// A directory in which nothing was found is not entered again while its digest stays the same, so
/// that a night costs about what changed in it. Memory: a path and a digest for each directory.
class Search {
 public:
  Search(const FindOptions& options, vault::VaultReader& reader, Output& output)
      : options_{options}, reader_{reader}, output_{output} {}

  void look_through(const vault::StoredSnapshot& stored) {
    Barren& barren = barren_[stored.snapshot.source.name];
    flawed_files_.clear();
    restore::TreeWalk walk{reader_, stored.snapshot.root};
    while (next(walk, stored)) {
      throw_if_interrupted();
      leave_to(walk.depth(), barren);
      const Entry& entry = walk.entry();
      const bool is_match = report_match(stored, walk.path(), entry);
      if (is_match && !open_.empty()) {
        open_.back().has_match = true;
      }
      if (entry.kind != EntryKind::directory || !entry.content) {
        continue;
      }
      const auto known = barren.find(walk.path());
      // Further names of a file that is flawed here have no flaw of their own.
      if (known != barren.end() && known->second == entry.content->digest &&
          flawed_files_.empty()) {
        walk.skip();
      } else {
        open_.push_back({walk.path(), entry.content->digest, false});
      }
    }
    leave_to(0, barren);
  }

  /// Every directory could be listed.
  [[nodiscard]] bool saw_everything() const noexcept { return saw_everything_; }

 private:
  using Barren = std::map<std::string, Digest>;  ///< by path

  struct OpenDirectory {
    std::string path;
    Digest digest;
    bool has_match;  ///< in it, or below
  };

  /// Goes on behind a directory that cannot be listed.
  bool next(restore::TreeWalk& walk, const vault::StoredSnapshot& stored) {
    while (true) {
      try {
        return walk.next();
      } catch (const Error& error) {
        if (!error.is_about_stored_bytes()) {
          throw;
        }
        saw_everything_ = false;
        open_.back().has_match = true;  // who knows
        Json object{{"event", "lost"}, {"snapshot", stored.name()}, {"reason", error.what()}};
        put_name(object, "path", walk.path());
        output_.object(object);
        output_.warn(text("{}:{} cannot be listed: {}", stored.name(), printable(walk.path()),
                          printable(error.what())));
      }
    }
  }

  void leave_to(std::size_t depth, Barren& barren) {
    while (open_.size() > depth) {
      const OpenDirectory left = std::move(open_.back());
      open_.pop_back();
      if (!left.has_match) {
        barren.insert_or_assign(left.path, left.digest);
      } else if (!open_.empty()) {
        open_.back().has_match = true;
      }
    }
  }

  bool report_match(const vault::StoredSnapshot& stored, const std::string& path,
                    const Entry& entry) {
    const EntryFlaw flaw = flaw_of(entry);
    const bool matches = options_.pattern.empty() ||
                         ::fnmatch(options_.pattern.c_str(), entry.name.c_str(), 0) == 0 ||
                         ::fnmatch(options_.pattern.c_str(), path.c_str(), 0) == 0;
    if (!matches || (options_.flawed && flaw == EntryFlaw::none)) {
      return false;
    }
    Entry shown = entry;
    shown.flaw = flaw;
    Json object = entry_object(path, shown);
    object["snapshot"] = stored.name();
    output_.object(object);
    output_.line(fmt::format("{}:{}", stored.name(), printable(path)));
    return true;
  }

  /// That of the file, which only its first name carries.
  EntryFlaw flaw_of(const Entry& entry) {
    if (!entry.hard_link) {
      return entry.flaw;
    }
    if (entry.flaw != EntryFlaw::none) {
      flawed_files_.emplace(entry.hard_link->id, entry.flaw);
    }
    const auto known = flawed_files_.find(entry.hard_link->id);
    return known == flawed_files_.end() ? EntryFlaw::none : known->second;
  }

  const FindOptions& options_;
  vault::VaultReader& reader_;
  Output& output_;
  std::map<std::string, Barren> barren_;  ///< by source
  std::vector<OpenDirectory> open_;       ///< on the way to the entry
  std::map<std::uint64_t, EntryFlaw> flawed_files_;
  bool saw_everything_ = true;
};

int find(const FindOptions& options, Output& output) {
  const OpenMedium open = open_medium(options.medium, output);
  Search search{options, *open.reader, output};
  if (options.snapshot.empty()) {
    for (const vault::StoredSnapshot& stored : open.reader->snapshots()) {
      search.look_through(stored);
    }
  } else {
    for (const vault::StoredSnapshot* stored :
         choose_snapshots(*open.reader, options.snapshot, "")) {
      search.look_through(*stored);
    }
  }
  const int code = search.saw_everything() ? kDone : exit_code_of(ErrorKind::damage);
  return report_healing(open.reader->healer(), code, output);
}

}  // namespace

void add_find(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      add_command(app, invocation, "find", "Entries whose name or path matches a pattern");
  auto options = std::make_shared<FindOptions>();
  options->medium.add_to(*command, true);
  command->add_option("PATTERN", options->pattern, "Shell pattern like '*.dcm'; all if absent");
  command->add_option("--snapshot", options->snapshot, "In this one; in all if absent")
      ->type_name("SNAPSHOT");
  command->add_flag("--flawed", options->flawed, "Only what was unreadable or changed while read");
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] { return find(*options, invocation.output); };
  });
}

}  // namespace azekura::cli
