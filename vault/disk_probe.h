#pragma once

#include "core/unique_fd.h"

#include <cstdint>
#include <string>
#include <vector>

namespace azekura::vault {

/// One entry of a disk's partition table, as the table claims it.
struct Partition {
  unsigned number = 0;
  std::uint64_t offset = 0;  ///< bytes
  std::uint64_t bytes = 0;
  std::string type;  ///< in a GPT a GUID, in lower case
  std::string name;  ///< empty if it has none
};

/// What a part of a disk starts with: a file system, swap, a volume of a RAID.
struct DiskContent {
  std::string type;   ///< as mount calls it; empty if nothing is known
  std::string label;  ///< any bytes; empty if it has none
};

/// What lies on a disk or a partition, read from the device: nothing is mounted. The one place
/// that knows libblkid. What cannot be read is as if it were not there.
class DiskProbe {
 public:
  /// Errors: SystemError if `device` cannot be opened.
  explicit DiskProbe(const std::string& device);

  /// In the table's order; none without a table.
  [[nodiscard]] std::vector<Partition> partitions() const;
  /// Of the bytes from `offset` on; zero `bytes`: up to the end.
  [[nodiscard]] DiskContent content(std::uint64_t offset = 0, std::uint64_t bytes = 0) const;

 private:
  UniqueFd file_;
};

}  // namespace azekura::vault
