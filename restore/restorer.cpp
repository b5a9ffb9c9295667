#include "restore/restorer.h"

#include "core/interrupt.h"
#include "core/text.h"
#include "core/tree_codec.h"
#include "restore/hard_links.h"
#include "restore/path_guard.h"
#include "restore/restore_window.h"
#include "restore/resumption.h"
#include "restore/selection.h"
#include "restore/tree_view.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <unordered_map>
#include <utility>

namespace azekura::restore {

namespace {

TargetState target_state(const Snapshot& snapshot, const RestoreSettings& settings) {
  if (snapshot.root.kind != EntryKind::directory) {
    return TargetState::any;
  }
  return settings.journal != nullptr && settings.journal->is_resumed() ? TargetState::resumed
                                                                       : TargetState::empty;
}

std::optional<Digest> digest_of(const Entry& entry) {
  return entry.content ? std::optional{entry.content->digest} : std::nullopt;
}

class TreeRestorer {
 public:
  TreeRestorer(ExtentSource& source, const Snapshot& snapshot, const RestoreSettings& settings,
               Observer& observer)
      : source_{source},
        snapshot_{snapshot},
        mode_{settings.mode},
        selection_{settings.paths},
        reporter_{observer},
        guard_{settings.target, target_state(snapshot, settings), settings.folder,
               settings.journal != nullptr ? settings.journal->name() : ""},
        metadata_{settings.mode, reporter_},
        resumption_{guard_, reporter_, settings.journal, settings.folder},
        window_{source,
                {guard_, metadata_, reporter_},
                settings.spare,
                settings.best_effort,
                settings.threads,
                [this](const FileTask& task, const struct stat& info) { note_placed(task, info); }},
        links_{guard_, reporter_, resumption_} {}

  RestoreReport run() {
    reporter_.phase("restore", selection_.is_everything() ? snapshot_.totals.bytes : 0);
    directories_.resize(1);
    walk_tree();
    flush();
    restore_orphans();
    flush();
    window_.place_damaged();
    finish_metadata();
    guard_.sync();
    return reporter_.take();
  }

 private:
  /// A directory on the way to the entry that is visited.
  struct Level {
    DirectoryId directory = DirectoryId::target;
    Coverage coverage = Coverage::none;
    std::vector<std::string> strangers;  ///< names there that no entry has claimed yet, sorted
  };
  /// A file that is in place but for its flags.
  struct FlaggedFile {
    DirectoryId directory = DirectoryId::target;
    std::string name;
    std::uint32_t flags = 0;
    ino_t inode = 0;
  };
  /// A name of a file that does not say its content, before one that does.
  struct Orphan {
    std::uint64_t id = 0;
    DirectoryId directory = DirectoryId::target;
    std::string name;
    bool unreadable = false;
    bool is_first = false;  ///< it has taken the first name's part
  };

  void walk_tree();
  void visit(TreeWalk& walk);
  void visit_root(const Entry& root);
  void visit_directory(TreeWalk& walk, DirectoryId parent, Coverage coverage);
  void place(const Entry& entry, DirectoryId directory, const std::string& name);
  void place_file(const Entry& entry, DirectoryId directory, const std::string& name);
  /// A symbolic link, FIFO or device. False if it is a device and this user may not make one.
  bool make_special(const Entry& entry, DirectoryId directory, const std::string& name);
  void add_to_window(const Entry& entry, DirectoryId directory, const std::string& name);
  void restore_orphans();
  void find_contents(std::unordered_map<std::uint64_t, std::size_t>& heirs);
  /// Gives `heir` the part of the first name of the file that `entry` is.
  void adopt(const Entry& entry, Orphan& heir);
  void enter(DirectoryId directory, Coverage coverage);
  /// Leaves the directories that are not above an entry of that depth.
  void leave(std::size_t depth);
  /// Nothing is to be done for a file that is there and finished.
  bool keep(const Entry& entry, DirectoryId directory, const std::string& name);
  void note_placed(const FileTask& task, const struct stat& info);
  void finish_metadata();
  void finish_flags(const FlaggedFile& file, const std::string& path);
  void flush();

