#include "vault/named_medium.h"

#include "core/file_io.h"
#include "vault/medium_layout.h"

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace azekura::vault {

NamedMedium::NamedMedium(std::string name, Access access)
    : name_{std::move(name)}, access_{access} {
  std::error_code unknown;
  if (std::filesystem::is_block_file(name_, unknown)) {
    mount();
  }
}

void NamedMedium::mount() {
  std::string partition = absolute_path(name_);  // the kernel names partitions after the disk
  if (const std::optional<MediumLayout> layout = find_layout(partition)) {
    partition_ = std::make_unique<FilesPartition>(partition, *layout);
    partition = partition_->path();
  }
  mount_ = std::make_unique<PrivateMount>(partition, access_);
}

void NamedMedium::open() {
  folder_ = is_disk() ? std::make_unique<FolderMedium>(mount_->folder(), name_, access_)
                      : std::make_unique<FolderMedium>(name_, access_);
}

std::string NamedMedium::own_path() const {
  return is_disk() ? mount_->own_path() : absolute_path(name_);
}

}  // namespace azekura::vault
