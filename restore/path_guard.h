#pragma once

#include "core/unique_fd.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace azekura::restore {

/// A directory made in the target; later ones have larger numbers than those above them.
enum class DirectoryId : std::uint32_t { target = 0 };

/// What the target may hold before: a tree becomes the target itself and wants it empty, or as an
/// interrupted run left it; a single object only needs its name to be free.
enum class TargetState { empty, resumed, any };

/// Opens the target directory, made if it is absent. Errors: UsageError if it is none.
UniqueFd open_target(const std::string& target);

/// Confines every file-system step to the target directory, whatever names the vault gives.
///
/// Each step takes one name in one directory that was itself reached from the target name by name,
/// by openat2 beneath it, through no link and onto no other mount, so paths may be of any length.
/// Nothing that exists is written, followed or replaced. New objects are private to us until
/// metadata is applied.
/// Errors: DamageError for a name no entry may have; SystemError naming the path.
/// Threads: any, but none while a directory is made or adopted.
/// Source: openat2(2).
class PathGuard {
 public:
  using DirectoryHandle = std::shared_ptr<const UniqueFd>;

  /// Makes the target if it is absent; with a `folder`, that directory in it is what this guards.
  /// `own_name` may be in an empty one. Errors: UsageError if it is not a directory, or not an
  /// empty one where `state` wants that.
  PathGuard(const std::string& target, TargetState state, const std::string& folder = {},
            const std::string& own_name = {});

  DirectoryId make_directory(DirectoryId parent, const std::string& name);
  /// Takes a directory that is there, private to us again; nullopt if `is_ours` says no of its
  /// descriptor, which gives nothing but its state.
  std::optional<DirectoryId> adopt_directory(DirectoryId parent, const std::string& name,
                                             const std::function<bool(int)>& is_ours);
  [[nodiscard]] std::size_t directory_count() const noexcept { return nodes_.size(); }
  /// An open descriptor of the directory. At most kOpenDirectories are kept.
  DirectoryHandle directory(DirectoryId id);

  /// Creates a file, for writing and reading.
  UniqueFd create_file(DirectoryId directory, const std::string& name);
  /// Opens a regular file; `flags` as in open(2). Errors: also if it is of another kind by now.
  UniqueFd open_file(DirectoryId directory, const std::string& name, int flags);
  /// An O_PATH descriptor of the link, FIFO or device just made. Errors: also if it is of another
  /// type (S_IFMT bits) by now, or has a second name, which would lead to what is not ours.
  UniqueFd open_node(DirectoryId directory, const std::string& name, mode_t type);
  /// The object of this name itself; nullopt if there is none.
  std::optional<struct stat> look_at(DirectoryId directory, const std::string& name);
  /// `name` and `suffix`, and a number if that is taken; a long name loses its end.
  std::string free_name(DirectoryId directory, const std::string& name, const std::string& suffix);
  /// Names in a directory, sorted.
  std::vector<std::string> list(DirectoryId directory);
  std::string read_link(DirectoryId directory, const std::string& name);
  /// Renames within a directory; never replaces.
  void place(DirectoryId directory, const std::string& temporary, const std::string& name);
  void remove(DirectoryId directory, const std::string& name);
  /// False if the directory of this name is not empty.
  bool remove_if_empty(DirectoryId directory, const std::string& name);
  void make_symlink(DirectoryId directory, const std::string& name, const std::string& target);
  /// `type` is S_IFIFO, S_IFBLK or S_IFCHR.
  void make_node(DirectoryId directory, const std::string& name, mode_t type, dev_t device);
  /// Gives the object `name` in `directory` the further name `new_name`.
  void link(DirectoryId directory, const std::string& name, DirectoryId new_directory,
            const std::string& new_name);

  /// The path of an entry beneath the target, raw.
  [[nodiscard]] std::string path(DirectoryId directory, const std::string& name) const;
  [[nodiscard]] std::string path(DirectoryId directory) const;

  /// Flushes the target's file system. Errors: also those of earlier writes.
  void sync();

 private:
  struct Node {
    DirectoryId parent = DirectoryId::target;
    std::string name;
  };
  struct Open {
    DirectoryHandle handle;
    std::list<DirectoryId>::iterator use;
  };

  DirectoryHandle find_open(DirectoryId id);
  DirectoryHandle keep_open(DirectoryId id, UniqueFd fd);
  static UniqueFd open_beneath(int directory, const std::string& name, int flags);

  static constexpr std::size_t kOpenDirectories = 64;

  std::string target_;
  DirectoryHandle root_;
  std::vector<Node> nodes_;  ///< by DirectoryId
  std::unordered_map<DirectoryId, Open> open_;
  std::list<DirectoryId> uses_;  ///< latest first
  std::mutex opening_;           ///< guards what is open
};

}  // namespace azekura::restore
