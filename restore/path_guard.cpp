#include "restore/path_guard.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "core/tree_codec.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>

namespace azekura::restore {

namespace {

void check_name(const std::string& name) {
  if (!is_valid_name(name)) {
    throw DamageError{"\"{}\" is not a name that an entry may have", printable(name)};
  }
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_empty(int directory) {
  UniqueFd own = open_file_at(directory, ".", O_RDONLY | O_DIRECTORY);
  const std::unique_ptr<DIR, CloseDirectory> listing{::fdopendir(own.get())};
  if (!listing) {
    throw SystemError{errno, "list the target"};
  }
  static_cast<void>(own.release());  // closed with the listing
  errno = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): own DIR
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name{static_cast<const char*>(entry->d_name)};
    if (name != "." && name != "..") {
      return false;
    }
  }
  if (errno != 0) {
    throw SystemError{errno, "list the target"};
  }
  return true;
}

UniqueFd open_target(const std::string& target) {
  if (::mkdir(target.c_str(), 0700) != 0 && errno != EEXIST) {
    throw SystemError{errno, "make the target \"{}\"", printable(target)};
  }
  const int fd = ::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOTDIR) {
    throw UsageError{"the target \"{}\" is not a directory; choose another", printable(target)};
  }
  if (fd < 0) {
    throw SystemError{errno, "open the target \"{}\"", printable(target)};
  }
  return UniqueFd{fd};
}

std::size_t index_of(DirectoryId id) { return static_cast<std::size_t>(id); }

}  // namespace

PathGuard::PathGuard(const std::string& target, TargetState state)
    : target_{target}, root_{std::make_shared<const UniqueFd>(open_target(target))}, nodes_(1) {
  if (state == TargetState::empty && !is_empty(root_->get())) {
    throw UsageError{"the target \"{}\" is not empty; choose another", printable(target)};
  }
}

UniqueFd PathGuard::open_beneath(int directory, const std::string& name, int flags) {
  struct open_how how {};
  how.flags = static_cast<unsigned>(flags | O_NOFOLLOW | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? 0600U : 0U;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  do {
    fd = ::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how);
  } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  if (fd < 0) {
    throw SystemError{errno, "open \"{}\" beneath the target", printable(name)};
  }
  return UniqueFd{static_cast<int>(fd)};
}

PathGuard::DirectoryHandle PathGuard::find_open(DirectoryId id) {
  if (id == DirectoryId::target) {
    return root_;
  }
  const auto found = open_.find(id);
  if (found == open_.end()) {
    return nullptr;
  }
  uses_.splice(uses_.begin(), uses_, found->second.use);
  return found->second.handle;
}

PathGuard::DirectoryHandle PathGuard::keep_open(DirectoryId id, UniqueFd fd) {
  if (open_.size() == kOpenDirectories) {
    open_.erase(uses_.back());
    uses_.pop_back();
  }
  uses_.push_front(id);
  auto handle = std::make_shared<const UniqueFd>(std::move(fd));
  open_.insert_or_assign(id, Open{handle, uses_.begin()});
  return handle;
}

PathGuard::DirectoryHandle PathGuard::directory(DirectoryId id) {
  // Up to the nearest open directory, then down again, a name at a time.
  std::vector<DirectoryId> closed;
  DirectoryHandle handle = find_open(id);
  while (!handle) {
    closed.push_back(id);
    id = nodes_[index_of(id)].parent;
    handle = find_open(id);
  }
  for (; !closed.empty(); closed.pop_back()) {
    const std::string& name = nodes_[index_of(closed.back())].name;
    handle = keep_open(closed.back(), open_beneath(handle->get(), name, O_RDONLY | O_DIRECTORY));
  }
  return handle;
}

DirectoryId PathGuard::make_directory(DirectoryId parent, const std::string& name) {
  check_name(name);
  const DirectoryHandle above = directory(parent);
  if (::mkdirat(above->get(), name.c_str(), 0700) != 0) {
    throw SystemError{errno, "make directory \"{}\"", printable(path(parent, name))};
  }
  UniqueFd fd = open_beneath(above->get(), name, O_RDONLY | O_DIRECTORY);
  const auto id = static_cast<DirectoryId>(nodes_.size());
  nodes_.push_back({parent, name});
  keep_open(id, std::move(fd));
  return id;
}

