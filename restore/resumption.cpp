#include "restore/resumption.h"

#include "core/error.h"
#include "core/text.h"
#include "restore/file_writer.h"
#include "restore/metadata.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <utility>

namespace azekura::restore {

namespace {

/// By EntryKind.
constexpr std::array<mode_t, 8> kTypes{0,       S_IFREG, S_IFDIR, S_IFLNK,
                                       S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK};

}  // namespace

Looks looks_of(const Entry& entry) {
  Looks looks;
  looks.type = kTypes[static_cast<std::size_t>(entry.kind)];
  looks.size = entry.content ? entry.content->size : 0;
  looks.modified = entry.modified;
  looks.link_target = entry.link_target;
  if (entry.device) {
    looks.device = makedev(entry.device->major, entry.device->minor);
  }
  return looks;
}

Looks looks_of_object(const struct stat& info) {
  Looks looks;
  looks.type = info.st_mode & S_IFMT;
  looks.device = info.st_rdev;
  looks.size = static_cast<std::uint64_t>(info.st_size);
  looks.modified = {info.st_mtim.tv_sec, static_cast<std::uint32_t>(info.st_mtim.tv_nsec)};
  return looks;
}

std::string Resumption::noted_path(const std::string& path) const {
  return folder_.empty() ? path : folder_ + '/' + path;
}

std::optional<struct stat> Resumption::finished(DirectoryId directory, const std::string& name) {
  if (!is_resumed()) {
    return std::nullopt;
  }
  const std::optional<struct stat> info = guard_.look_at(directory, name);
  if (!info || !S_ISREG(info->st_mode) ||
      !journal_->has_file(noted_path(guard_.path(directory, name)), *info)) {
    return std::nullopt;
  }
  return info;
}

void Resumption::add(DirectoryId directory, const std::string& name, const struct stat& info) {
  if (journal_ != nullptr) {
    journal_->add_file(noted_path(guard_.path(directory, name)), info);
  }
}

bool Resumption::looks_so(DirectoryId directory, const std::string& name, const struct stat& info,
                          const Looks& wanted) {
  if ((info.st_mode & S_IFMT) != wanted.type) {
    return false;
  }
  switch (wanted.type) {
    case S_IFREG: {
      const Looks looks = looks_of_object(info);
      return looks.size == wanted.size && looks.modified == wanted.modified;
    }
    case S_IFLNK:
      return guard_.read_link(directory, name) == wanted.link_target;
    case S_IFBLK:
    case S_IFCHR:
      return info.st_rdev == wanted.device;
    default:
      return wanted.type == S_IFIFO;
  }
}

void Resumption::make_way(DirectoryId directory, const std::string& name, const Looks& wanted) {
  if (!is_resumed()) {
    return;
  }
  const std::optional<struct stat> info = guard_.look_at(directory, name);
  if (!info) {
    return;
  }
  // The earlier run may have made it immutable; with a second name it may be somebody else's too.
  if (S_ISREG(info->st_mode) && info->st_nlink == 1) {
    unlock(guard_.open_file(directory, name, O_RDONLY).get());
  }
  if (looks_so(directory, name, *info, wanted)) {
    guard_.remove(directory, name);
    return;
  }
  if (S_ISDIR(info->st_mode) && guard_.remove_if_empty(directory, name)) {
    return;
  }
  const std::string aside = guard_.free_name(directory, name, ".aside");
  guard_.place(directory, name, aside);
  reporter_.notice(text("\"{}\" is not what the interrupted run left: it is now \"{}\"",
                        printable(guard_.path(directory, name)), printable(aside)));
}

DirectoryId Resumption::make_directory(DirectoryId parent, const std::string& name) {
  const std::string path = noted_path(guard_.path(parent, name));
  if (is_resumed()) {
    const std::optional<struct stat> info = guard_.look_at(parent, name);
    if (info && S_ISDIR(info->st_mode)) {
      const std::optional<DirectoryId> known = guard_.adopt_directory(
          parent, name, [&](int directory) { return journal_->has_directory(path, directory); });
      if (known) {
        return *known;
      }
    }
    make_way(parent, name, {S_IFDIR, 0, {}, {}, 0});
  }
  const DirectoryId id = guard_.make_directory(parent, name);
  if (journal_ != nullptr) {
    journal_->add_directory(path, guard_.directory(id)->get());
  }
  return id;
}

void Resumption::finish() {
  if (journal_ != nullptr && folder_.empty()) {
    journal_->remove();
  }
}

std::vector<std::string> Resumption::clean(DirectoryId directory) {
  std::vector<std::string> names;
  if (!is_resumed()) {
    return names;
  }
  for (std::string& name : guard_.list(directory)) {
    const std::optional<struct stat> info = guard_.look_at(directory, name);
    if (info && S_ISREG(info->st_mode) && FileWriter::is_temporary_name(name)) {
      guard_.remove(directory, name);
    } else if (name != journal_->name()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace azekura::restore
