#include "restore/live_tree.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string_view>
#include <utility>

namespace azekura::restore {

namespace {

[[noreturn]] void throw_unreadable(int error_number, std::string_view attempt,
                                   std::string_view path) {
  throw SourceError{"cannot {} \"{}\": {}", in_language(attempt), printable(path),
                    errno_text(error_number)};
}

/// Nothing there, or what is there is another thing than wanted, a link or another mount.
bool is_absence(int error_number) {
  constexpr std::array kAbsences{ENOENT, ENOTDIR, ELOOP, EXDEV};
  return std::find(kAbsences.begin(), kAbsences.end(), error_number) != kAbsences.end();
}

UniqueFd open_root(const std::string& path) {
  UniqueFd root{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!root.is_open()) {
    UsageError error{"cannot open the live source \"{}\": {}", printable(path), errno_text(errno)};
    error.set_hint("say where it is on this machine: --against NAME=PATH");
    throw error;
  }
  return root;
}

int try_open(int directory, const std::string& path, const struct open_how& how) {
  long fd = -1;
  do {
    fd = ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
  } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  return static_cast<int>(fd);
}

/// nullopt if there is no such thing. `shown`: its path for messages.
std::optional<UniqueFd> open_live(int directory, const std::string& path, int flags,
                                  const std::string& shown) {
  struct open_how how {};
  how.flags = static_cast<unsigned>(flags | O_NOATIME | O_NOFOLLOW | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  int fd = try_open(directory, path, how);
  if (fd < 0 && errno == EPERM) {  // only the owner and root may leave the access time alone
    how.flags &= ~static_cast<unsigned>(O_NOATIME);
    fd = try_open(directory, path, how);
  }
  if (fd < 0 && !is_absence(errno)) {
    throw_unreadable(errno, "open", shown);
  }
  return fd < 0 ? std::nullopt : std::optional{UniqueFd{fd}};
}

}  // namespace

struct stat LiveFile::state() const {
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) {
    throw_unreadable(errno, "look at", path_);
  }
  return info;
}

void LiveFile::forget_cached(std::uint64_t offset, std::uint64_t length) const noexcept {
  constexpr std::uint64_t kPage = 4096;  // only whole pages are forgotten
  const std::uint64_t first = offset - offset % kPage;
  const std::uint64_t end = offset + length + kPage;
  static_cast<void>(::posix_fadvise(fd_.get(), static_cast<off_t>(first),
                                    static_cast<off_t>(end - first), POSIX_FADV_DONTNEED));
}

std::size_t LiveFile::read(std::uint64_t offset, MutableBytes into) const {
  try {
    return read_some_at(fd_.get(), into, offset, path_);
  } catch (const SystemError& error) {
    throw_unreadable(error.error_number(), "read", path_);
  }
}

LiveTree::LiveTree(const std::string& path, EntryKind kind) : path_{path} {
  if (kind == EntryKind::directory) {
    root_ = open_root(path);
    return;
  }
  const std::string whole = absolute_path(path);
  const std::size_t slash = whole.rfind('/');
  root_ = open_root(whole.substr(0, slash + 1));
  file_ = whole.substr(slash + 1);
}

std::optional<std::vector<std::string>> LiveTree::list(const std::string& path) {
  const int found = directory(path);
  if (found < 0) {
    return std::nullopt;
  }
  try {
    return list_directory(open_file_at(found, ".", O_RDONLY | O_DIRECTORY), shown(path));
  } catch (const SystemError& error) {
    throw_unreadable(error.error_number(), "list", shown(path));
  }
}

std::optional<struct stat> LiveTree::look_at(const std::string& path) {
  const std::optional<Place> place = place_of(path);
  if (!place) {
    return std::nullopt;
  }
  struct stat info {};
  constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if (::fstatat(place->directory, place->name.c_str(), &info, kFlags) == 0) {
    return info;
  }
  if (!is_absence(errno)) {
    throw_unreadable(errno, "look at", shown(path));
  }
  return std::nullopt;
}

std::optional<LiveFile> LiveTree::open(const std::string& path) {
  const std::optional<Place> place = place_of(path);
  if (!place) {
    return std::nullopt;
  }
  constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  std::optional<UniqueFd> fd = open_live(place->directory, place->name, kFlags, shown(path));
  if (!fd) {
    return std::nullopt;
  }
  LiveFile file{*std::move(fd), shown(path)};
  return S_ISREG(file.state().st_mode) ? std::optional{std::move(file)} : std::nullopt;
}

std::optional<LiveTree::Place> LiveTree::place_of(const std::string& path) {
  if (path.empty()) {
    return Place{root_.get(), file_.empty() ? "." : file_};
  }
  const std::size_t slash = path.rfind('/');
  const bool is_below_root = slash == std::string::npos;
  const int found = directory(is_below_root ? std::string{} : path.substr(0, slash));
  if (found < 0) {
    return std::nullopt;
  }
  return Place{found, is_below_root ? path : path.substr(slash + 1)};
}

int LiveTree::directory(const std::string& path) {
  if (path.empty()) {
    return root_.get();
  }
  if (path != current_path_) {
    const bool is_below = current_ && path.starts_with(current_path_ + '/');
    const std::size_t above = is_below ? current_path_.size() + 1 : 0;
    current_ = descend(is_below ? current_->get() : root_.get(), path, above);
    current_path_ = path;
  }
  return current_ ? current_->get() : -1;
}

std::optional<UniqueFd> LiveTree::descend(int from, const std::string& path, std::size_t at) const {
  std::optional<UniqueFd> reached;
  while (at < path.size()) {
    // The kernel takes less than PATH_MAX bytes of a path at once.
    const bool is_rest = path.size() - at < PATH_MAX;
    const std::size_t end = is_rest ? path.size() : path.rfind('/', at + PATH_MAX - 1);
    reached = open_live(from, path.substr(at, end - at), O_RDONLY | O_DIRECTORY, shown(path));
    if (!reached) {
      break;
    }
    from = reached->get();
    at = end + 1;
  }
  return reached;
}

std::string LiveTree::shown(const std::string& path) const {
  return path.empty() ? path_ : path_ + '/' + path;
}

}  // namespace azekura::restore
