#include "cli/elsewhere.h"

#include "cli/invocation.h"
#include "cli/medium_access.h"
#include "cli/named_source.h"
#include "core/file_io.h"
#include "core/text.h"
#include "restore/content_reader.h"
#include "restore/tree_view.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace azekura::cli {

namespace {

/// nullopt if no session of the medium counts.
std::optional<MediumId> medium_of(const vault::VaultReader& reader) {
  return reader.sessions().empty() ? std::nullopt
                                   : std::optional{reader.sessions().back().seal.medium};
}

bool are_same_folder(const vault::FolderMedium& one, const vault::FolderMedium& other) {
  std::error_code unknown;
  return std::filesystem::equivalent(one.path(), other.path(), unknown);
}

/// The snapshots of a source, the newest first.
std::vector<const vault::StoredSnapshot*> snapshots_of(const vault::VaultReader& reader,
                                                       const std::string& source) {
  std::vector<const vault::StoredSnapshot*> found;
  for (auto one = reader.snapshots().rbegin(); one != reader.snapshots().rend(); ++one) {
    if (one->snapshot.source.name == source) {
      found.push_back(&*one);
    }
  }
  return found;
}

/// Whether a snapshot has a file of this size and time at the path, and every byte of it.
bool has_whole(vault::VaultReader& reader, const Snapshot& snapshot, const std::string& path,
               const Entry& entry) {
  try {
    const std::optional<Entry> found = restore::find_entry(reader, snapshot.root, path);
    return found && found->kind == EntryKind::file && found->content && entry.content &&
           found->content->size == entry.content->size && found->modified == entry.modified &&
           restore::is_whole(reader, *found->content);
  } catch (const Error& error) {
    if (!restore::concerns_one_item(error)) {
      throw;
    }
    return false;
  }
}

}  // namespace

void Elsewhere::add_medium(const std::string& folder, const vault::RecoveryKey& key) {
  Medium added;
  added.medium = std::make_unique<vault::FolderMedium>(folder, vault::Access::read);
  added.reader = std::make_unique<vault::VaultReader>(*added.medium, key, Invocation::threads());
  const std::optional<MediumId> id = medium_of(*added.reader);
  if (!id) {
    throw UsageError{"medium \"{}\" has no session that could help", printable(folder)};
  }
  if (are_same_folder(*added.medium, medium_)) {
    UsageError error{"\"{}\" is the medium that is to be repaired", printable(folder)};
    error.set_hint("name another medium of the site, of any of its sets, or a copy of this one");
    throw error;
  }
  if (std::any_of(media_.begin(), media_.end(), [&](const Medium& other) {
        return are_same_folder(*added.medium, *other.medium);
      })) {
    throw UsageError{"\"{}\" is a medium that is named already", printable(folder)};
  }
  added.holder = text("medium {}", id->hex());
  media_.push_back(std::move(added));
}

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

restore::FileVersions& Elsewhere::versions_of(Medium& medium, const restore::FileBytes& file) {
  if (!medium.versions || medium.source != file.source || medium.versions->path() != file.path) {
    std::vector<const Snapshot*> snapshots;
    for (const vault::StoredSnapshot* one : snapshots_of(*medium.reader, file.source)) {
      snapshots.push_back(&one->snapshot);
    }
    medium.source = file.source;
    medium.versions.emplace(*medium.reader, std::move(snapshots), file.path);
  }
  return *medium.versions;
}

bool Elsewhere::has(Medium& medium, const restore::FileBytes& file, std::uint32_t length,
                    const std::function<bool(ByteView)>& is_right) {
  restore::FileVersions& versions = versions_of(medium, file);
  std::size_t number = 0;
  while (const std::vector<Extent>* const extents = versions.version(number++)) {
    const std::optional<Buffer> bytes =
        restore::read_range(*medium.reader, *extents, file.offset, length);
    if (bytes && is_right(*bytes)) {
      return true;
    }
  }
  return false;
}

std::optional<vault::ChunkOrigin> Elsewhere::find(Position begin, std::uint32_t length,
                                                  const std::function<bool(ByteView)>& is_right) {
  const auto origin = [length](const restore::FileBytes& file, std::string holder,
                               std::string place) {
    return vault::ChunkOrigin{std::move(holder), std::move(place), file.source,
                              file.path,         file.offset,      length};
  };
  for (const restore::FileBytes& file : search_->find(begin, length)) {
    for (Medium& medium : media_) {
      if (has(medium, file, length, is_right)) {
        return origin(file, medium.holder, medium.medium->path());
      }
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

std::vector<std::string> Elsewhere::damaged_media() const {
  std::vector<std::string> folders;
  for (const Medium& medium : media_) {
    if (!medium.reader->healer().take_made().empty()) {
      folders.push_back(medium.medium->path());
    }
  }
  return folders;
}

std::vector<Elsewhere::Copy> Elsewhere::whole_copies(const vault::StoredSnapshot& stored,
                                                     const std::string& path,
                                                     const Entry& entry) const {
  std::vector<Copy> copies;
  for (const Medium& medium : media_) {
    const std::vector<const vault::StoredSnapshot*> snapshots =
        snapshots_of(*medium.reader, stored.snapshot.source.name);
    const auto found =
        std::find_if(snapshots.begin(), snapshots.end(), [&](const vault::StoredSnapshot* one) {
          return has_whole(*medium.reader, one->snapshot, path, entry);
        });
    if (found != snapshots.end()) {
      copies.push_back({medium.medium->path(), (*found)->name()});
    }
  }
  return copies;
}

}  // namespace azekura::cli
