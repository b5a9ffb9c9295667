#include "vault/medium_finder.h"

#include "core/error.h"
#include "vault/disk_label.h"

#include <optional>
#include <utility>

namespace azekura::vault {

FoundMedia find_media() {
  FoundMedia found;
  for (BlockDevice& device : all_devices()) {
    try {
      const std::optional<MediumLayout> layout = find_layout(device.path);
      if (!layout) {
        continue;
      }
      try {
        const Label label = read_disk_label(device.path, *layout);
        found.media.push_back({std::move(device), *layout, label});
      } catch (const Error& error) {
        found.unknown.push_back({std::move(device), error.what()});
      }
    } catch (const SystemError&) {  // a disk that cannot be read is none of ours
      continue;
    }
  }
  return found;
}

}  // namespace azekura::vault
