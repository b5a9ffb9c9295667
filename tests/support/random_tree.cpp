#include "core/error.h"
#include "core/file_io.h"
#include "tests/support/random_bytes.h"
#include "tests/support/test_site.h"
#include "vault/hash.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

namespace azekura::tests {

namespace {

namespace fs = std::filesystem;

constexpr int kFiles = 40;
constexpr std::uint64_t kFileMax = 3 * kMiB;
constexpr std::array<const char*, 6> kOddNames{"a b",    "new\nline", "\xFF\xFE",
                                               "カルテ", "-rf",       "\x1B[2J"};

void set_times(const std::string& path, RandomNumbers& numbers) {
  const timespec time{static_cast<time_t>(1'500'000'000 + numbers.next() % 100'000'000),
                      static_cast<long>(numbers.next() % 1'000'000'000)};
  const std::array<timespec, 2> times{time, time};
  if (::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0) {
    throw SystemError{errno, "set times"};
  }
}

void write_file(const std::string& path, RandomNumbers& numbers) {
  UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const std::uint64_t shape = numbers.next() % 8;
  // Few seeds, so that contents repeat among files; sizes from nothing to several chunks.
  const std::uint64_t size = shape == 0 ? 0 : numbers.next() % (shape < 5 ? 5000 : 600'000);
  const Buffer bytes = random_bytes(numbers.next() % 12, static_cast<std::size_t>(size));
  if (shape == 6) {  // a hole before and behind
    write_all_at(file.get(), bytes, 500'000, path);
    if (::ftruncate(file.get(), 1'500'000) != 0) {
      throw SystemError{errno, "make a hole"};
    }
  } else if (shape == 7) {  // stored zeros in between
    write_all(file.get(), bytes, path);
    write_all(file.get(), Buffer(300'000, std::byte{0}), path);
    write_all(file.get(), bytes, path);
  } else {
    write_all(file.get(), bytes, path);
  }
  file.close();
}

std::string kind_of(const struct stat& info) {
  return S_ISDIR(info.st_mode)    ? "dir"
         : S_ISLNK(info.st_mode)  ? "link"
         : S_ISFIFO(info.st_mode) ? "fifo"
                                  : "file";
}

std::string attribute_of(const std::string& path) {
  std::array<char, 256> value{};
  const ssize_t size = ::lgetxattr(path.c_str(), "user.test", value.data(), value.size());
  return size < 0 ? "" : std::string{value.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::map<std::string, std::string> describe_tree(const std::string& root) {
  std::map<std::string, std::string> tree;
  std::map<ino_t, std::string> first_names;
  std::vector<std::string> paths{root};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator{root}) {
    paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
      throw SystemError{errno, "look at a file of a test"};
    }
    const std::string name = path.substr(root.size());
    std::string text = fmt::format("{} {:o} {}.{} {}", kind_of(info), info.st_mode & 07777U,
                                   info.st_mtim.tv_sec, info.st_mtim.tv_nsec, attribute_of(path));
    if (S_ISLNK(info.st_mode)) {
      text += fs::read_symlink(path).string();
    } else if (S_ISREG(info.st_mode)) {
      text += vault::sha256(read_file(path, kFileMax)).hex();
      text += " is " + first_names.try_emplace(info.st_ino, name).first->second;
    }
    tree[name] = text;
  }
  return tree;
}

void make_random_tree(const std::string& path, std::uint64_t seed) {
  RandomNumbers numbers{seed};
  fs::create_directories(path);
  std::vector<std::string> folders{path};
  std::vector<std::string> objects;
  for (int i = 0; i < kFiles; ++i) {
    const std::string& folder = folders[numbers.next() % folders.size()];
    const std::string name =
        folder + "/" + std::to_string(i) + kOddNames[numbers.next() % kOddNames.size()];
    switch (numbers.next() % 10) {
      case 0:
        fs::create_symlink("../somewhere/" + std::to_string(i), name);
        break;
      case 1:
        if (::mkfifo(name.c_str(), 0640) != 0) {
          throw SystemError{errno, "make a fifo"};
        }
        break;
      case 2:
      case 3:
        fs::create_directory(name);
        folders.push_back(name);
        continue;
      default:
        write_file(name, numbers);
        if (numbers.next() % 6 == 0) {
          fs::create_hard_link(name, name + "~");
        }
        if (numbers.next() % 4 == 0) {
          ::chmod(name.c_str(), static_cast<mode_t>(0400 + numbers.next() % 0400));
          static_cast<void>(::setxattr(name.c_str(), "user.test", "value", 5, 0));
        }
        break;
    }
    objects.push_back(name);
  }
  for (const std::string& object : objects) {
    set_times(object, numbers);
  }
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    set_times(*folder, numbers);
  }
}

void change_tree(const std::string& path, std::uint64_t seed) {
  RandomNumbers numbers{seed * 7919};
  int index = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator{path}) {
    if (entry.is_regular_file() && !entry.is_symlink()) {
      const std::uint64_t choice = numbers.next() % 3;
      if (choice == 0) {
        fs::remove(entry.path());
      } else if (choice == 1) {
        ::chmod(entry.path().c_str(), 0600);
        write_file(entry.path().string(), numbers);
        set_times(entry.path().string(), numbers);
      }
    }
  }
  for (; index < 5; ++index) {
    const std::string name = path + "/added-" + std::to_string(seed) + "-" + std::to_string(index);
    UniqueFd file = open_file(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    write_all(file.get(), random_bytes(seed * 1000 + static_cast<std::uint64_t>(index), 150'000),
              name);
    file.close();
    set_times(name, numbers);
  }
}

}  // namespace azekura::tests
