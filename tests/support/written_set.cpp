#include "tests/support/written_set.h"

#include "core/file_io.h"
#include "tests/support/random_bytes.h"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>

namespace azekura::tests {

namespace {

namespace fs = std::filesystem;

constexpr int kSmallFiles = 2500;
constexpr std::size_t kLargeFile = 3 * kMiB;
constexpr std::uint64_t kMediumFileMax = 1 * kGiB;

}  // namespace

void overwrite(const std::string& path, ByteView bytes) {
  UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  write_all(file.get(), bytes, path);
  file.close();
}

WrittenSet::WrittenSet(std::uint64_t seed) {
  site_.add_set("daily");
  const std::string tree = site_.path("tree");
  make_random_tree(tree, seed);
  overwrite(tree + "/large", random_bytes(seed, kLargeFile));
  fs::create_directory(tree + "/many");
  for (int i = 0; i < kSmallFiles; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    overwrite(tree + "/many/" + std::to_string(i), random_bytes(seed + number, 20));
  }
  for (std::uint64_t night = 1; night <= 3; ++night) {
    site_.backup("daily", tree);
    newest_ = describe_tree(tree);
    change_tree(tree, seed + night);
  }
  written_ = files_below(medium());
  copy_tree(medium(), site_.path("as-written"));
}

WrittenSet& WrittenSet::shared() {
  static WrittenSet set{1};
  set.reset();
  return set;
}

void WrittenSet::reset() { copy_tree(site_.path("as-written"), medium()); }

std::vector<std::string> WrittenSet::names() const {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : written_) {
    if (name.starts_with("packs/") || name.starts_with("parity/") || name.starts_with("sessions")) {
      names.push_back(name);
    }
  }
  return names;
}

std::map<std::string, Buffer> files_below(const std::string& folder) {
  std::map<std::string, Buffer> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator{folder}) {
    if (entry.is_regular_file()) {
      const std::string path = entry.path().string();
      files[path.substr(folder.size() + 1)] = read_file(path, kMediumFileMax);
    }
  }
  return files;
}

void spoil(const std::string& path, std::uint64_t offset, std::uint64_t bytes) {
  const UniqueFd file = open_file(path, O_RDWR);
  Buffer part(static_cast<std::size_t>(bytes));
  part.resize(read_some_at(file.get(), part, offset, path));
  for (std::byte& byte : part) {
    byte = byte == std::byte{0} ? std::byte{0xFF} : std::byte{0};
  }
  write_all_at(file.get(), part, offset, path);
}

}  // namespace azekura::tests
