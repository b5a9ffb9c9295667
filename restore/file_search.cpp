#include "restore/file_search.h"

#include "core/interrupt.h"
#include "restore/tree_view.h"

#include <algorithm>

namespace azekura::restore {

namespace {

/// A hostile snapshot could name its bytes again and again: runs kept in all, at one position, and
/// tried for a chunk.
constexpr std::size_t kSearchedRunsMax = 1U << 18U;
constexpr std::size_t kFilesTriedMax = 16;

/// What is below a directory that cannot be listed is not found.
bool next_listed(TreeWalk& tree) {
  while (true) {
    throw_if_interrupted();
    try {
      return tree.next();
    } catch (const Error& error) {
      if (!concerns_one_item(error)) {
        throw;
      }
    }
  }
}

}  // namespace

std::vector<LostRange> lost_ranges(ExtentSource& source, const Content& content,
                                   const LostBytes& lost) {
  std::vector<LostRange> ranges;
  std::uint64_t at = 0;
  for (const Extent& extent : resolve_extents(source, content)) {
    if (extent.kind == ExtentKind::data) {
      for (const LostBytes::Part& part : lost.within(extent.position, extent.length)) {
        const LostRange range{at + part.offset, part.length, extent.position.pack};
        if (!ranges.empty() && ranges.back().pack == range.pack &&
            ranges.back().offset + ranges.back().length == range.offset) {
          ranges.back().length += range.length;
        } else {
          ranges.push_back(range);
        }
      }
    }
    at += extent.length;
  }
  return ranges;
}

void FileSearch::add(const Snapshot& snapshot) {
  const std::string& source = snapshot.source.name;
  TreeWalk tree{source_, snapshot.root};
  while (next_listed(tree)) {
    const Entry& entry = tree.entry();
    if (!entry.content) {
      continue;
    }
    if (entry.kind == EntryKind::file) {
      add_file(source, tree.path(), *entry.content);
    } else if (!entered_.emplace(source, entry.content->digest).second) {
      tree.skip();
    }
  }
}

void FileSearch::add_file(const std::string& source, const std::string& path,
                          const Content& content) {
  std::vector<Extent> extents;
  try {
    extents = resolve_extents(source_, content);
  } catch (const Error& error) {
    if (!concerns_one_item(error)) {
      throw;
    }
    return;
  }
  std::uint64_t at = 0;
  for (const Extent& extent : extents) {
    if (extent.kind == ExtentKind::data) {
      for (const LostBytes::Part& part : lost_.within(extent.position, extent.length)) {
        const Position begin{extent.position.pack,
                             extent.position.byte + static_cast<std::uint32_t>(part.offset)};
        add_run(begin, {part.length, {source, path, at + part.offset}});
      }
    }
    at += extent.length;
  }
}

void FileSearch::add_run(Position begin, Run run) {
  const auto [first, last] = runs_.equal_range(begin);
  const bool is_known = std::any_of(first, last, [&](const auto& known) {
    return known.second.file == run.file && known.second.length >= run.length;
  });
  const auto here = static_cast<std::size_t>(std::distance(first, last));
  if (is_known || here >= kFilesTriedMax || runs_.size() >= kSearchedRunsMax) {
    return;
  }
  longest_ = std::max(longest_, run.length);
  runs_.emplace(begin, std::move(run));
}

std::vector<FileBytes> FileSearch::find(Position begin, std::uint32_t length) const {
  std::vector<FileBytes> files;
  const std::uint64_t end = std::uint64_t{begin.byte} + length;
  const Position from{begin.pack, static_cast<std::uint32_t>(
                                      begin.byte - std::min<std::uint64_t>(longest_, begin.byte))};
  for (auto run = runs_.lower_bound(from);
       run != runs_.end() && run->first <= begin && files.size() < kFilesTriedMax; ++run) {
    if (run->first.byte + run->second.length >= end) {
      files.push_back(run->second.file);
      files.back().offset += begin.byte - run->first.byte;
    }
  }
  return files;
}

}  // namespace azekura::restore
