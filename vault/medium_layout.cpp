#include "vault/medium_layout.h"

#include "vault/disk_probe.h"

#include <cstring>

namespace azekura::vault {

namespace {

/// Whether text is this GUID, in upper or lower case.
bool is_guid(const std::string& text, const char* guid) {
  return ::strcasecmp(text.c_str(), guid) == 0;
}

}  // namespace

std::optional<MediumLayout> find_layout(const std::string& device) {
  MediumLayout layout;
  for (const Partition& partition : DiskProbe{device}.partitions()) {
    if (is_guid(partition.type, kLabelPartitionType) && partition.bytes >= kLabelPartitionBytes &&
        layout.label_offset == 0) {
      layout.label_offset = partition.offset;
    } else if (is_guid(partition.type, kFilesPartitionType) && layout.files_bytes == 0) {
      layout.files_offset = partition.offset;
      layout.files_bytes = partition.bytes;
      layout.files_partition = partition.number;
    }
  }
  const bool is_ours = layout.label_offset > 0 && layout.files_bytes > 0;
  return is_ours ? std::optional{layout} : std::nullopt;
}

}  // namespace azekura::vault
