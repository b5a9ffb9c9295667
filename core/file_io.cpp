#include "core/file_io.h"

#include "core/error.h"
#include "core/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

namespace azekura {

namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : path.substr(0, slash);
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

UniqueFd open_file_at(int directory, const std::string& name, int flags, unsigned mode) {
  int fd = -1;
  do {
    fd = ::openat(directory, name.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    throw SystemError{errno, "open \"{}\"", printable(name)};
  }
  return UniqueFd{fd};
}

UniqueFd open_file(const std::string& path, int flags, unsigned mode) {
  return open_file_at(AT_FDCWD, path, flags, mode);
}

std::size_t read_some(int fd, MutableBytes into, const std::string& name) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count = ::read(fd, into.data() + done, into.size() - done);
    if (count < 0 && errno != EINTR) {
      throw SystemError{errno, "read \"{}\"", printable(name)};
    }
    if (count == 0) {
      break;
    }
    done += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  return done;
}

std::size_t read_some_at(int fd, MutableBytes into, std::uint64_t offset, const std::string& name) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count =
        ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno != EINTR) {
      throw SystemError{errno, "read \"{}\" at byte {}", printable(name), offset + done};
    }
    if (count == 0) {
      break;
    }
    done += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  return done;
}

void write_all(int fd, ByteView bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) {
      throw SystemError{errno, "write \"{}\"", printable(name)};
    }
    bytes = bytes.subspan(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
}

void write_all_at(int fd, ByteView bytes, std::uint64_t offset, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno != EINTR) {
      throw SystemError{errno, "write \"{}\" at byte {}", printable(name), offset};
    }
    const std::size_t done = count > 0 ? static_cast<std::size_t>(count) : 0;
    bytes = bytes.subspan(done);
    offset += done;
  }
}

void copy_range(int from, int into, std::uint64_t offset, std::uint64_t length,
                const std::string& name) {
  const std::uint64_t end = offset + length;
  auto source = static_cast<off_t>(offset);
  off_t target = source;
  const auto left = [&] {
    return static_cast<std::size_t>(end - static_cast<std::uint64_t>(source));
  };
  while (left() > 0) {
    const ssize_t count = ::copy_file_range(from, &source, into, &target, left(), 0);
    if (count > 0 || (count < 0 && errno == EINTR)) {
      continue;
    }
    if (count < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG)) {
      throw SystemError{errno, "copy within \"{}\"", printable(name)};
    }
    break;  // a file system that leaves it to us
  }
  Buffer piece(std::min<std::size_t>(left(), 1 * kMiB));
  while (left() > 0) {
    const MutableBytes part = MutableBytes{piece}.first(std::min(left(), piece.size()));
    const auto at = static_cast<std::uint64_t>(source);
    if (read_some_at(from, part, at, name) != part.size()) {
      throw SystemError{EIO, "copy {} bytes of \"{}\"", part.size(), printable(name)};
    }
    write_all_at(into, part, at, name);
    source += static_cast<off_t>(part.size());
  }
}

void sync_file(int fd, const std::string& name) {
  if (::fsync(fd) != 0) {
    throw SystemError{errno, "flush \"{}\" to its device", printable(name)};
  }
}

void sync_directory(const std::string& path) {
  const UniqueFd directory = open_file(path, O_RDONLY | O_DIRECTORY);
  sync_file(directory.get(), path);
}

Buffer read_file(const std::string& path, std::uint64_t max) {
  const UniqueFd file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const std::uint64_t size = file_size(file.get(), path);
  if (size > max) {
    throw DamageError{"\"{}\" has {} bytes, at most {} are possible", printable(path), size, max};
  }
  Buffer bytes(static_cast<std::size_t>(size));
  bytes.resize(read_some(file.get(), bytes, path));
  return bytes;
}

std::optional<Buffer> read_file_if_any(const std::string& path, std::uint64_t max) {
  if (!exists(path)) {
    return std::nullopt;
  }
  return read_file(path, max);
}

void replace_file(const std::string& path, ByteView bytes, unsigned mode) {
  const std::string temporary = path + ".new";
  remove_file(temporary);
  UniqueFd file = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  write_all(file.get(), bytes, temporary);
  sync_file(file.get(), temporary);
  file.close();
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    throw SystemError{errno, "rename \"{}\" into place", printable(temporary)};
  }
  sync_directory(parent_of(path));
}

void make_directory(const std::string& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    sync_directory(parent_of(path));
    return;
  }
  const int error_number = errno;
  struct stat info {};
  if (error_number != EEXIST || ::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    throw SystemError{error_number, "make directory \"{}\"", printable(path)};
  }
}

bool exists(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    return true;
  }
  if (errno != ENOENT && errno != ENOTDIR) {
    throw SystemError{errno, "look at \"{}\"", printable(path)};
  }
  return false;
}

std::uint64_t file_size(int fd, const std::string& name) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    throw SystemError{errno, "look at \"{}\"", printable(name)};
  }
  if (!S_ISREG(info.st_mode)) {
    throw DamageError{"\"{}\" is not a regular file", printable(name)};
  }
  return static_cast<std::uint64_t>(info.st_size);
}

std::vector<std::string> list_directory(const std::string& path) {
  UniqueFd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC)};
  if (!directory.is_open()) {
    if (errno == ENOENT) {
      return {};
    }
    throw SystemError{errno, "list \"{}\"", printable(path)};
  }
  return list_directory(std::move(directory), path);
}

std::vector<std::string> list_directory(UniqueFd directory, const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseDirectory> listing{::fdopendir(directory.get())};
  if (!listing) {
    throw SystemError{errno, "list \"{}\"", printable(path)};
  }
  static_cast<void>(directory.release());  // the DIR owns it now
  errno = 0;
  while (const dirent* entry =
             ::readdir(listing.get())) {  // NOLINT(concurrency-mt-unsafe): own DIR
    std::string name{static_cast<const char*>(entry->d_name)};
    if (name != "." && name != "..") {
      names.push_back(std::move(name));
    }
  }
  if (errno != 0) {
    throw SystemError{errno, "list \"{}\"", printable(path)};
  }
  std::sort(names.begin(), names.end());
  return names;
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    throw SystemError{errno, "remove \"{}\"", printable(path)};
  }
}

void remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) {
    throw SystemError{error.value(), "remove \"{}\"", printable(path)};
  }
}

void try_to_empty(const std::string& path, std::string_view spared) noexcept {
  try {
    for (const std::string& name : list_directory(path)) {
      if (name != spared) {
        remove_tree(path + '/' + name);
      }
    }
  } catch (const Error&) {  // the error that made it necessary is the one to be told
    return;
  }
}

std::string absolute_path(const std::string& path) {
  if (path.empty()) {
    throw UsageError{"a path is empty"};
  }
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (!error) {
    absolute = std::filesystem::weakly_canonical(absolute, error);
  }
  if (error) {
    throw SystemError{error.value(), "resolve \"{}\"", printable(path)};
  }
  std::string text = absolute.string();
  while (text.size() > 1 && text.back() == '/') {
    text.pop_back();
  }
  return text;
}

bool is_at_or_below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder == "/" ? folder : folder + "/");
}

}  // namespace azekura
