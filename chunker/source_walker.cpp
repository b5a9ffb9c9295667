#include "chunker/source_walker.h"

#include "chunker/directory_listing.h"
#include "chunker/object_metadata.h"
#include "chunker/source_error.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/tree_codec.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <utility>

namespace azekura::chunker {

namespace {

/// Directories above the current one whose descriptors stay open; deeper trees reopen "..".
constexpr std::size_t kOpenLevelsMax = 64;
constexpr std::string_view kOtherMount =
    "is a mount point: what is mounted there is not part of this source";
constexpr std::string_view kLeftOut = "is left out: a site or medium is no part of a source";

struct FreeText {
  // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): from realpath
  void operator()(char* text) const { std::free(text); }
};

std::string resolve_origin(const std::string& origin) {
  const std::unique_ptr<char, FreeText> resolved{::realpath(origin.c_str(), nullptr)};
  if (!resolved) {
    throw_source_error(errno, "open the source", origin);
  }
  return std::string{resolved.get()};
}

/// Of the directories that exist.
std::vector<FileState> states_of(const std::vector<std::string>& paths) {
  std::vector<FileState> states;
  for (const std::string& path : paths) {
    const UniqueFd fd{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    const std::optional<ObjectStatus> status =
        fd.is_open() ? look_at(fd.get(), "", path) : std::nullopt;
    if (status) {
      states.push_back(status->state);
    }
  }
  return states;
}

int open_directory(int directory, const std::string& name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const int fd = ::openat(directory, name.c_str(), kFlags | O_NOATIME);
  return fd < 0 && errno == EPERM ? ::openat(directory, name.c_str(), kFlags) : fd;
}

}  // namespace

SourceWalker::SourceWalker(const std::string& origin, const LeftOut& left_out, Observer& observer)
    : observer_{observer},
      left_out_folders_{states_of(left_out.folders)},
      filter_{left_out.patterns},
      leaves_out_caches_{left_out.caches},
      path_{resolve_origin(origin)} {
  const std::size_t slash = path_.rfind('/');
  const std::string parent = path_.substr(0, slash + 1);
  name_ = path_ == "/" ? "." : path_.substr(slash + 1);
  root_parent_ = UniqueFd{::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!root_parent_.is_open()) {
    throw_source_error(errno, "open the source", path_);
  }
  const std::optional<ObjectStatus> status = look_at(root_parent_.get(), name_, path_);
  if (!status) {
    throw_source_error(ENOENT, "open the source", path_);
  }
  if (status->kind != EntryKind::directory && status->kind != EntryKind::file) {
    throw SourceError{"the source \"{}\" is neither a directory nor a file", printable(path_)};
  }
  if (status->kind == EntryKind::directory) {
    const UniqueFd probe{open_directory(root_parent_.get(), name_)};
    if (!probe.is_open()) {
      throw_source_error(errno, "open the source", path_);
    }
  }
  if (is_left_out(status->state)) {
    throw SourceError{"\"{}\" is a site or a medium, which is no source", printable(path_)};
  }
  mount_ = status->mount;
  root_length_ = path_ == "/" ? 0 : path_.size();
}

std::optional<WalkItem> SourceWalker::next() {
  if (!is_started_) {
    is_started_ = true;
    directory_ = root_parent_.get();
    std::optional<WalkItem> root = visit(true);
    if (!root) {
      throw_source_error(ENOENT, "open the source", path_);
    }
    return root;
  }
  while (!levels_.empty()) {
    Level& top = levels_.back();
    path_.resize(top.path_length);
    if (top.next_name == top.names.size()) {
      return leave();
    }
    directory_ = top.fd.get();
    name_ = std::move(top.names[top.next_name++]);
    path_ += path_.ends_with('/') ? "" : "/";
    path_ += name_;
    if (std::optional<WalkItem> item = visit(false)) {
      return item;
    }
  }
  return std::nullopt;
}

std::optional<WalkItem> SourceWalker::visit(bool is_root) {
  if (!is_root && !is_valid_name(name_)) {  // as file systems with names in UTF-16 may have
    observer_.flawed(path_, "its name is longer than Linux allows");
    levels_.back().flaw = EntryFlaw::unreadable;
    return std::nullopt;
  }
  try {
    const std::optional<ObjectStatus> status = look_at(directory_, name_, path_);
    if (!status) {
      return std::nullopt;
    }
    WalkItem item;
    item.entry = make_entry(is_root ? std::string{} : name_, *status, owners_);
    item.state = status->state;
    return status->kind == EntryKind::directory ? enter(std::move(item), *status)
                                                : visit_object(std::move(item), *status);
  } catch (const SourceError& error) {
    if (is_root) {
      throw;
    }
    // Not even its kind is known, so its directory is what lacks something.
    observer_.flawed(path_, error.what());
    levels_.back().flaw = EntryFlaw::unreadable;
    return std::nullopt;
  }
}

std::optional<WalkItem> SourceWalker::visit_object(WalkItem item, const ObjectStatus& status) {
  if (status.kind == EntryKind::symlink && !add_link_target(item.entry, directory_, name_, path_)) {
    return std::nullopt;
  }
  if (status.links > 1) {
    const HardLinkTable::Visit visit = hard_links_.visit(status);
    item.entry.hard_link = visit.link;
    item.has_content_elsewhere = status.kind == EntryKind::file && !visit.is_first;
  }
  const bool stays_closed = status.kind != EntryKind::file || item.has_content_elsewhere;
  if (stays_closed && !add_closed_metadata(item.entry, directory_, name_)) {
    return unreadable(std::move(item), kAttributesMissing);
  }
  return item;
}

std::optional<WalkItem> SourceWalker::enter(WalkItem item, ObjectStatus status) {
  if (levels_.size() >= limits::kTreeDepthMax) {
    return unreadable(std::move(item), "lies below too many directories");
  }
  if (status.mount != mount_) {
    return enter_unlisted(std::move(item), kOtherMount);
  }
  UniqueFd fd{open_directory(directory_, name_)};
  if (!fd.is_open()) {
    const int error_number = errno;
    if (error_number == ENOENT) {
      return std::nullopt;
    }
    try {
      throw_source_error(error_number, "open", path_);
    } catch (const SourceError& error) {
      return unreadable(std::move(item), error.what());
    }
  }
  // The directory that was opened counts, should another one have taken its name.
  const std::optional<ObjectStatus> opened = look_at(fd.get(), "", path_);
  AZK_CHECK(opened.has_value());
  item.entry = make_entry(std::move(item.entry.name), *opened, owners_);
  item.state = opened->state;
  if (opened->mount != mount_) {
    return enter_unlisted(std::move(item), kOtherMount);
  }
  if (is_left_out(opened->state)) {
    return enter_unlisted(std::move(item), kLeftOut);
  }
  return enter_listed(std::move(item), std::move(fd));
}

WalkItem SourceWalker::enter_listed(WalkItem item, UniqueFd fd) {
  if (!add_open_metadata(item.entry, fd.get())) {
    item = unreadable(std::move(item), kAttributesMissing);
  }
  item.step = WalkStep::enter;
  Level level;
  try {
    list_names(fd.get(), path_, name_filter(), level.names);
  } catch (const SourceError& error) {
    observer_.flawed(path_, error.what());
    level.flaw = EntryFlaw::unreadable;
  }
  const bool may_be_cache = leaves_out_caches_ && !levels_.empty() &&
                            std::binary_search(level.names.begin(), level.names.end(), kCacheTag);
  if (may_be_cache && is_tagged_cache(fd.get())) {
    keep_only_tag(level.names);
  }
  level.fd = std::move(fd);
  level.device = item.state.device;
  level.inode = item.state.inode;
  push(std::move(level));
  return item;
}

WalkItem SourceWalker::enter_unlisted(WalkItem item, std::string_view reason) {
  observer_.notice(fmt::format("\"{}\" {}", printable(path_), in_language(reason)));
  item.step = WalkStep::enter;
  Level level;
  level.device = item.state.device;
  level.inode = item.state.inode;
  push(std::move(level));
  return item;
}

NameFilter SourceWalker::name_filter() {
  if (filter_.empty()) {
    return {};
  }
  return [this, above = path_ + (path_.ends_with('/') ? "" : "/")](const std::string& name,
                                                                   bool is_directory) {
    const std::string path = above + name;
    const bool is_wanted =
        !filter_.leaves_out(std::string_view{path}.substr(root_length_ + 1), is_directory);
    if (!is_wanted) {
      exclude(path);
    }
    return is_wanted;
  };
}

void SourceWalker::keep_only_tag(std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name != kCacheTag) {
      exclude(path_ + "/" + name);
    }
  }
  names.assign(1, kCacheTag);
}

