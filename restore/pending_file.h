#pragma once

#include "core/entry.h"
#include "core/ids.h"
#include "restore/file_writer.h"
#include "restore/metadata.h"
#include "restore/path_guard.h"
#include "restore/report.h"

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace azekura::restore {

/// What files are made with. Lifetime: what it refers to outlives who uses it.
struct Target {
  PathGuard& guard;
  MetadataApplier& metadata;
  Reporter& reporter;
};

/// A file to be made.
struct FileTask {
  DirectoryId directory = DirectoryId::target;
  std::string name;
  Attributes attributes;
  std::uint64_t size = 0;
  Digest content;                          ///< of its bytes and gaps
  std::optional<std::uint64_t> hard_link;  ///< its id
};

/// A file that is copied from another of the same content: on a target that can, the two share
/// their blocks.
struct Twin {
  FileTask task;
  std::vector<Extent> extents;
};

/// A file in the making and how far it is.
struct PendingFile {
  PendingFile(FileTask wanted, FileWriter own, std::uint32_t extents,
              std::optional<std::string> known_flaw)
      : task{std::move(wanted)},
        writer{std::move(own)},
        unproven{extents},
        flaw{std::move(known_flaw)} {}

  FileTask task;
  FileWriter writer;
  std::vector<ByteRange> zeros;
  std::vector<Twin> twins;
  std::uint64_t gap_bytes = 0;  ///< holes and zeros
  std::uint64_t proven_bytes = 0;
  std::uint32_t unproven;           ///< extents
  std::optional<std::string> flaw;  ///< known before any of its bytes
  std::optional<std::string> loss;
  std::vector<LostRange> lost_ranges;
  bool is_given_up = false;                              ///< nothing of it can be written
  std::optional<std::list<PendingFile*>::iterator> use;  ///< in its lane, while its file is open
};

}  // namespace azekura::restore
