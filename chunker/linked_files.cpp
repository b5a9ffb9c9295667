#include "chunker/linked_files.h"

namespace azekura::chunker {

void LinkedFiles::add_first(const Entry& entry, std::size_t encoded_bytes) {
  const std::size_t bytes = sizeof(File) + encoded_bytes;
  if (entry.hard_link->names > 1 && bytes_ + bytes <= kBytesMax) {
    files_.emplace(entry.hard_link->id, File{entry, entry.hard_link->names - 1, bytes});
    bytes_ += bytes;
  }
}

std::optional<Entry> LinkedFiles::find(const Entry& further) {
  const auto known = further.hard_link ? files_.find(further.hard_link->id) : files_.end();
  if (known == files_.end()) {
    return std::nullopt;
  }
  Entry whole = known->second.first;
  whole.name = further.name;
  if (--known->second.names_left == 0) {
    bytes_ -= known->second.bytes;
    files_.erase(known);
  }
  return whole;
}

}  // namespace azekura::chunker
