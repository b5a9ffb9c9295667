#include "vault/folder_medium.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/ids.h"
#include "core/interrupt.h"
#include "core/sabotage.h"
#include "core/text.h"
#include "vault/device_text.h"
#include "vault/refusal.h"
#include "vault/secret.h"
#include "vault/write_behind.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace azekura::vault {

namespace {

constexpr std::size_t kStreamBytes = 1 * kMiB;
/// Modification times on a medium say nothing (docs/format.md, section 11): 2000-01-01.
constexpr std::int64_t kConstantTime = 946'684'800;

/// Runs a step on the medium; what the system refuses is the medium's failure, but for a full one.
template <typename Step>
decltype(auto) on_medium(const std::string& path, Step&& step) {
  try {
    return step();
  } catch (const SystemError& error) {
    if (error.kind() == ErrorKind::space) {
      throw;
    }
    throw medium_failure(path, error);
  }
}

/// What a device says of a spot it cannot give back.
bool is_unreadable(int error_number) {
  return error_number == EIO || error_number == EBADMSG || error_number == EUCLEAN ||
         error_number == EILSEQ;
}

std::string folder_of(const std::string& name) {
  const std::size_t slash = name.find_last_of('/');
  return slash == std::string::npos ? "." : name.substr(0, slash);
}

/// The last part of a name.
const char* leaf_of(const std::string& name) {
  const std::size_t slash = name.find_last_of('/');
  return name.c_str() + (slash == std::string::npos ? 0 : slash + 1);
}

}  // namespace

MediumError medium_failure(const std::string& path, const Error& error) {
  MediumError failure{"medium \"{}\" failed: {}", printable(path), error.what()};
  failure.set_code(refusal::kFailing);
  failure.set_hint("check the medium and its cable; what was captured waits in the spool");
  return failure;
}

FolderMedium::FolderMedium(std::string path, Access access) : path_{std::move(path)} {
  folder_ = UniqueFd{::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder_.is_open()) {
    MediumError error{"medium \"{}\" is not there: {}", printable(path_),
                      SystemError{errno, "open it"}.what()};
    error.set_hint("attach the medium, or check its folder with 'azekura status'");
    throw error;
  }
  open_for(access);
}

FolderMedium::FolderMedium(UniqueFd folder, std::string name, Access access)
    : path_{std::move(name)}, folder_{std::move(folder)} {
  open_for(access);
}

