#include "restore/file_writer.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/ids.h"
#include "core/interrupt.h"
#include "core/text.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace azekura::restore {

namespace {

constexpr std::size_t kZerosAtOnce = 1 * kMiB;
constexpr std::uint64_t kCopiedAtOnce = 64 * kMiB;
constexpr std::string_view kTemporaryStart = ".azekura-";
constexpr std::size_t kRandomBytes = 16;

/// Random bytes drawn ahead: a call to the system a file would show in a restore of small ones.
class RandomSupply {
 public:
  ByteView draw() {
    if (left_ == 0) {
      // At most 256 bytes come at once, whatever happens (getrandom(2)).
      if (::getrandom(bytes_.data(), bytes_.size(), 0) != static_cast<ssize_t>(bytes_.size())) {
        throw SystemError{errno, "draw a random name"};
      }
      left_ = bytes_.size();
    }
    left_ -= kRandomBytes;
    return ByteView{bytes_}.subspan(left_, kRandomBytes);
  }

 private:
  std::array<std::byte, 256> bytes_{};
  std::size_t left_ = 0;
};

/// 128 random bits: no entry of the snapshot can be named like it on purpose.
std::string random_name() {
  static thread_local RandomSupply supply;
  return std::string{kTemporaryStart} + to_hex(supply.draw());
}

struct stat state_of(int file, const std::string& name) {
  struct stat info {};
  if (::fstat(file, &info) != 0) {
    throw SystemError{errno, "look at \"{}\"", printable(name)};
  }
  return info;
}

/// By its name it may be another file by now, or with a second name somebody else's too.
void expect_same(int file, const struct stat& before, const std::string& name) {
  const struct stat now = state_of(file, name);
  if (now.st_dev != before.st_dev || now.st_ino != before.st_ino || now.st_uid != ::geteuid() ||
      now.st_nlink != 1) {
    throw SystemError{EEXIST, "go on with \"{}\"", printable(name)};
  }
}

}  // namespace

FileWriter::FileWriter(PathGuard& guard, DirectoryId directory)
    : guard_{guard}, directory_{directory} {}

FileWriter::FileWriter(FileWriter&& other) noexcept
    : guard_{other.guard_},
      directory_{other.directory_},
      temporary_{std::exchange(other.temporary_, {})},
      size_{other.size_},
      suspended_{other.suspended_},
      fd_{std::move(other.fd_)} {}

FileWriter::~FileWriter() { discard(); }

std::string FileWriter::shown_name() const { return guard_.path(directory_, temporary_); }

int FileWriter::fd() {
  if (!fd_.is_open()) {
    if (temporary_.empty()) {
      std::string name = random_name();
      fd_ = guard_.create_file(directory_, name);
      temporary_ = std::move(name);
    } else {
      UniqueFd again = guard_.open_file(directory_, temporary_, O_RDWR);
      expect_same(again.get(), suspended_, shown_name());
      fd_ = std::move(again);
    }
  }
  return fd_.get();
}

void FileWriter::write(std::uint64_t offset, ByteView bytes) {
  const int file = fd();
  write_all_at(file, bytes, offset, temporary_);
  size_ = std::max(size_, offset + bytes.size());
}

void FileWriter::copy_from(FileWriter& other, std::uint64_t offset, std::uint64_t length) {
  const int from = other.fd();
  const int into = fd();
  while (length > 0) {
    throw_if_interrupted();
    const std::uint64_t part = std::min(length, kCopiedAtOnce);
    copy_range(from, into, offset, part, temporary_);
    offset += part;
    length -= part;
  }
  size_ = std::max(size_, offset);
}

void FileWriter::write_zeros(std::uint64_t offset, std::uint64_t length) {
  allocate(0, offset, length);
  size_ = std::max(size_, offset + length);
}

void FileWriter::wipe(std::uint64_t offset, std::uint64_t length) {
  if (!temporary_.empty()) {
    allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
  }
}

/// Without support for it, zeros are written: the same to a reader.
void FileWriter::allocate(int mode, std::uint64_t offset, std::uint64_t length) {
  const int file = fd();
  int error_number = 0;
  do {
    throw_if_interrupted();
    const int result =
        ::fallocate(file, mode, static_cast<off_t>(offset), static_cast<off_t>(length));
    error_number = result == 0 ? 0 : errno;
  } while (error_number == EINTR);
  if (error_number == EOPNOTSUPP) {
    const Buffer zeros(kZerosAtOnce, std::byte{0});
    while (length > 0) {
      throw_if_interrupted();
      const std::size_t count =
          static_cast<std::size_t>(std::min<std::uint64_t>(length, zeros.size()));
      write_all_at(file, ByteView{zeros}.first(count), offset, temporary_);
      offset += count;
      length -= count;
    }
  } else if (error_number != 0) {
    throw SystemError{error_number, "store {} zeros in \"{}\"", length, printable(shown_name())};
  }
}

struct stat FileWriter::place(std::uint64_t size, const std::string& name,
                              const std::function<void(int)>& finish) {
  const int file = fd();
  if (size_ != size && ::ftruncate(file, static_cast<off_t>(size)) != 0) {
    throw SystemError{errno, "set the size of \"{}\" to {} bytes",
                      printable(guard_.path(directory_, name)), size};
  }
  finish(file);
  // Stays with the file whatever its name leads to by then; the first one's close tells of errors.
  const UniqueFd held{::fcntl(file, F_DUPFD_CLOEXEC, 0)};
  fd_.close();
  guard_.place(directory_, temporary_, name);
  temporary_.clear();
  struct stat info {};
  if (::fstat(held.get(), &info) != 0) {
    throw SystemError{errno, "look at \"{}\"", printable(guard_.path(directory_, name))};
  }
  return info;
}

bool FileWriter::is_temporary_name(const std::string& name) {
  return name.size() == kTemporaryStart.size() + 2 * kRandomBytes &&
         name.starts_with(kTemporaryStart) &&
         name.find_first_not_of("0123456789abcdef", kTemporaryStart.size()) == std::string::npos;
}

void FileWriter::suspend() {
  if (fd_.is_open()) {
    suspended_ = state_of(fd_.get(), temporary_);
    fd_.close();
  }
}

void FileWriter::discard() noexcept {
  fd_ = UniqueFd{};
  if (temporary_.empty()) {
    return;
  }
  try {
    guard_.remove(directory_, std::exchange(temporary_, {}));
  } catch (const Error&) {  // what remains has a name of its own and counts as nothing
    return;
  }
}

}  // namespace azekura::restore
