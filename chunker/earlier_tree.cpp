#include "chunker/earlier_tree.h"

#include "core/error.h"
#include "core/interrupt.h"

#include <utility>

namespace azekura::chunker {

namespace {

/// No path of a scan record: remembered by every session with a snapshot of the source.
constexpr std::string_view kSnapshotPath{"\0snapshot", 9};

}  // namespace

EarlierTree::EarlierTree(ChunkSink& sink, std::string source, SignalCounter& counter)
    : sink_{sink}, source_{std::move(source)}, counter_{counter} {
  if (const std::optional<Recalled> snapshot =
          sink_.recall(scan_record_key(source_, kSnapshotPath))) {
    newest_snapshot_ = snapshot->session;
  }
  levels_.push_back(recall(0));
}

void EarlierTree::remember_snapshot() {
  sink_.remember(scan_record_key(source_, kSnapshotPath), as_bytes(kSnapshotPath),
                 Remembered::at_session_end);
}

/// That of the directory at path_; one without a record if that is malformed.
EarlierTree::Level EarlierTree::recall(std::size_t path_length) {
  Level level;
  level.path_length = path_length;
  std::optional<Recalled> recalled = sink_.recall(scan_record_key(source_, path_));
  if (!recalled) {
    return level;
  }
  try {
    level.record = ScanRecord{std::move(recalled->record)};
    level.session = recalled->session;
    level.is_compared = newest_snapshot_ && level.session <= *newest_snapshot_;
  } catch (const DamageError&) {
    return level;  // it only saves reading
  }
  return level;
}

EarlierTree::Level EarlierTree::open(std::string_view name) {
  const std::size_t path_length = path_.size();
  path_ += name;
  path_ += '/';
  return recall(path_length);
}

void EarlierTree::enter(std::string_view name) {
  const Before before = look(name);
  const Level& above = levels_.back();
  const bool was_directory = above.seen && above.record.children()[*above.seen].is_directory;
  const bool is_root = levels_.size() == 1;
  Level level = open(name);
  level.is_new =
      !is_root && (above.is_new || (before.kind != Before::Kind::unknown && !was_directory));
  // The record of a directory that was not there before is of an older one of that name.
  level.is_compared = level.is_compared && !level.is_new;
  if (!level.is_new && (!level.is_compared || level.record.is_short())) {
    counter_.part_is_unknown();
  }
  levels_.push_back(std::move(level));
}

Before EarlierTree::see(const Entry& object) {
  const Before before = look(object.name);
  const Level& level = levels_.back();
  const bool was_directory = level.seen && level.record.children()[*level.seen].is_directory;
  if (object.kind == EntryKind::directory) {
    counter_.part_is_unknown();  // it could not be listed
  } else if (was_directory && level.is_compared) {
    count_gone_below(object.name);
  }
  return before;
}

Before EarlierTree::look(std::string_view name) {
  Level& level = levels_.back();
  const std::vector<ScanRecord::Child>& children = level.record.children();
  for (; level.next < children.size() && children[level.next].name < name; ++level.next) {
    level.gone.push_back(level.next);
  }
  level.seen.reset();
  if (level.next < children.size() && children[level.next].name == name) {
    level.seen = level.next++;
  }
  if (level.is_new) {
    return {Before::Kind::nothing, {}};
  }
  if (!level.is_compared || (!level.seen && level.record.is_short())) {
    return {Before::Kind::unknown, {}};
  }
  if (!level.seen || !children[*level.seen].content) {
    return {Before::Kind::nothing, {}};
  }
  return {Before::Kind::content, *children[*level.seen].content};
}

std::optional<Entry> EarlierTree::unchanged(const FileState& state) const {
  const Level& level = levels_.back();
  if (!level.seen) {
    return std::nullopt;
  }
  try {
    std::optional<Entry> entry = ScanRecord::entry_of(level.record.children()[*level.seen], state);
    if (entry && sink_.holds(*entry->content, level.session)) {
      return entry;
    }
  } catch (const DamageError&) {
    return std::nullopt;  // it only saves reading
  }
  return std::nullopt;
}

void EarlierTree::leave(bool is_whole) {
  const Level left = std::move(levels_.back());
  levels_.pop_back();
  if (!is_whole) {
    counter_.part_is_unknown();
  } else if (left.is_compared) {
    const std::vector<ScanRecord::Child>& children = left.record.children();
    for (const std::size_t child : left.gone) {
      count_gone(children[child]);
    }
    for (std::size_t child = left.next; child < children.size(); ++child) {
      count_gone(children[child]);
    }
  }
  path_.resize(left.path_length);
}

void EarlierTree::count_gone(const ScanRecord::Child& child) {
  counter_.add_gone(child.content);
  if (child.is_directory) {
    count_gone_below(child.name);
  }
}

/// Whole directories went: their records are all that knows of what was in them.
void EarlierTree::count_gone_below(std::string_view name) {
  std::vector<Level> below;
  const auto descend = [&](std::string_view directory) {
    below.push_back(open(directory));
    if (!below.back().is_compared || below.back().record.is_short()) {
      counter_.part_is_unknown();
    }
  };
  descend(name);
  while (!below.empty()) {
    throw_if_interrupted();
    Level& level = below.back();
    if (!level.is_compared || level.next == level.record.children().size()) {
      path_.resize(level.path_length);
      below.pop_back();
      continue;
    }
    const ScanRecord::Child& child = level.record.children()[level.next++];
    counter_.add_gone(child.content);
    if (child.is_directory) {
      descend(child.name);
    }
  }
}

}  // namespace azekura::chunker
