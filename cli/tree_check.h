#pragma once

#include "cli/output.h"
#include "cli/walked_directories.h"
#include "core/ids.h"
#include "restore/tree_view.h"
#include "vault/verifier.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace azekura::cli {

/// Checks the trees of snapshots, one after the other, and says what of them cannot be had whole.
///
/// Contents that snapshots share are checked once. Lifetime: all outlive it.
class TreeCheck {
 public:
  TreeCheck(vault::DeepVerifier& verifier, vault::VaultReader& reader, Output& output)
      : verifier_{verifier}, reader_{reader}, output_{output} {}

  /// Requires: the verifier has verified the packs. Errors: MediumError, InterruptedError.
  void check(const vault::StoredSnapshot& stored);
  /// Items that are lost, in all snapshots checked.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
  /// Says which snapshots lost something with which damaged pack.
  void report_packs() const;

 private:
  /// Whether directories that were found intact before are entered again.
  enum class Shared { skipped, entered };
  /// Whether a walk looked at everything it had to.
  enum class Walked { enough, links_in_doubt };

  Walked walk(const vault::StoredSnapshot& stored, Shared shared);
  /// To the next entry, with a report of each directory that cannot be listed.
  bool advance(const vault::StoredSnapshot& stored, restore::TreeWalk& tree);
  /// The walk's entry is a directory that was walked before, elsewhere in this snapshot: it is
  /// entered again only to name what is lost in it.
  void meet_again(const vault::StoredSnapshot& stored, restore::TreeWalk& tree,
                  const DirectoryFindings& before);
  /// Whether the content of the walk's entry, of that digest, was found intact before; looks at
  /// it if not.
  bool was_intact(const vault::StoredSnapshot& stored, const restore::TreeWalk& tree,
                  const Digest& encoded);
  void report(const vault::StoredSnapshot& stored, const std::string& path,
              std::string_view problem);

  vault::DeepVerifier& verifier_;
  vault::VaultReader& reader_;
  Output& output_;
  std::set<Digest> intact_;  ///< of encoded contents
  std::uint64_t lost_ = 0;
  /// Items by the snapshot they are in, by the damaged pack they need.
  std::map<std::uint32_t, std::map<std::string, std::uint64_t>> lost_with_;
};

}  // namespace azekura::cli
