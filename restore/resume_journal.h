#pragma once

#include "core/bytes.h"
#include "core/ids.h"
#include "core/unique_fd.h"

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace azekura::restore {

/// A keyed hash that nobody can compute who has only the target; its key is of one restore: these
/// snapshots, these options.
using Tagger = std::function<Digest(ByteView)>;

/// Whether a target may hold what an interrupted run of the same restore left.
enum class Resuming { no, yes };

/// What a restore has finished in its target, for a later run of it: a file in the target that is
/// removed at the end.
///
/// It holds tags only: a keyed hash of a finished file's path, inode, size and times, so that a
/// file counts as finished only if nothing has touched it since, and nothing written into the
/// journal by somebody else counts at all. What was finished before the machine went down counts
/// only up to the last checkpoint, which follows a flush of the file system.
/// Errors: SystemError.
class ResumeJournal {
 public:
  /// Makes the target if it is absent. Errors: UsageError if it is not a directory, or holds
  /// anything but, with Resuming::yes, an interrupted run of this restore; BusyError if that is
  /// still running.
  ResumeJournal(const std::string& target, Tagger tagger, Resuming resuming);

  /// True if there is an earlier run to go on from.
  [[nodiscard]] bool is_resumed() const noexcept { return is_resumed_; }
  /// Its own name in the target.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// True if the file at `path`, which looks like `info`, is as it was when it was added.
  [[nodiscard]] bool has_file(const std::string& path, const struct stat& info) const;
  void add_file(const std::string& path, const struct stat& info);
  /// The same of a directory that the restore made, whatever was changed in it since.
  [[nodiscard]] bool has_directory(const std::string& path, int directory) const;
  void add_directory(const std::string& path, int directory);

  /// All is done: removes the journal, if it is still there.
  void remove();

 private:
  static constexpr std::size_t kTagBytes = 16;
  using Tag = std::array<std::byte, kTagBytes>;

  [[nodiscard]] Tag tag_of(ByteView bytes) const;
  [[nodiscard]] Tag checkpoint_tag(std::uint64_t number) const;
  [[nodiscard]] Tag boot_tag() const;
  void begin();
  void load();
  void append(const Tag& tag);
  void checkpoint();

  std::string target_;
  Tagger tagger_;
  std::string name_;
  UniqueFd directory_;
  UniqueFd file_;
  bool is_resumed_ = false;
  std::vector<Tag> known_;       ///< of earlier runs, sorted
  std::uint64_t records_ = 0;    ///< in the file
  std::uint64_t unflushed_ = 0;  ///< bytes of files added since the last checkpoint
};

}  // namespace azekura::restore
