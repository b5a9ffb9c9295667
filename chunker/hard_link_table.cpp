#include "chunker/hard_link_table.h"

namespace azekura::chunker {

HardLinkTable::Visit HardLinkTable::visit(const ObjectStatus& status) {
  const auto [place, is_new] = seen_.try_emplace(key_of(status.state));
  Seen& seen = place->second;
  if (is_new) {
    seen.id = next_id_++;
  }
  ++seen.names;
  const Visit visit{.link = {.id = seen.id, .names = status.links}, .is_first = is_new};
  if (seen.names >= status.links) {
    seen_.erase(place);
  }
  return visit;
}

void HardLinkTable::forget(const FileState& state) { seen_.erase(key_of(state)); }

}  // namespace azekura::chunker