UniqueFd PathGuard::create_file(DirectoryId directory_id, const std::string& name) {
  check_name(name);
  return open_beneath(directory(directory_id)->get(), name, O_WRONLY | O_CREAT | O_EXCL);
}

UniqueFd PathGuard::open_file(DirectoryId directory_id, const std::string& name, int flags) {
  check_name(name);
  // A FIFO or a device put in its place must not block the open.
  UniqueFd file = open_beneath(directory(directory_id)->get(), name, flags | O_NONBLOCK);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) {
    throw SystemError{errno, "look at \"{}\"", printable(path(directory_id, name))};
  }
  if (!S_ISREG(info.st_mode)) {
    throw SystemError{EEXIST, "use \"{}\", which is no longer the file made here",
                      printable(path(directory_id, name))};
  }
  return file;
}

void PathGuard::place(DirectoryId directory_id, const std::string& temporary,
                      const std::string& name) {
  check_name(name);
  const DirectoryHandle handle = directory(directory_id);
  const int fd = handle->get();
  if (::renameat2(fd, temporary.c_str(), fd, name.c_str(), RENAME_NOREPLACE) == 0) {
    return;
  }
  // Network file systems rename without flags only; a link never replaces either.
  const bool linked = errno == EINVAL &&
                      ::linkat(fd, temporary.c_str(), fd, name.c_str(), 0) == 0 &&
                      ::unlinkat(fd, temporary.c_str(), 0) == 0;
  if (!linked) {
    throw SystemError{errno, "rename a finished file to \"{}\"",
                      printable(path(directory_id, name))};
  }
}

void PathGuard::remove(DirectoryId directory_id, const std::string& name) {
  check_name(name);
  if (::unlinkat(directory(directory_id)->get(), name.c_str(), 0) != 0) {
    throw SystemError{errno, "remove \"{}\"", printable(path(directory_id, name))};
  }
}

void PathGuard::make_symlink(DirectoryId directory_id, const std::string& name,
                             const std::string& target) {
  check_name(name);
  if (::symlinkat(target.c_str(), directory(directory_id)->get(), name.c_str()) != 0) {
    throw SystemError{errno, "make symbolic link \"{}\"", printable(path(directory_id, name))};
  }
}

void PathGuard::make_node(DirectoryId directory_id, const std::string& name, mode_t type,
                          dev_t device) {
  check_name(name);
  if (::mknodat(directory(directory_id)->get(), name.c_str(), type | 0600, device) != 0) {
    throw SystemError{errno, "make \"{}\"", printable(path(directory_id, name))};
  }
}

void PathGuard::link(DirectoryId directory_id, const std::string& name, DirectoryId new_directory,
                     const std::string& new_name) {
  check_name(name);
  check_name(new_name);
  const DirectoryHandle from = directory(directory_id);
  const DirectoryHandle into = directory(new_directory);
  if (::linkat(from->get(), name.c_str(), into->get(), new_name.c_str(), 0) != 0) {
    throw SystemError{errno, "link \"{}\" to \"{}\"", printable(path(new_directory, new_name)),
                      printable(path(directory_id, name))};
  }
}

std::string PathGuard::path(DirectoryId directory_id) const {
  std::vector<const std::string*> names;
  for (DirectoryId id = directory_id; id != DirectoryId::target; id = nodes_[index_of(id)].parent) {
    names.push_back(&nodes_[index_of(id)].name);
  }
  std::string whole;
  for (; !names.empty(); names.pop_back()) {
    whole += whole.empty() ? *names.back() : '/' + *names.back();
  }
  return whole;
}

std::string PathGuard::path(DirectoryId directory_id, const std::string& name) const {
  const std::string above = path(directory_id);
  return above.empty() ? name : above + '/' + name;
}

void PathGuard::sync() {
  if (::syncfs(root_->get()) != 0) {
    throw SystemError{errno, "flush \"{}\" to its device", printable(target_)};
  }
}

}  // namespace azekura::restore
