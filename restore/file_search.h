#pragma once

#include "core/extent_source.h"
#include "core/lost_bytes.h"
#include "core/snapshot.h"
#include "restore/report.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace azekura::restore {

/// The bytes of a content that are lost, in file order.
/// Errors: those of resolve_extents.
std::vector<LostRange> lost_ranges(ExtentSource& source, const Content& content,
                                   const LostBytes& lost);

/// Bytes of a file, as its snapshot names it.
struct FileBytes {
  std::string source;
  std::string path;  ///< raw, from the source's root; empty for the root itself
  std::uint64_t offset = 0;

  bool operator==(const FileBytes&) const = default;
};

/// Finds which files have the bytes that a medium has lost, so that whoever else has these files
/// can be asked for them.
class FileSearch {
 public:
  /// Lifetime: both outlive it.
  FileSearch(ExtentSource& source, const LostBytes& lost) : source_{source}, lost_{lost} {}

  /// Looks through a snapshot, but for directories that one of this source had alike.
  void add(const Snapshot& snapshot);
  /// Some files that have these bytes, in the order in which they were met.
  [[nodiscard]] std::vector<FileBytes> find(Position begin, std::uint32_t length) const;

 private:
  struct Run {
    std::uint64_t length = 0;
    FileBytes file;
  };

  void add_file(const std::string& source, const std::string& path, const Content& content);
  void add_run(Position begin, Run run);

  ExtentSource& source_;
  const LostBytes& lost_;
  std::set<std::pair<std::string, Digest>> entered_;  ///< directories, of each source
  std::multimap<Position, Run> runs_;
  std::uint64_t longest_ = 0;
};

}  // namespace azekura::restore
