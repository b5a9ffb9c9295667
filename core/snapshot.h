#pragma once

#include "core/byte_reader.h"
#include "core/byte_writer.h"
#include "core/entry.h"
#include "core/signals.h"

#include <optional>
#include <string>

namespace azekura {

enum class SourceKind : std::uint8_t {
  tree = 1,    ///< a directory and all below it, or one file
  stream = 2,  ///< the standard output of a command
};

/// What is read: a tree at `origin`, or the output of the command `origin`.
struct Source {
  std::string name;
  SourceKind kind = SourceKind::tree;
  std::string origin;

  bool operator==(const Source&) const = default;
};

struct SnapshotTotals {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;       ///< logical bytes of all contents
  std::uint64_t read_bytes = 0;  ///< of these, read tonight
  std::uint64_t flawed = 0;      ///< entries with a flaw

  bool operator==(const SnapshotTotals&) const = default;
};

/// How a stream's command ended.
struct CommandEnd {
  std::int32_t exit_status = 0;  ///< 128 + signal if a signal ended it
  std::string error_text;        ///< the first kTextMax bytes of its standard error

  bool operator==(const CommandEnd&) const = default;
};

/// One source at one time. docs/format.md, section 8.
struct Snapshot {
  Source source;
  Timestamp started;
  Timestamp finished;
  bool complete = false;  ///< nothing was unreadable, and a command ended with status 0
  Entry root;             ///< unnamed; a stream's root is a file
  SnapshotTotals totals;
  std::optional<CommandEnd> command_end;  ///< streams only
  std::optional<Signals> signals;         ///< absent if a writer without them made it

  bool operator==(const Snapshot&) const = default;
};

/// All but the signals, which have a place of their own.
void encode_snapshot(ByteWriter& out, const Snapshot& snapshot);
Snapshot decode_snapshot(ByteReader& in);

/// 1 to 64 characters of a-z, 0-9, '-', '_', '.', not starting with '.' or '-': names of sources
/// and sets, safe as a file name and on a command line.
bool is_valid_label(std::string_view name) noexcept;

}  // namespace azekura
