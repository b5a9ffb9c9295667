#include "vault/named_medium.h"

#include "core/file_io.h"
#include "vault/medium_layout.h"

#include <filesystem>
#include <optional>
#include <system_error>

namespace azekura::vault {

NamedMedium::NamedMedium(const std::string& name, Access access) {
  std::error_code unknown;
  if (std::filesystem::is_block_file(name, unknown)) {
    mount(absolute_path(name), access);  // the kernel names partitions after the disk
    folder_ = std::make_unique<FolderMedium>(mount_->folder(), name, access);
  } else {
    folder_ = std::make_unique<FolderMedium>(name, access);
  }
}

void NamedMedium::mount(const std::string& device, Access access) {
  std::string partition = device;
  if (const std::optional<MediumLayout> layout = find_layout(device)) {
    partition_ = std::make_unique<FilesPartition>(device, *layout);
    partition = partition_->path();
  }
  mount_ = std::make_unique<PrivateMount>(partition, access);
}

}  // namespace azekura::vault
