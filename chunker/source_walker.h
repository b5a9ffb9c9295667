#pragma once

#include "chunker/directory_listing.h"
#include "chunker/hard_link_table.h"
#include "chunker/left_out.h"
#include "chunker/object_status.h"
#include "chunker/owner_names.h"
#include "chunker/path_filter.h"
#include "core/entry.h"
#include "core/observer.h"
#include "core/unique_fd.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azekura::chunker {

enum class WalkStep {
  object,  ///< anything that is not walked into
  enter,   ///< a directory; its children follow, then its leave
  leave,   ///< the directory entered last; only entry.flaw says something
};

struct WalkItem {
  WalkStep step = WalkStep::object;
  /// Without content. Complete but for regular files, whose extended attributes and flags are
  /// read with their content.
  Entry entry;
  FileState state;
  bool has_content_elsewhere = false;  ///< a later name of a file already visited
};

/// Visits a tree depth first, names in byte order, following no link below the origin and staying
/// on its mount; another mount's directory, and a folder that is left out, is visited as an empty
/// one, with a notice. Names that patterns leave out, and what lies in a cache that is left out,
/// are not visited; the observer is told each.
///
/// Directories are reached through descriptors, so paths may have any length. Unreadable objects
/// are reported to the observer and visited with a flaw; names that vanish are left out.
/// Lifetime: the observer outlives it.
class SourceWalker {
 public:
  /// Errors: SourceError if the origin is missing, or neither a directory nor a regular file.
  SourceWalker(const std::string& origin, const LeftOut& left_out, Observer& observer);

  /// The next step, or nullopt when the origin has been left.
  std::optional<WalkItem> next();

  /// The directory of the item returned last, and its name there. Lifetime: until next().
  [[nodiscard]] int directory() const noexcept { return directory_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Path of the item returned last, raw bytes.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] OwnerNames& owners() noexcept { return owners_; }
  /// Items the observer was told are left out.
  [[nodiscard]] std::uint64_t excluded_items() const noexcept { return excluded_items_; }

  /// The item returned last has no content after all: the file's next name shall carry it.
  void forget_hard_link(const WalkItem& item) { hard_links_.forget(item.state); }

 private:
  struct Level {
    UniqueFd fd;  ///< closed while deep below it, and for what is not listed
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::size_t path_length = 0;
    std::vector<std::string> names;
    std::size_t next_name = 0;
    EntryFlaw flaw = EntryFlaw::none;
  };

  std::optional<WalkItem> visit(bool is_root);
  std::optional<WalkItem> visit_object(WalkItem item, const ObjectStatus& status);
  std::optional<WalkItem> enter(WalkItem item, ObjectStatus status);
  WalkItem enter_listed(WalkItem item, UniqueFd fd);
  WalkItem enter_unlisted(WalkItem item, std::string_view reason);
  [[nodiscard]] bool is_left_out(const FileState& state) const;
  NameFilter name_filter();
  void keep_only_tag(std::vector<std::string>& names);
  void exclude(const std::string& path);
  WalkItem leave();
  void push(Level level);
  void reopen_top(const Level& below);
  WalkItem unreadable(WalkItem item, std::string_view reason);

  Observer& observer_;
  std::vector<FileState> left_out_folders_;
  PathFilter filter_;
  bool leaves_out_caches_;
  std::uint64_t excluded_items_ = 0;
  OwnerNames owners_;
  HardLinkTable hard_links_;
  UniqueFd root_parent_;
  std::vector<Level> levels_;
  bool is_started_ = false;
  std::uint64_t mount_ = 0;
  int directory_ = -1;
  std::string name_;
  std::string path_;
  std::size_t root_length_ = 0;  ///< of its path, without a slash at the end
};

}  // namespace azekura::chunker
