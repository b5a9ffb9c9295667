#pragma once

#include "cli/walked_directories.h"
#include "core/ids.h"
#include "restore/report.h"
#include "restore/tree_view.h"
#include "vault/vault_reader.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace azekura::cli {

/// Why a content cannot be had whole.
struct ContentLoss {
  std::string reason;
  std::vector<restore::LostRange> ranges = {};  ///< if it is known which bytes
  std::set<std::uint32_t> packs = {};  ///< that it needs and that are damaged where it does
};
/// nullopt if nothing of a content is lost.
using ContentCheck = std::function<std::optional<ContentLoss>(const Content& content)>;

/// An item of a snapshot that cannot be had whole. Lifetime: the call it is given to.
struct LostEntry {
  const vault::StoredSnapshot& snapshot;
  const std::string& path;
  const ContentLoss& loss;
  const Entry* entry;  ///< nullptr if the loss is not about its content
};

/// Checks the trees of snapshots, one after the other, and says what of them cannot be had whole.
///
/// Contents that snapshots share are checked once. Lifetime: the reader outlives it.
class TreeCheck {
 public:
  TreeCheck(vault::VaultReader& reader, ContentCheck check,
            std::function<void(const LostEntry& lost)> tell)
      : reader_{reader}, check_{std::move(check)}, tell_{std::move(tell)} {}

  /// Errors: MediumError, InterruptedError.
  void check(const vault::StoredSnapshot& stored);
  /// Items that are lost, in all snapshots checked.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
  /// How many items the snapshots lost with each damaged pack, by their names.
  using LossesByPack = std::map<std::uint32_t, std::map<std::string, std::uint64_t>>;
  [[nodiscard]] const LossesByPack& lost_with() const noexcept { return lost_with_; }

 private:
  /// Whether directories that were found intact before are entered again.
  enum class Shared { skipped, entered };
  /// Whether a walk looked at everything it had to.
  enum class Walked { enough, links_in_doubt };

  Walked walk(const vault::StoredSnapshot& stored, Shared shared);
  /// To the next entry, with a report of each directory that cannot be listed.
  bool advance(const vault::StoredSnapshot& stored, restore::TreeWalk& tree);
  /// Whether the content of the walk's entry, of that digest, was found intact before; looks at
  /// it if not.
  bool was_intact(const vault::StoredSnapshot& stored, const restore::TreeWalk& tree,
                  const Digest& encoded);
  void report(const vault::StoredSnapshot& stored, const std::string& path, const ContentLoss& loss,
              const Entry* entry = nullptr);

  vault::VaultReader& reader_;
  ContentCheck check_;
  std::function<void(const LostEntry& lost)> tell_;
  std::set<Digest> intact_;  ///< of encoded contents
  std::uint64_t lost_ = 0;
  LossesByPack lost_with_;
};

}  // namespace azekura::cli
