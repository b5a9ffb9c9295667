#include "vault/medium_setup.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/folder_medium.h"
#include "vault/medium_texts.h"

#include <string>
#include <string_view>
#include <vector>

namespace azekura::vault {

namespace {

constexpr std::uint64_t kProgramBytesMax = 256 * kMiB;

/// What the file system itself puts there.
constexpr std::string_view kNotOurs = "lost+found";

}  // namespace

Label new_label(const Site& site, const SetSecrets& set, std::uint64_t capacity) {
  Label label;
  label.site = site.id();
  label.set = set.id;
  label.medium = random_id<MediumId>();
  label.capacity = capacity;
  label.writer = site.writer();
  return label;
}

Buffer read_restore_program(const std::string& path) {
  std::optional<Buffer> program = read_file_if_any(path, kProgramBytesMax);
  if (!program) {
    UsageError error{"the restore program \"{}\", which goes onto every medium, is not there",
                     printable(path)};
    error.set_hint("install azekura completely; azekura-restore lies beside azekura");
    throw error;
  }
  return *std::move(program);
}

void fill_new_medium(FolderMedium& medium, ByteView label, ByteView restore_program) {
  medium.append("README.txt", as_bytes(medium_readme()));
  medium.append("はじめに.txt", as_bytes(medium_readme_ja()));
  medium.append("format.md", as_bytes(format_specification()));
  medium.append("azekura-restore", restore_program, 0755);
  medium.append("label", label);
  medium.commit();
}

void set_up_medium(const Site& site, const SetSecrets& set, const std::string& folder,
                   const std::string& restore_program) {
  const Buffer program = read_restore_program(restore_program);
  const std::string parent = folder.substr(0, folder.find_last_of('/'));
  if (!parent.empty() && !exists(parent)) {
    MediumError error{"\"{}\", which would hold the medium, is not there", printable(parent)};
    error.set_hint("mount the medium's file system first");
    throw error;
  }
  make_directory(folder, 0755);
  std::vector<std::string> names = list_directory(folder);
  std::erase(names, kNotOurs);
  if (!names.empty()) {
    UsageError error{"\"{}\" is not empty", printable(folder)};
    error.set_hint("a medium begins empty; choose another folder, or empty this one yourself");
    throw error;
  }
  try {
    FolderMedium medium{folder, Access::append};
    fill_new_medium(medium, new_label(site, set, 0).encode(site.host_key()), program);
  } catch (const Error&) {
    try_to_empty(folder, kNotOurs);  // it was empty: all else in it is ours
    throw;
  }
}

}  // namespace azekura::vault
