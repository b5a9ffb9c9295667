#pragma once

#include "core/bytes.h"

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

/// The smallest disk that is laid out.
inline constexpr std::uint64_t kLaidOutBytesMin = 64 * kMiB;
/// What of a disk is not for its files, at most.
inline constexpr std::uint64_t kLayoutBytes = 3 * kMiB;

/// Replaces all that is on the disk with a GPT of our two partitions.
/// Requires: it has kLaidOutBytesMin. Errors: SystemError.
MediumLayout write_layout(const std::string& device);
/// Our partitions, if the disk has them. Errors: SystemError.
std::optional<MediumLayout> find_layout(const std::string& device);

}  // namespace azekura::vault