void SourceWalker::exclude(const std::string& path) {
  ++excluded_items_;
  observer_.excluded(path);
}

bool SourceWalker::is_left_out(const FileState& state) const {
  return std::any_of(left_out_folders_.begin(), left_out_folders_.end(), [&](const FileState& one) {
    return one.device == state.device && one.inode == state.inode;
  });
}

void SourceWalker::push(Level level) {
  level.path_length = path_.size();
  levels_.push_back(std::move(level));
  if (levels_.size() > kOpenLevelsMax) {
    levels_[levels_.size() - 1 - kOpenLevelsMax].fd = UniqueFd{};
  }
}

WalkItem SourceWalker::leave() {
  const Level left = std::move(levels_.back());
  levels_.pop_back();
  if (!levels_.empty() && !levels_.back().fd.is_open()) {
    reopen_top(left);
  }
  WalkItem item;
  item.step = WalkStep::leave;
  item.entry.flaw = left.flaw;
  return item;
}

void SourceWalker::reopen_top(const Level& below) {
  Level& top = levels_.back();
  UniqueFd fd{below.fd.is_open() ? open_directory(below.fd.get(), "..") : -1};
  if (fd.is_open()) {
    const std::optional<ObjectStatus> status = look_at(fd.get(), "", path_);
    if (status && status->state.device == top.device && status->state.inode == top.inode) {
      top.fd = std::move(fd);
      return;
    }
  }
  // Somebody moved the directory we came from; what was not visited yet cannot be found again.
  top.names.resize(top.next_name);
  top.flaw = EntryFlaw::unreadable;
  observer_.flawed(std::string_view{path_}.substr(0, top.path_length), "moved while it was read");
}

WalkItem SourceWalker::unreadable(WalkItem item, std::string_view reason) {
  observer_.flawed(path_, reason);
  item.entry.flaw = EntryFlaw::unreadable;
  return item;
}

}  // namespace azekura::chunker
