#include "cli/entry_text.h"

#include "cli/exit_code.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "restore/content_reader.h"
#include "restore/tree_view.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <array>
#include <cstdlib>

namespace azekura::cli {

namespace {

constexpr std::array<std::string_view, 8> kKindNames{
    "", "file", "directory", "symlink", "block_device", "character_device", "fifo", "socket"};
constexpr std::string_view kKindLetters = "?-dlbcps";

std::string mode_text(const Entry& entry) {
  std::string text(1, kKindLetters[static_cast<std::size_t>(entry.kind)]);
  constexpr std::string_view kLetters = "rwxrwxrwx";
  for (unsigned bit = 0; bit < 9; ++bit) {
    text += (entry.mode & 0400U >> bit) != 0 ? kLetters[bit] : '-';
  }
  const auto mark = [&](unsigned bit, std::size_t at, char with_x, char without_x) {
    if ((entry.mode & bit) != 0) {
      text[at] = text[at] == 'x' ? with_x : without_x;
    }
  };
  mark(04000, 3, 's', 'S');
  mark(02000, 6, 's', 'S');
  mark(01000, 9, 't', 'T');
  return text;
}

std::uint64_t size_of(const Entry& entry) {
  return entry.kind == EntryKind::file && entry.content ? entry.content->size : 0;
}

}  // namespace

std::string_view kind_name(EntryKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

std::string entry_line(const std::string& path, const Entry& entry) {
  const std::string user = entry.user.empty() ? std::to_string(entry.uid) : entry.user;
  const std::string group = entry.group.empty() ? std::to_string(entry.gid) : entry.group;
  std::string line = fmt::format("{} {:<8} {:<8} {:>12} {} {}", mode_text(entry), printable(user),
                                 printable(group), size_of(entry), local_time_text(entry.modified),
                                 printable(path));
  if (entry.kind == EntryKind::symlink) {
    line += " -> " + printable(entry.link_target);
  }
  if (entry.flaw != EntryFlaw::none) {
    line += in_language(entry.flaw == EntryFlaw::unreadable ? "  [unreadable]"
                                                            : "  [changed while read]");
  }
  return line;
}

Json entry_object(const std::string& path, const Entry& entry) {
  Json object{{"event", "entry"}};
  put_name(object, "path", path);
  put_entry(object, entry);
  return object;
}

void put_entry(Json& object, const Entry& entry) {
  object["kind"] = kind_name(entry.kind);
  object["mode"] = fmt::format("{:04o}", entry.mode);
  object["uid"] = entry.uid;
  object["gid"] = entry.gid;
  object["size"] = size_of(entry);
  object["modified"] = {entry.modified.seconds, entry.modified.nanoseconds};
  if (entry.content) {
    object["digest"] = entry.content->digest.hex();
  }
  if (entry.kind == EntryKind::symlink) {
    put_name(object, "target", entry.link_target);
  }
  if (entry.hard_link) {
    object["hard_link"] = entry.hard_link->id;
  }
  if (entry.flaw != EntryFlaw::none) {
    object["flaw"] = entry.flaw == EntryFlaw::unreadable ? "unreadable" : "changed_while_read";
  }
}

restore::SpillFile open_spill_file() {
  const char* const directory = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): no setenv
  return restore::SpillFile{directory != nullptr && *directory != '\0' ? directory : "/var/tmp"};
}

int write_entry_to_stdout(ExtentSource& source, const Entry& root, const Entry& file,
                          const restore::SpillFile& spill, const SpareFile& spare, Output& output) {
  const std::optional<Content> content = restore::find_content(source, root, file);
  if (!content) {
    throw DamageError{"the snapshot has no content of this file; it could not be read"};
  }
  restore::write_content(
      source, *content, [](ByteView bytes) { write_all(STDOUT_FILENO, bytes, "standard output"); },
      spill, spare.source, spare.path);
  if (file.flaw == EntryFlaw::none) {
    return 0;
  }
  output.warn(
      "this file was unreadable in part, or changed, when it was backed up: it may not be whole");
  return exit_code_of(ErrorKind::incomplete);
}

}  // namespace azekura::cli
