#pragma once

#include "cli/medium_access.h"
#include "cli/other_media.h"
#include "core/spare_source.h"
#include "restore/spill_file.h"

#include <map>
#include <string>
#include <vector>

namespace azekura::cli {

/// Gives bytes that the medium of --from has lost, of files of one of its snapshots, from the other
/// media: under the same source and path, whatever version there has them.
///
/// No byte is believed: each chunk has its id under this medium's set, and an extent the digest
/// that this medium's signed tree says. If the pack says nothing of its chunks any more, the
/// other's bytes are cut as the file's were.
/// Threads: one caller.
class SpareMedia final : public SpareSource {
 public:
  /// Lifetime: all outlive it.
  SpareMedia(vault::VaultReader& reader, const vault::StoredSnapshot& stored, OtherMedia& others);

  void fetch(const std::string& path, std::uint64_t offset, const WantedExtent& wanted,
             ExtentReceiver& receiver) override;

  /// Tells of every file that has bytes of others; returns how many files.
  std::uint64_t report(Output& output) const;

 private:
  [[nodiscard]] std::vector<WantedExtent> chunks_of(const std::string& path, std::uint64_t offset,
                                                    const WantedExtent& extent);
  [[nodiscard]] std::vector<WantedExtent> cut_elsewhere(const std::string& path,
                                                        std::uint64_t offset,
                                                        const WantedExtent& extent);
  [[nodiscard]] std::optional<Buffer> find(const std::string& path, std::uint64_t offset,
                                           const WantedExtent& chunk);

  vault::VaultReader& reader_;
  const vault::StoredSnapshot& stored_;
  OtherMedia& others_;
  vault::Hmac hasher_;
  /// Bytes by path and folder.
  std::map<std::string, std::map<std::string, std::uint64_t>> given_;
};

/// The media of --with, taken from `open` and opened with the key of --from. Errors: those of
/// OtherMedia::add.
OtherMedia open_others(OpenMedium& open, const MediumOptions& options);

/// Writes a file of a snapshot to standard output as write_entry_to_stdout does, with the help of
/// others; returns the exit code. `path`: of the file.
int write_file_to_stdout(const OpenMedium& open, const vault::StoredSnapshot& stored,
                         const std::string& path, OtherMedia& others,
                         const restore::SpillFile& spill, Output& output);

/// What to say at the end of a command that was given other media: which of them is damaged, and
/// how their help to `files` files changes its exit code.
int report_others(const OtherMedia& others, std::uint64_t files, int code, Output& output);

}  // namespace azekura::cli
