#include "restore/path_guard.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "core/tree_codec.h"
#include "restore/metadata.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>

namespace azekura::restore {

namespace {

constexpr std::size_t kNameMax = 255;

void check_name(const std::string& name) {
  if (!is_valid_name(name)) {
    throw DamageError{"\"{}\" is not a name that an entry may have", printable(name)};
  }
}

std::vector<std::string> names_in(int directory) {
  return list_directory(open_file_at(directory, ".", O_RDONLY | O_DIRECTORY), "the target");
}

bool is_empty(int directory, const std::string& own_name) {
  const std::vector<std::string> names = names_in(directory);
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return name == own_name; });
}

/// What an earlier run has finished may be closed to its owner and immutable.
void open_up(int directory) {
  unlock(directory);
  static_cast<void>(::fchmod(directory, 0700));  // if not, what is made in it says so
}

std::size_t index_of(DirectoryId id) { return static_cast<std::size_t>(id); }

}  // namespace

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

PathGuard::PathGuard(const std::string& target, TargetState state, const std::string& folder,
                     const std::string& own_name)
    : target_{target}, root_{std::make_shared<const UniqueFd>(open_target(target))}, nodes_(1) {
  if (!folder.empty()) {
    if (::mkdirat(root_->get(), folder.c_str(), 0700) != 0 && errno != EEXIST) {
      throw SystemError{errno, "make \"{}\" in the target", printable(folder)};
    }
    target_ += '/' + folder;
    root_ = std::make_shared<const UniqueFd>(
        open_beneath(root_->get(), folder, O_RDONLY | O_DIRECTORY));
  }
  if (state == TargetState::empty && !is_empty(root_->get(), own_name)) {
    throw UsageError{"the target \"{}\" is not empty; choose another", printable(target_)};
  }
  if (state == TargetState::resumed) {
    open_up(root_->get());
  }
}

UniqueFd PathGuard::open_beneath(int directory, const std::string& name, int flags) {
  struct open_how how {};
  how.flags = static_cast<unsigned>(flags | O_NOFOLLOW | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? 0600U : 0U;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
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
  const std::lock_guard lock{opening_};
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

std::optional<DirectoryId> PathGuard::adopt_directory(DirectoryId parent, const std::string& name,
                                                      const std::function<bool(int)>& is_ours) {
  check_name(name);
  const UniqueFd seen = open_beneath(directory(parent)->get(), name, O_PATH | O_DIRECTORY);
  if (!is_ours(seen.get())) {
    return std::nullopt;
  }
  // By its descriptor, for it may be closed to us; and by no name, for that may be another's now.
  const std::string pinned = fmt::format("/proc/self/fd/{}", seen.get());
  static_cast<void>(::chmod(pinned.c_str(), 0700));
  UniqueFd fd = azekura::open_file(pinned, O_RDONLY | O_DIRECTORY);
  open_up(fd.get());
  const auto id = static_cast<DirectoryId>(nodes_.size());
  nodes_.push_back({parent, name});
  keep_open(id, std::move(fd));
  return id;
}

UniqueFd PathGuard::create_file(DirectoryId directory_id, const std::string& name) {
  check_name(name);
  return open_beneath(directory(directory_id)->get(), name, O_RDWR | O_CREAT | O_EXCL);
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

UniqueFd PathGuard::open_node(DirectoryId directory_id, const std::string& name, mode_t type) {
  check_name(name);
  UniqueFd node = open_beneath(directory(directory_id)->get(), name, O_PATH);
  struct stat info {};
  if (::fstat(node.get(), &info) != 0) {
    throw SystemError{errno, "look at \"{}\"", printable(path(directory_id, name))};
  }
  if ((info.st_mode & S_IFMT) != type || info.st_nlink != 1) {
    throw SystemError{EEXIST, "use \"{}\", which is no longer what was made here",
                      printable(path(directory_id, name))};
  }
  return node;
}

std::optional<struct stat> PathGuard::look_at(DirectoryId directory_id, const std::string& name) {
  check_name(name);
  struct stat info {};
  if (::fstatat(directory(directory_id)->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return info;
  }
  if (errno != ENOENT) {
    throw SystemError{errno, "look at \"{}\"", printable(path(directory_id, name))};
  }
  return std::nullopt;
}

std::string PathGuard::free_name(DirectoryId directory_id, const std::string& name,
                                 const std::string& suffix) {
  for (unsigned attempt = 1;; ++attempt) {
    const std::string end = attempt == 1 ? suffix : fmt::format("{}-{}", suffix, attempt);
    std::string candidate = name.substr(0, kNameMax - end.size()) + end;
    if (!look_at(directory_id, candidate)) {
      return candidate;
    }
  }
}

std::vector<std::string> PathGuard::list(DirectoryId directory_id) {
  return names_in(directory(directory_id)->get());
}

std::string PathGuard::read_link(DirectoryId directory_id, const std::string& name) {
  check_name(name);
  std::string target(PATH_MAX, '\0');
  const ssize_t size =
      ::readlinkat(directory(directory_id)->get(), name.c_str(), target.data(), target.size());
  if (size < 0) {
    throw SystemError{errno, "read the link \"{}\"", printable(path(directory_id, name))};
  }
  target.resize(static_cast<std::size_t>(size));
  return target;
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

bool PathGuard::remove_if_empty(DirectoryId directory_id, const std::string& name) {
  check_name(name);
  if (::unlinkat(directory(directory_id)->get(), name.c_str(), AT_REMOVEDIR) == 0) {
    return true;
  }
  if (errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY) {
    return false;
  }
  throw SystemError{errno, "remove \"{}\"", printable(path(directory_id, name))};
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
