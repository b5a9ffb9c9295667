#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace azekura::vault {

/// Our two partitions of a medium's disk. docs/format.md, section 6.
struct MediumLayout {
  std::uint64_t label_offset = 0;  ///< bytes; of the partition with the label
  std::uint64_t files_offset = 0;  ///< of the partition with the file system
  std::uint64_t files_bytes = 0;
  unsigned files_partition = 0;  ///< its number

  bool operator==(const MediumLayout&) const = default;
};

/// Replaces all that is on the disk with a GPT of our two partitions.
/// Errors: SystemError; UsageError if the disk is too small.
MediumLayout write_layout(const std::string& device);
/// Our partitions, if the disk has them. Errors: SystemError.
std::optional<MediumLayout> find_layout(const std::string& device);

}  // namespace azekura::vault
