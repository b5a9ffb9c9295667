#include "restore/hard_links.h"

#include "core/error.h"
#include "core/text.h"

#include <cerrno>

namespace azekura::restore {

namespace {
constexpr std::size_t kWaitingMax = 200'000;
}  // namespace

void HardLinks::add_first(std::uint64_t id, EntryKind kind, const std::optional<Digest>& content,
                          DirectoryId directory, const std::string& name) {
  const bool added = firsts_.emplace(id, First{kind, content, directory, name, {}}).second;
  AZK_CHECK(added);
}

void HardLinks::note_placed(std::uint64_t id, const struct stat& info) {
  firsts_.at(id).inode = info.st_ino;
}

void HardLinks::add_further(std::uint64_t id, EntryKind kind, const std::optional<Digest>& content,
                            DirectoryId directory, const std::string& name) {
  const First& first = firsts_.at(id);
  if (first.kind != kind) {
    reporter_.lost(guard_.path(directory, name), "its first name is of another kind");
    return;
  }
  if (content && content != first.content) {
    reporter_.lost(guard_.path(directory, name), "its first name has another content");
    return;
  }
  waiting_.push_back({id, directory, name});
}

bool HardLinks::is_full() const noexcept { return waiting_.size() >= kWaitingMax; }

void HardLinks::run() {
  for (const Further& further : waiting_) {
    make(further);
  }
  waiting_.clear();
}

void HardLinks::make(const Further& further) {
  const First& first = firsts_.at(further.id);
  try {
    link(first, further);
    reporter_.made_entry();
  } catch (const SystemError& error) {
    if (!concerns_one_item(error)) {
      throw;
    }
    const std::string first_path = guard_.path(first.directory, first.name);
    reporter_.lost(
        guard_.path(further.directory, further.name),
        error.error_number() == ENOENT
            ? text("its content, under its first name \"{}\", is lost", printable(first_path))
            : error.one_line());
  }
}

void HardLinks::link(const First& first, const Further& further) {
  const std::optional<struct stat> before = guard_.look_at(first.directory, first.name);
  const bool is_ours = before && (!first.inode || before->st_ino == *first.inode);
  if (!is_ours) {
    throw SystemError{ENOENT, "link to \"{}\"",
                      printable(guard_.path(first.directory, first.name))};
  }
  if (resumption_.is_resumed()) {
    const std::optional<struct stat> there = guard_.look_at(further.directory, further.name);
    if (there && there->st_ino == before->st_ino && there->st_dev == before->st_dev) {
      return;
    }
    Looks looks = looks_of_object(*before);
    if (S_ISLNK(before->st_mode)) {
      looks.link_target = guard_.read_link(first.directory, first.name);
    }
    resumption_.make_way(further.directory, further.name, looks);
  }
  guard_.link(first.directory, first.name, further.directory, further.name);
  if (!first.inode) {
    return;
  }
  // A link changes the file's state; and by its name it may have been another file's.
  const std::optional<struct stat> after = guard_.look_at(further.directory, further.name);
  if (!after || after->st_ino != *first.inode) {
    guard_.remove(further.directory, further.name);
    throw SystemError{ENOENT, "link to \"{}\"",
                      printable(guard_.path(first.directory, first.name))};
  }
  resumption_.add(first.directory, first.name, *after);
}

}  // namespace azekura::restore
