#pragma once

#include "cli/other_media.h"
#include "restore/file_search.h"
#include "restore/live_parts.h"
#include "vault/block_maker.h"

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
      : damaged_{reader}, media_{medium} {}

  [[nodiscard]] OtherMedia& media() noexcept { return media_; }
  [[nodiscard]] const OtherMedia& media() const noexcept { return media_; }
  /// `source`: like "NAME=PATH". Errors: UsageError if there is no such source or path.
  void add_live(const std::string& source);

  void seek(const LostBytes& lost) override;
  std::optional<vault::ChunkOrigin> find(Position begin, std::uint32_t length,
                                         const std::function<bool(ByteView)>& is_right) override;

 private:
  struct Live {
    std::string source;
    restore::LiveParts parts;
  };

  vault::VaultReader& damaged_;
  OtherMedia media_;
  std::vector<Live> lives_;
  LostBytes lost_;
  std::optional<restore::FileSearch> search_;
};

}  // namespace azekura::cli
