#pragma once

#include "restore/file_search.h"
#include "restore/file_versions.h"
#include "restore/live_parts.h"
#include "vault/block_maker.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace azekura::cli {

/// Other media of a site, and live sources: whatever may have what a medium has lost.
///
/// A lost chunk is looked for in the files that the medium's snapshots say it is of: under the same
/// source and path, first in the snapshots of each other medium, the newest first, then in the live
/// source as it is now.
class Elsewhere final : public vault::ChunkFinder {
 public:
  /// `reader` is of the medium that has lost something. Lifetime: both outlive it.
  Elsewhere(const vault::FolderMedium& medium, vault::VaultReader& reader)
      : medium_{medium}, damaged_{reader} {}

  /// Another medium of the site, or a copy of this one. Errors: UsageError if the folder is there
  /// already; those of VaultReader.
  void add_medium(const std::string& folder, const vault::RecoveryKey& key);
  /// `source`: like "NAME=PATH". Errors: UsageError if there is no such source or path.
  void add_live(const std::string& source);

  void seek(const LostBytes& lost) override;
  std::optional<vault::ChunkOrigin> find(Position begin, std::uint32_t length,
                                         const std::function<bool(ByteView)>& is_right) override;

  /// Folders of the other media that had to make bytes again until now.
  [[nodiscard]] std::vector<std::string> damaged_media() const;

  /// A file that one of the other media has.
  struct Copy {
    std::string folder;
    std::string snapshot;
  };
  /// Where the file of a snapshot, of this entry, is whole, with the same size and time: at most
  /// one a medium.
  [[nodiscard]] std::vector<Copy> whole_copies(const vault::StoredSnapshot& stored,
                                               const std::string& path, const Entry& entry) const;

 private:
  struct Medium {
    std::unique_ptr<vault::FolderMedium> medium;
    std::unique_ptr<vault::VaultReader> reader;
    std::string holder;
    std::string source;  ///< of the versions
    std::optional<restore::FileVersions> versions;
  };
  struct Live {
    std::string source;
    restore::LiveParts parts;
  };

  static restore::FileVersions& versions_of(Medium& medium, const restore::FileBytes& file);
  static bool has(Medium& medium, const restore::FileBytes& file, std::uint32_t length,
                  const std::function<bool(ByteView)>& is_right);

  const vault::FolderMedium& medium_;
  vault::VaultReader& damaged_;
  std::vector<Medium> media_;
  std::vector<Live> lives_;
  LostBytes lost_;
  std::optional<restore::FileSearch> search_;
};

}  // namespace azekura::cli
