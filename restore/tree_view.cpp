#include "restore/tree_view.h"

#include "core/interrupt.h"
#include "core/limits.h"
#include "core/tree_codec.h"

#include <algorithm>

namespace azekura::restore {

void TreeWalk::visit(const Entry& entry, std::size_t depth) {
  entry_ = &entry;
  depth_ = depth;
  enter_ = entry.kind == EntryKind::directory && entry.content.has_value();
}

void TreeWalk::open_directory() {
  enter_ = false;
  if (frames_.size() >= limits::kTreeDepthMax) {
    throw DamageError{"a tree is deeper than {} directories", limits::kTreeDepthMax};
  }
  const Content& content = *entry_->content;
  Frame frame;
  frame.entries =
      decode_directory(read_content(source_, content, kOpenDirectoryBytesMax - open_bytes_));
  frame.path_length = path_.size();
  frame.bytes = content.size;
  open_bytes_ += content.size;
  frames_.push_back(std::move(frame));
}

bool TreeWalk::next() {
  if (entry_ == nullptr) {
    visit(root_, 0);
    return true;
  }
  if (enter_) {
    open_directory();
  }
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    if (frame.next < frame.entries.size()) {
      const Entry& entry = frame.entries[frame.next++];
      path_.resize(frame.path_length);
      if (!path_.empty()) {
        path_ += '/';
      }
      path_ += entry.name;
      visit(entry, frames_.size());
      return true;
    }
    open_bytes_ -= frame.bytes;
    frames_.pop_back();
  }
  return false;
}

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> names;
  while (!path.empty()) {
    const std::size_t length = std::min(path.find('/'), path.size());
    if (length > 0) {
      names.emplace_back(path.substr(0, length));
    }
    path.remove_prefix(std::min(length + 1, path.size()));
  }
  return names;
}

std::string plain_path(std::string_view path) {
  std::string plain;
  for (const std::string& name : split_path(path)) {
    plain += plain.empty() ? name : '/' + name;
  }
  return plain;
}

std::optional<Entry> find_entry(ExtentSource& source, const Entry& root, std::string_view path) {
  Entry current = root;
  for (const std::string& name : split_path(path)) {
    if (current.kind != EntryKind::directory || !current.content) {
      return std::nullopt;
    }
    std::vector<Entry> entries =
        decode_directory(read_content(source, *current.content, kOpenDirectoryBytesMax));
    const auto found =
        std::lower_bound(entries.begin(), entries.end(), name,
                         [](const Entry& entry, const std::string& n) { return entry.name < n; });
    if (found == entries.end() || found->name != name) {
      return std::nullopt;
    }
    current = std::move(*found);
  }
  return current;
}

std::optional<Content> find_content(ExtentSource& source, const Entry& root, const Entry& file) {
  if (file.content || !file.hard_link) {
    return file.content;
  }
  TreeWalk walk{source, root};
  while (walk.next()) {
    throw_if_interrupted();
    const Entry& entry = walk.entry();
    if (entry.kind == EntryKind::file && entry.content && entry.hard_link &&
        entry.hard_link->id == file.hard_link->id) {
      return entry.content;
    }
  }
  return std::nullopt;
}

}  // namespace azekura::restore
