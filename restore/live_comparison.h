#pragma once

#include "core/entry.h"
#include "core/extent_source.h"
#include "core/observer.h"
#include "core/snapshot.h"
#include "restore/report.h"
#include "restore/spill_file.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace azekura::restore {

enum class LiveScope {
  sample,  ///< of up to kSampledFiles files, what sampled_ranges (sampling.h) draws
  all,     ///< every byte of every file
};
inline constexpr std::size_t kSampledFiles = 1000;

enum class LiveFindingKind {
  alarm,       ///< other bytes under the same size and mtime
  unreadable,  ///< the live file or directory cannot be read
  lost,        ///< the snapshot's cannot be had
};

struct LiveFinding {
  LiveFindingKind kind = LiveFindingKind::alarm;
  std::string path;    ///< from the source's root; raw bytes
  std::string reason;  ///< printable; empty for an alarm
  ByteRange differs;   ///< alarm only: from the first byte that differs until many agree again
  Timestamp changed;   ///< alarm only: when the live file's inode changed last (ctime)
};

struct LiveSettings {
  std::string path;  ///< of the live source
  LiveScope scope = LiveScope::sample;
};

/// What a comparison came to. Files are the regular ones of the snapshot; a further name of one
/// counts only if it no longer leads to it.
struct LiveReport {
  std::uint64_t files = 0;
  std::uint64_t same = 0;      ///< of the same size and mtime
  std::uint64_t changed = 0;   ///< of another size, mtime or kind
  std::uint64_t gone = 0;      ///< not to be reached any more
  std::uint64_t added = 0;     ///< names that the snapshot's directories do not have
  std::uint64_t flawed = 0;    ///< not whole in the snapshot: not looked at
  std::uint64_t compared = 0;  ///< files whose bytes were, or what of them was drawn
  std::uint64_t bytes = 0;     ///< that were compared
  std::uint64_t alarms = 0;
  std::uint64_t unreadable = 0;  ///< files, and directories, whose files are not counted
  std::uint64_t lost = 0;
};

/// Compares a snapshot of a tree with that tree as it is now: every file's size and mtime, and
/// bytes of those that have kept both. Only an alarm is not in the nature of things.
///
/// A file that changes while it is compared is no alarm. `report` takes each finding as it is made.
/// Memory: a record for each file with several names; the names of the directories on the way.
/// Errors: UsageError if there is no live source; SystemError for `spill`; MediumError.
LiveReport compare_with_live(ExtentSource& source, const Snapshot& snapshot,
                             const LiveSettings& settings, const SpillFile& spill,
                             Observer& observer,
                             const std::function<void(const LiveFinding&)>& report);

}  // namespace azekura::restore
