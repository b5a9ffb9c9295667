#pragma once

#include "core/bytes.h"

#include <cstdint>
#include <optional>
#include <string>

namespace azekura::vault {

// docs/format.md, section 6.
inline constexpr const char* kLabelPartitionType = "9C6F5A0E-3F1B-4F0E-9D3A-6C6162656C00";
inline constexpr const char* kFilesPartitionType = "9C6F5A0E-3F1B-4F0E-9D3A-617A656B7572";
inline constexpr std::uint64_t kLabelPartitionBytes = 1 * kMiB;

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

/// Our partitions, if the disk has them. Errors: SystemError.
std::optional<MediumLayout> find_layout(const std::string& device);

}  // namespace azekura::vault