  /// Runs a step; a failure that concerns one item is reported for `path`.
  template <typename Step>
  bool attempt(const std::string& path, Step&& step) {
    try {
      std::forward<Step>(step)();
      return true;
    } catch (const Error& error) {
      if (!concerns_one_item(error)) {
        throw;
      }
      reporter_.lost(path, error.one_line());
      return false;
    }
  }

  ExtentSource& source_;
  const Snapshot& snapshot_;
  RestoreMode mode_;
  Selection selection_;
  Reporter reporter_;
  PathGuard guard_;
  MetadataApplier metadata_;
  Resumption resumption_;
  RestoreWindow window_;
  HardLinks links_;
  std::vector<Level> levels_;
  std::vector<Orphan> orphans_;
  std::vector<FlaggedFile> flagged_;
  std::vector<std::optional<Attributes>> directories_;  ///< by DirectoryId
};

void TreeRestorer::flush() {
  window_.run();
  links_.run();
}

void TreeRestorer::walk_tree() {
  TreeWalk walk{source_, snapshot_.root};
  bool more = true;
  while (more) {
    throw_if_interrupted();
    const bool listed =
        attempt(walk.path().empty() ? "." : walk.path(), [&] { more = walk.next(); });
    if (listed && more) {
      visit(walk);
    }
    if (window_.is_full() || links_.is_full()) {
      flush();
    }
  }
  leave(0);
}

void TreeRestorer::enter(DirectoryId directory, Coverage coverage) {
  levels_.push_back({directory, coverage, resumption_.clean(directory)});
}

void TreeRestorer::leave(std::size_t depth) {
  for (; levels_.size() > depth; levels_.pop_back()) {
    const Level& level = levels_.back();
    if (!level.strangers.empty()) {
      const std::string path = guard_.path(level.directory);
      reporter_.notice(text("\"{}\" has {} more entries than the restore made; they stay",
                            path.empty() ? "." : printable(path), level.strangers.size()));
    }
  }
}

void TreeRestorer::visit(TreeWalk& walk) {
  const Entry& entry = walk.entry();
  if (walk.depth() == 0) {
    visit_root(entry);
    return;
  }
  leave(walk.depth());
  Level& above = levels_.back();
  const DirectoryId directory = above.directory;
  const Coverage coverage = selection_.of(walk.path(), above.coverage);
  if (coverage == Coverage::none) {
    walk.skip();
    return;
  }
  const auto own = std::lower_bound(above.strangers.begin(), above.strangers.end(), entry.name);
  if (own != above.strangers.end() && *own == entry.name) {
    above.strangers.erase(own);
  }
  if (entry.kind == EntryKind::directory) {
    visit_directory(walk, directory, coverage);
  } else if (coverage == Coverage::whole) {
    attempt(walk.path(), [&] { place(entry, directory, entry.name); });
  }
}

void TreeRestorer::visit_root(const Entry& root) {
  if (root.kind == EntryKind::directory) {
    enter(DirectoryId::target, selection_.of_root());
    directories_.front() = attributes_of(root);
    if (selection_.is_everything()) {
      reporter_.flawed(".", root.flaw);
    }
    return;
  }
  const std::string& name = snapshot_.source.name;
  static_cast<void>(resumption_.clean(DirectoryId::target));
  attempt(name, [&] { place(root, DirectoryId::target, name); });
}

void TreeRestorer::visit_directory(TreeWalk& walk, DirectoryId parent, Coverage coverage) {
  const Entry& entry = walk.entry();
  const bool made = attempt(walk.path(), [&] {
    const DirectoryId id = resumption_.make_directory(parent, entry.name);
    directories_.emplace_back(attributes_of(entry));
    reporter_.made_entry();
    enter(id, coverage);
  });
  if (!made) {
    walk.skip();
  } else if (coverage == Coverage::whole) {
    reporter_.flawed(walk.path(), entry.flaw);
  }
}

void TreeRestorer::place(const Entry& entry, DirectoryId directory, const std::string& name) {
  if (entry.kind == EntryKind::file) {
    place_file(entry, directory, name);
    return;
  }
  const std::string path = guard_.path(directory, name);
  if (const std::optional<Lack> lack = left_out_by(mode_, entry.kind)) {
    reporter_.left_out(path, *lack);
    return;
  }
  reporter_.flawed(path, entry.flaw);
  if (entry.hard_link && links_.knows(entry.hard_link->id)) {
    links_.add_further(entry.hard_link->id, entry.kind, std::nullopt, directory, name);
    return;
  }
  resumption_.make_way(directory, name, looks_of(entry));
  if (!make_special(entry, directory, name)) {
    return;
  }
  reporter_.made_entry();
  const UniqueFd node = guard_.open_node(directory, name, looks_of(entry).type);
  metadata_.apply_to_node(node.get(), attributes_of(entry), path);
  if (entry.hard_link) {
    links_.add_first(entry.hard_link->id, entry.kind, std::nullopt, directory, name);
  }
}

bool TreeRestorer::make_special(const Entry& entry, DirectoryId directory,
                                const std::string& name) {
  if (entry.kind == EntryKind::symlink) {
    guard_.make_symlink(directory, name, entry.link_target);
    return true;
  }
  if (entry.kind == EntryKind::fifo) {
    guard_.make_node(directory, name, S_IFIFO, 0);
    return true;
  }
  const mode_t type = entry.kind == EntryKind::block_device ? S_IFBLK : S_IFCHR;
  const DeviceNumber device = entry.device.value_or(DeviceNumber{});
  try {
    guard_.make_node(directory, name, type, makedev(device.major, device.minor));
    return true;
  } catch (const SystemError& error) {
    if (error.error_number() != EPERM) {
      throw;
    }
    reporter_.not_set(guard_.path(directory, name), Lack::device, error.what());
    return false;
  }
}

void TreeRestorer::place_file(const Entry& entry, DirectoryId directory, const std::string& name) {
  if (entry.hard_link && links_.knows(entry.hard_link->id)) {
    links_.add_further(entry.hard_link->id, entry.kind, digest_of(entry), directory, name);
  } else if (entry.content) {
    if (entry.hard_link) {
      links_.add_first(entry.hard_link->id, entry.kind, digest_of(entry), directory, name);
    }
    add_to_window(entry, directory, name);
  } else if (!entry.hard_link) {
    reporter_.flawed(guard_.path(directory, name), entry.flaw);
  } else {
    orphans_.push_back({entry.hard_link->id, directory, name, entry.flaw == EntryFlaw::unreadable});
  }
}

void TreeRestorer::add_to_window(const Entry& entry, DirectoryId directory,
                                 const std::string& name) {
  reporter_.flawed(guard_.path(directory, name), entry.flaw);
  if (keep(entry, directory, name)) {
    return;
  }
  resumption_.make_way(directory, name, looks_of(entry));
  const std::vector<Extent> extents = resolve_extents(source_, *entry.content);
  std::optional<std::uint64_t> hard_link;
  if (entry.hard_link) {
    hard_link = entry.hard_link->id;
  }
  window_.add({directory, name, attributes_of(entry), entry.content->size, entry.content->digest,
               hard_link},
              extents, source_.mismatch(*entry.content, extents));
}

bool TreeRestorer::keep(const Entry& entry, DirectoryId directory, const std::string& name) {
  const std::optional<struct stat> info = resumption_.finished(directory, name);
  if (!info) {
    return false;
  }
  reporter_.kept_file(entry.content->size);
  if (entry.hard_link) {
    links_.note_placed(entry.hard_link->id, *info);
  }
  if (const std::uint32_t flags = attributes_of(entry).flags) {
    flagged_.push_back({directory, name, flags, info->st_ino});
  }
  return true;
}

void TreeRestorer::note_placed(const FileTask& task, const struct stat& info) {
  resumption_.add(task.directory, task.name, info);
  if (task.hard_link) {
    links_.note_placed(*task.hard_link, info);
  }
  if (task.attributes.flags != 0) {
    flagged_.push_back({task.directory, task.name, task.attributes.flags, info.st_ino});
  }
}

void TreeRestorer::restore_orphans() {
  std::unordered_map<std::uint64_t, std::size_t> heirs;  // by id, the first name that waits for it
  for (std::size_t i = 0; i < orphans_.size(); ++i) {
    heirs.emplace(orphans_[i].id, i);
  }
  // With everything wanted, the walk before this one has seen all contents.
  if (!selection_.is_everything()) {
    find_contents(heirs);
  }
  for (const Orphan& orphan : orphans_) {
    if (!links_.knows(orphan.id)) {
      const std::string path = guard_.path(orphan.directory, orphan.name);
      if (orphan.unreadable) {
        reporter_.flawed(path, EntryFlaw::unreadable);
      } else {
        reporter_.lost(path, "its content cannot be found");
      }
    } else if (!orphan.is_first) {
      links_.add_further(orphan.id, EntryKind::file, std::nullopt, orphan.directory, orphan.name);
    }
  }
}

void TreeRestorer::find_contents(std::unordered_map<std::uint64_t, std::size_t>& heirs) {
  TreeWalk walk{source_, snapshot_.root};
  bool more = true;
  while (more && !heirs.empty()) {
    throw_if_interrupted();
    try {
      more = walk.next();
    } catch (const Error& error) {
      if (!concerns_one_item(error)) {
        throw;
      }
      continue;  // nobody asked for this directory; what it may hide counts as lost
    }
    const Entry& entry = walk.entry();
    if (!more || entry.kind != EntryKind::file || !entry.content || !entry.hard_link) {
      continue;
    }
    const auto heir = heirs.find(entry.hard_link->id);
    if (heir != heirs.end()) {
      adopt(entry, orphans_[heir->second]);
      heirs.erase(heir);
    }
  }
}

void TreeRestorer::adopt(const Entry& entry, Orphan& heir) {
  heir.is_first = true;
  links_.add_first(heir.id, EntryKind::file, digest_of(entry), heir.directory, heir.name);
  attempt(guard_.path(heir.directory, heir.name),
          [&] { add_to_window(entry, heir.directory, heir.name); });
  if (window_.is_full()) {
    flush();
  }
}

void TreeRestorer::finish_metadata() {
  for (const FlaggedFile& file : flagged_) {
    const std::string path = guard_.path(file.directory, file.name);
    try {
      finish_flags(file, path);
    } catch (const SystemError& error) {
      reporter_.not_set(path, Lack::flags, error.what());
    }
  }
  // A directory has a larger number than those above it, so this goes deepest first.
  for (std::size_t i = directories_.size(); i-- > 0;) {
    if (!directories_[i]) {
      continue;
    }
    if (i == 0) {
      resumption_.finish();
    }
    const auto id = static_cast<DirectoryId>(i);
    const std::string path = i == 0 ? "." : guard_.path(id);
    try {
      const PathGuard::DirectoryHandle handle = guard_.directory(id);
      metadata_.apply(handle->get(), *directories_[i], path);
      if (directories_[i]->flags != 0) {
        metadata_.apply_flags(handle->get(), directories_[i]->flags, path);
      }
    } catch (const SystemError& error) {
      reporter_.not_set(path, Lack::mode, error.what());
    }
  }
}

void TreeRestorer::finish_flags(const FlaggedFile& file, const std::string& path) {
  const UniqueFd open = guard_.open_file(file.directory, file.name, O_RDONLY);
  struct stat info {};
  if (::fstat(open.get(), &info) != 0 || info.st_ino != file.inode) {
    throw SystemError{EEXIST, "use \"{}\", which is no longer the file made here", printable(path)};
  }
  metadata_.apply_flags(open.get(), file.flags, path);
  if (::fstat(open.get(), &info) == 0) {
    resumption_.add(file.directory, file.name, info);  // flags are a change of the file
  }
}

}  // namespace

bool has_anything(const Snapshot& snapshot) noexcept {
  return snapshot.root.flaw != EntryFlaw::unreadable || snapshot.root.content.has_value();
}

RestoreReport restore_tree(ExtentSource& source, const Snapshot& snapshot,
                           const RestoreSettings& settings, Observer& observer) {
  Selection{settings.paths}.expect_known(source, snapshot.root);
  if (!has_anything(snapshot)) {
    Reporter reporter{observer};
    reporter.flawed(".", snapshot.root.flaw);
    return reporter.take();
  }
  return TreeRestorer{source, snapshot, settings, observer}.run();
}

}  // namespace azekura::restore
