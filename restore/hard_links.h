#pragma once

#include "core/entry.h"
#include "restore/path_guard.h"
#include "restore/report.h"
#include "restore/resumption.h"

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace azekura::restore {

/// Further names of objects whose first name is being restored.
///
/// Lifetime: what it refers to outlives it.
class HardLinks {
 public:
  HardLinks(PathGuard& guard, Reporter& reporter, Resumption& resumption)
      : guard_{guard}, reporter_{reporter}, resumption_{resumption} {}

  [[nodiscard]] bool knows(std::uint64_t id) const { return firsts_.contains(id); }
  /// `content`: of a file. Requires: the id is not known yet.
  void add_first(std::uint64_t id, EntryKind kind, const std::optional<Digest>& content,
                 DirectoryId directory, const std::string& name);
  /// The first name's file is in place and looks so. Requires: the id is known.
  void note_placed(std::uint64_t id, const struct stat& info);
  /// Requires: the id is known. An object of another kind than the first, or one that says it has
  /// another content, is reported lost.
  void add_further(std::uint64_t id, EntryKind kind, const std::optional<Digest>& content,
                   DirectoryId directory, const std::string& name);
  [[nodiscard]] bool is_full() const noexcept;
  /// Makes the further names; one whose first name is not there is lost with it.
  /// Requires: all first names are made or lost.
  void run();

 private:
  struct First {
    EntryKind kind = EntryKind::file;
    std::optional<Digest> content;
    DirectoryId directory = DirectoryId::target;
    std::string name;
    std::optional<ino_t> inode;  ///< of a file, once it is in place
  };
  struct Further {
    std::uint64_t id = 0;
    DirectoryId directory = DirectoryId::target;
    std::string name;
  };

  void make(const Further& further);
  void link(const First& first, const Further& further);

  PathGuard& guard_;
  Reporter& reporter_;
  Resumption& resumption_;
  std::unordered_map<std::uint64_t, First> firsts_;
  std::vector<Further> waiting_;
};

}  // namespace azekura::restore
