#include "cli/elsewhere.h"

#include "cli/medium_access.h"
#include "cli/named_source.h"
#include "core/file_io.h"
#include "core/text.h"

namespace azekura::cli {

void Elsewhere::add_live(const std::string& source) {
  const NamedSource live = parse_named_source(source, "--source", PathPart::must_be_there);
  if (snapshots_of(damaged_, live.name).empty()) {
    throw UsageError{"there is no source '{}'; the medium has: {}", printable(live.name),
                     known_sources(damaged_)};
  }
  const std::string root = absolute_path(live.path);
  if (!exists(root)) {
    throw UsageError{"\"{}\" does not exist", printable(live.path)};
  }
  lives_.push_back({live.name, restore::LiveParts{root}});
}

void Elsewhere::seek(const LostBytes& lost) {
  lost_ = lost;
  search_.emplace(damaged_, lost_);
  if (lost_.empty()) {
    return;
  }
  for (auto one = damaged_.snapshots().rbegin(); one != damaged_.snapshots().rend(); ++one) {
    search_->add(one->snapshot);
  }
}

std::optional<vault::ChunkOrigin> Elsewhere::find(Position begin, std::uint32_t length,
                                                  const std::function<bool(ByteView)>& is_right) {
  const auto origin = [length](const restore::FileBytes& file, std::string holder,
                               std::string place) {
    return vault::ChunkOrigin{std::move(holder), std::move(place), file.source,
                              file.path,         file.offset,      length};
  };
  for (const restore::FileBytes& file : search_->find(begin, length)) {
    if (auto found = media_.find(file.source, file.path, file.offset, length, is_right)) {
      return origin(file, std::move(found->holder), found->folder);
    }
    for (Live& live : lives_) {
      if (live.source != file.source) {
        continue;
      }
      const std::optional<Buffer> bytes = live.parts.read(file.path, file.offset, length);
      if (bytes && is_right(*bytes)) {
        return origin(file, text("a live source"), live.parts.root());
      }
    }
  }
  return std::nullopt;
}

}  // namespace azekura::cli
