#pragma once

#include "cli/invocation.h"
#include "restore/file_versions.h"
#include "vault/named_medium.h"
#include "vault/vault_reader.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace azekura::cli {

/// The snapshots of a source on a medium, the newest first.
std::vector<const vault::StoredSnapshot*> snapshots_of(const vault::VaultReader& reader,
                                                       const std::string& source);

/// The media of --with: others of the site than the one of --from.
///
/// What they say is theirs: callers prove bytes. Threads: one caller.
class OtherMedia {
 public:
  /// Lifetime: `medium`, that of --from, outlives it.
  explicit OtherMedia(const vault::FolderMedium& medium) : medium_{medium} {}

  /// A medium of any of the site's sets, or a copy of the one of --from. Errors: UsageError if it
  /// is that one, or there already, or has nothing; those of VaultReader.
  void add(vault::NamedMedium medium, const vault::RecoveryKey& key);
  [[nodiscard]] bool empty() const noexcept { return media_.empty(); }

  /// Where some bytes were found.
  struct Found {
    const std::string& folder;  ///< of the medium
    std::string holder;         ///< the medium by its id, which names no place
    Buffer bytes;
  };
  /// Bytes of a file, from the first version of it that has the right ones at this place; nullopt
  /// if there is none. Errors: MediumError.
  std::optional<Found> find(const std::string& source, const std::string& path,
                            std::uint64_t offset, std::uint32_t length,
                            const std::function<bool(ByteView)>& is_right);

  /// A version of a file.
  struct Version {
    ExtentSource& reader;
    std::span<const Extent> extents;
  };
  /// Shows every version that a medium has of a file until `is_enough`: medium by medium, the
  /// newest first. Errors: those of `is_enough`; MediumError.
  void visit_versions(const std::string& source, const std::string& path,
                      const std::function<bool(const Version&)>& is_enough);

  /// A file that one of them has.
  struct Copy {
    std::string folder;
    std::string snapshot;
  };
  /// Where the file of a source, of this entry, is whole, with the same size and time: at most one
  /// a medium.
  [[nodiscard]] std::vector<Copy> whole_copies(const std::string& source, const std::string& path,
                                               const Entry& entry) const;

  /// Folders of those that had to make bytes again until now.
  [[nodiscard]] std::vector<std::string> damaged() const;

 private:
  struct Medium {
    vault::NamedMedium medium;
    std::unique_ptr<vault::VaultReader> reader;
    std::string holder;
    std::string source;  ///< of the versions
    std::optional<restore::FileVersions> versions;
    std::size_t right = 0;  ///< the version that was right last
  };

  static restore::FileVersions& versions_of(Medium& medium, const std::string& source,
                                            const std::string& path);
  static std::optional<Buffer> find_in(Medium& medium, std::size_t version, std::uint64_t offset,
                                       std::uint32_t length,
                                       const std::function<bool(ByteView)>& is_right);

  const vault::FolderMedium& medium_;
  std::vector<Medium> media_;
};

/// Says which of them is damaged.
void warn_of_damaged(const OtherMedia& media, Output& output);

}  // namespace azekura::cli