void FolderMedium::open_for(Access access) {
  if (access == Access::read) {
    return;
  }
  if (::faccessat(folder_.get(), ".", W_OK, AT_EACCESS) != 0) {
    throw MediumError{"medium \"{}\" cannot be written: {}", printable(path_),
                      SystemError{errno, "write to it"}.what()};
  }
  // The kernel's, so nothing of it stays on the medium.
  if (::flock(folder_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    BusyError error{"another run writes to medium \"{}\"", printable(path_)};
    error.set_hint("wait until it ends");
    throw error;
  }
}

bool FolderMedium::is_same_as(const FolderMedium& other) const {
  struct stat one {};
  struct stat two {};
  return ::fstat(folder_.get(), &one) == 0 && ::fstat(other.folder_.get(), &two) == 0 &&
         one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

std::string FolderMedium::device() const { return device_text(folder_.get()); }

UniqueFd FolderMedium::open_beneath(const std::string& name, int flags, unsigned mode) const {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC | O_NOFOLLOW);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  do {
    fd = ::syscall(SYS_openat2, folder_.get(), name.c_str(), &how, sizeof how);
  } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  if (fd < 0) {
    throw SystemError{errno, "open \"{}\" on the medium", printable(name)};
  }
  return UniqueFd{static_cast<int>(fd)};
}

/// As on_medium, for one object: while the rest of the medium is there, what the device refuses to
/// give back is damage.
template <typename Step>
decltype(auto) FolderMedium::reading(Step&& step) const {
  return on_medium(path_, [&] {
    try {
      return step();
    } catch (const SystemError& error) {
      if (!is_unreadable(error.error_number())) {
        throw;
      }
      static_cast<void>(list("."));  // throws if the whole medium is gone
      throw DamageError{"{}", error.what()};
    }
  });
}

std::vector<std::string> FolderMedium::list(const std::string& folder) const {
  const auto names = [&] { return names_in(folder); };
  return folder == "." ? on_medium(path_, names) : reading(names);
}

std::vector<std::string> FolderMedium::names_in(const std::string& folder) const {
  UniqueFd directory;
  try {
    directory = open_beneath(folder, O_RDONLY | O_DIRECTORY, 0);
  } catch (const SystemError& error) {
    if (error.error_number() == ENOENT || error.error_number() == ENOTDIR ||
        error.error_number() == ELOOP) {
      return {};
    }
    throw;
  }
  return list_directory(std::move(directory), folder);
}

std::optional<std::uint64_t> FolderMedium::size_of(const std::string& name) const {
  return reading([&]() -> std::optional<std::uint64_t> {
    try {
      const UniqueFd file = open_beneath(name, O_PATH, 0);
      struct stat info {};
      if (::fstat(file.get(), &info) != 0) {
        throw SystemError{errno, "look at \"{}\"", printable(name)};
      }
      return S_ISREG(info.st_mode) ? std::optional{static_cast<std::uint64_t>(info.st_size)}
                                   : std::nullopt;
    } catch (const SystemError& error) {
      if (error.error_number() == ENOENT || error.error_number() == ENOTDIR ||
          error.error_number() == ELOOP) {
        return std::nullopt;
      }
      throw;
    }
  });
}

std::optional<Buffer> FolderMedium::read(const std::string& name, std::uint64_t max) const {
  return reading([&]() -> std::optional<Buffer> {
    if (!size_of(name)) {
      return std::nullopt;
    }
    const UniqueFd file = open_beneath(name, O_RDONLY | O_NONBLOCK, 0);
    const std::uint64_t size = file_size(file.get(), name);
    if (size > max) {
      throw DamageError{"\"{}\" has {} bytes, at most {} are possible", name, size, max};
    }
    Buffer bytes(static_cast<std::size_t>(size));
    bytes.resize(read_some(file.get(), bytes, name));
    return bytes;
  });
}

std::optional<Buffer> FolderMedium::read_part(const std::string& name, std::uint64_t offset,
                                              std::size_t bytes) const {
  try {
    return reading([&]() -> std::optional<Buffer> {
      const UniqueFd file = open(name);
      Buffer part(bytes);
      const bool is_whole = read_some_at(file.get(), part, offset, name) == bytes;
      return is_whole ? std::optional{std::move(part)} : std::nullopt;
    });
  } catch (const DamageError&) {
    // The page cache fails for whole folios, which are larger than the sectors that are lost.
    return part_on_device(name, offset, bytes);
  }
}

std::optional<Buffer> FolderMedium::part_on_device(const std::string& name, std::uint64_t offset,
                                                   std::size_t bytes) const {
  if (offset % DeviceFile::kAlignment != 0) {
    return std::nullopt;
  }
  try {
    const DeviceFile file = open_on_device(name);
    DeviceBuffer buffer{bytes};
    const MutableBytes part = buffer.first(bytes);
    if (read_on_device(file, offset, part) != bytes) {
      return std::nullopt;
    }
    return Buffer{part.begin(), part.end()};
  } catch (const DamageError&) {
    return std::nullopt;
  }
}

std::optional<Buffer> FolderMedium::read_around(const std::string& name, std::uint64_t offset,
                                                std::size_t bytes) const {
  std::optional<Buffer> whole;
  for (std::size_t at = 0; at < bytes; at += DeviceFile::kAlignment) {
    const std::size_t length = std::min(DeviceFile::kAlignment, bytes - at);
    if (const std::optional<Buffer> page = part_on_device(name, offset + at, length)) {
      if (!whole) {
        whole.emplace(bytes, std::byte{0});
      }
      std::copy(page->begin(), page->end(), whole->begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return whole;
}

UniqueFd FolderMedium::open(const std::string& name) const {
  return reading([&] {
    if (!size_of(name)) {
      throw DamageError{"\"{}\" is not on the medium", name};
    }
    return open_beneath(name, O_RDONLY | O_NONBLOCK, 0);
  });
}

DeviceFile FolderMedium::open_on_device(const std::string& name) const {
  UniqueFd file = open(name);
  return reading([&] { return DeviceFile{std::move(file), name}; });
}

std::size_t FolderMedium::read_on_device(const DeviceFile& file, std::uint64_t offset,
                                         MutableBytes into) const {
  return reading([&] { return file.read(offset, into); });
}

void FolderMedium::stream(const std::string& name,
                          const std::function<void(ByteView)>& take) const {
  const DeviceFile file = open_on_device(name);
  DeviceBuffer memory{kStreamBytes};
  for (std::uint64_t offset = 0; offset < file.bytes();) {
    const std::size_t count = read_on_device(file, offset, memory.first(kStreamBytes));
    if (count == 0) {
      return;
    }
    take(memory.first(count));
    offset += count;
  }
}

void FolderMedium::make_folders(const std::string& name) {
  for (std::size_t slash = name.find('/'); slash != std::string::npos;
       slash = name.find('/', slash + 1)) {
    const std::string folder = name.substr(0, slash);
    const UniqueFd parent = open_beneath(folder_of(folder), O_PATH | O_DIRECTORY, 0);
    if (::mkdirat(parent.get(), leaf_of(folder), 0755) == 0) {
      uncommitted_folders_.insert(folder_of(folder));
    } else if (errno != EEXIST) {
      throw SystemError{errno, "make folder \"{}\"", folder};
    }
  }
}

void FolderMedium::rename_beneath(const std::string& from, const std::string& to) {
  const UniqueFd from_folder = open_beneath(folder_of(from), O_PATH | O_DIRECTORY, 0);
  const UniqueFd to_folder = open_beneath(folder_of(to), O_PATH | O_DIRECTORY, 0);
  if (::renameat2(from_folder.get(), leaf_of(from), to_folder.get(), leaf_of(to),
                  RENAME_NOREPLACE) != 0) {
    throw SystemError{errno, "rename \"{}\" to \"{}\"", printable(from), printable(to)};
  }
}

/// True if anything has this name, of whatever kind.
bool FolderMedium::is_taken(const std::string& name) const {
  const std::vector<std::string> names = list(folder_of(name));
  return std::binary_search(names.begin(), names.end(), name.substr(name.find_last_of('/') + 1));
}

void FolderMedium::keep_aside(const std::string& name) {
  std::array<std::byte, 4> suffix{};
  fill_random(suffix);
  rename_beneath(name, name + ".stray-" + to_hex(suffix));
  uncommitted_folders_.insert(folder_of(name));
}

void FolderMedium::append(const std::string& name, std::uint64_t bytes, const Produce& produce,
                          const std::function<void(ByteView)>& check, unsigned mode) {
  on_medium(path_, [&] {
    std::array<std::byte, 8> random{};
    fill_random(random);
    const std::string temporary = "tmp/" + to_hex(random);
    make_folders(temporary);
    make_folders(name);
    UniqueFd file = open_beneath(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    try {
      // The whole length first: a full medium is noticed before any byte.
      if (bytes > 0) {
        int refused = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
        while (refused == EINTR) {
          throw_if_interrupted();
          refused = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
        }
        if (refused != 0 && refused != EOPNOTSUPP && refused != EINVAL) {
          throw SystemError{refused, "reserve {} bytes on the medium", bytes};
        }
      }
      std::uint64_t written = 0;
      WriteBehind behind{file.get(), temporary};
      produce([&](ByteView part) {
        write_all(file.get(), part, temporary);
        written += part.size();
        behind.wrote(written);
      });
      AZK_CHECK(written == bytes);
      const std::array<timespec, 2> times{timespec{kConstantTime, 0}, timespec{kConstantTime, 0}};
      static_cast<void>(::futimens(file.get(), times.data()));
      if (!sabotaged(Sabotage::no_fsync)) {
        sync_file(file.get(), name);
      }
      file.close();
      stream(temporary, check);
      check({});
      if (is_taken(name)) {
        keep_aside(name);
      }
      rename_beneath(temporary, name);
      uncommitted_folders_.insert(folder_of(name));
      uncommitted_folders_.insert("tmp");
    } catch (...) {  // the unfinished file is ours: take it away, then report
      ::unlinkat(folder_.get(), temporary.c_str(), 0);
      throw;
    }
  });
}

void FolderMedium::append(const std::string& name, ByteView bytes, unsigned mode) {
  ByteView left = bytes;
  append(
      name, bytes.size(), [&](const auto& write) { write(bytes); },
      [&](ByteView part) {
        const bool same = equal(part, left.first(std::min(part.size(), left.size())));
        left = left.subspan(same ? part.size() : 0);
        if (!same || (part.empty() && !left.empty())) {
          throw MediumError{"medium \"{}\" does not give back what was written to \"{}\"",
                            printable(path_), name};
        }
      },
      mode);
}

void FolderMedium::commit() {
  on_medium(path_, [&] {
    if (!sabotaged(Sabotage::no_directory_fsync) && !sabotaged(Sabotage::no_fsync)) {
      for (const std::string& folder : uncommitted_folders_) {
        const UniqueFd fd = open_beneath(folder, O_RDONLY | O_DIRECTORY, 0);
        sync_file(fd.get(), folder);
      }
      if (::syncfs(folder_.get()) != 0) {
        throw SystemError{errno, "flush the medium"};
      }
    }
    uncommitted_folders_.clear();
  });
}

void FolderMedium::clear_unfinished() {
  on_medium(path_, [&] {
    for (const std::string& name : list("tmp")) {
      ::unlinkat(folder_.get(), ("tmp/" + name).c_str(), 0);
    }
  });
}

std::uint64_t FolderMedium::free_bytes() const {
  struct statvfs info {};
  if (::fstatvfs(folder_.get(), &info) != 0) {
    throw SystemError{errno, "ask medium \"{}\" for its free space", printable(path_)};
  }
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

}  // namespace azekura::vault
