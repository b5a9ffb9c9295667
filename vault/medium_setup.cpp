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

void fill(FolderMedium& medium, const Site& site, const SetSecrets& set, ByteView program) {
  medium.append("README.txt", as_bytes(medium_readme()));
  medium.append("はじめに.txt", as_bytes(medium_readme_ja()));
  medium.append("format.md", as_bytes(format_specification()));
  medium.append("azekura-restore", program, 0755);
  Label label;
  label.site = site.id();
  label.set = set.id;
  label.medium = random_id<MediumId>();
  label.writer = site.writer();
  medium.append("label", label.encode(site.host_key()));
  medium.commit();
}

}  // namespace

void set_up_medium(const Site& site, const SetSecrets& set, const std::string& folder,
                   const std::string& restore_program) {
  const std::optional<Buffer> program = read_file_if_any(restore_program, kProgramBytesMax);
  if (!program) {
    UsageError error{"the restore program \"{}\", which goes onto every medium, is not there",
                     printable(restore_program)};
    error.set_hint("install azekura completely; azekura-restore lies beside azekura");
    throw error;
  }
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
    fill(medium, site, set, *program);
  } catch (const Error&) {
    try_to_empty(folder, kNotOurs);  // it was empty: all else in it is ours
    throw;
  }
}

}  // namespace azekura::vault
