#include "cli/other_media.h"

#include "cli/invocation.h"
#include "core/messages.h"
#include "core/text.h"
#include "restore/content_reader.h"
#include "restore/report.h"
#include "restore/tree_view.h"

#include <algorithm>
#include <utility>

namespace azekura::cli {

namespace {

/// nullopt if no session of the medium counts.
std::optional<MediumId> medium_of(const vault::VaultReader& reader) {
  return reader.sessions().empty() ? std::nullopt
                                   : std::optional{reader.sessions().back().seal.medium};
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

void OtherMedia::add(vault::NamedMedium medium, const vault::RecoveryKey& key) {
  medium.open();
  const vault::FolderMedium& folder = medium.folder();
  auto reader = std::make_unique<vault::VaultReader>(folder, key, Invocation::threads());
  const std::optional<MediumId> id = medium_of(*reader);
  if (!id) {
    throw UsageError{"medium \"{}\" has no session that could help", printable(folder.path())};
  }
  if (folder.is_same_as(medium_)) {
    UsageError error{"\"{}\" is the medium of --from itself", printable(folder.path())};
    error.set_hint("name another medium of the site, of any of its sets, or a copy of this one");
    throw error;
  }
  if (std::any_of(media_.begin(), media_.end(),
                  [&](const Medium& other) { return folder.is_same_as(other.medium.folder()); })) {
    throw UsageError{"\"{}\" is a medium that is named already", printable(folder.path())};
  }
  media_.push_back({std::move(medium), std::move(reader), text("medium {}", id->hex()), {}, {}, 0});
}

restore::FileVersions& OtherMedia::versions_of(Medium& medium, const std::string& source,
                                               const std::string& path) {
  if (!medium.versions || medium.source != source || medium.versions->path() != path) {
    std::vector<const Snapshot*> snapshots;
    for (const vault::StoredSnapshot* one : snapshots_of(*medium.reader, source)) {
      snapshots.push_back(&one->snapshot);
    }
    medium.source = source;
    medium.versions.emplace(*medium.reader, std::move(snapshots), path);
    medium.right = 0;
  }
  return *medium.versions;
}

std::optional<Buffer> OtherMedia::find_in(Medium& medium, std::size_t version, std::uint64_t offset,
                                          std::uint32_t length,
                                          const std::function<bool(ByteView)>& is_right) {
  const std::vector<Extent>* const extents = medium.versions->version(version);
  if (extents == nullptr) {
    return std::nullopt;
  }
  std::optional<Buffer> bytes = restore::read_range(*medium.reader, *extents, offset, length);
  return bytes && is_right(*bytes) ? std::move(bytes) : std::nullopt;
}

std::optional<OtherMedia::Found> OtherMedia::find(const std::string& source,
                                                  const std::string& path, std::uint64_t offset,
                                                  std::uint32_t length,
                                                  const std::function<bool(ByteView)>& is_right) {
  for (Medium& medium : media_) {
    restore::FileVersions& versions = versions_of(medium, source, path);
    // What was right before and after most likely is here, and each version costs its own list.
    std::optional<Buffer> bytes = find_in(medium, medium.right, offset, length, is_right);
    const std::size_t tried = medium.right;
    for (std::size_t i = 0; !bytes && versions.version(i) != nullptr; ++i) {
      if (i != tried) {
        bytes = find_in(medium, i, offset, length, is_right);
        medium.right = bytes ? i : medium.right;
      }
    }
    if (bytes) {
      return Found{medium.medium.folder().path(), medium.holder, *std::move(bytes)};
    }
  }
  return std::nullopt;
}

void OtherMedia::visit_versions(const std::string& source, const std::string& path,
                                const std::function<bool(const Version&)>& is_enough) {
  for (Medium& medium : media_) {
    restore::FileVersions& versions = versions_of(medium, source, path);
    std::size_t number = 0;
    while (const std::vector<Extent>* const extents = versions.version(number++)) {
      if (is_enough({*medium.reader, *extents})) {
        return;
      }
    }
  }
}

std::vector<OtherMedia::Copy> OtherMedia::whole_copies(const std::string& source,
                                                       const std::string& path,
                                                       const Entry& entry) const {
  std::vector<Copy> copies;
  for (const Medium& medium : media_) {
    const std::vector<const vault::StoredSnapshot*> snapshots =
        snapshots_of(*medium.reader, source);
    const auto found =
        std::find_if(snapshots.begin(), snapshots.end(), [&](const vault::StoredSnapshot* one) {
          return has_whole(*medium.reader, one->snapshot, path, entry);
        });
    if (found != snapshots.end()) {
      copies.push_back({medium.medium.folder().path(), (*found)->name()});
    }
  }
  return copies;
}

void warn_of_damaged(const OtherMedia& media, Output& output) {
  for (const std::string& folder : media.damaged()) {
    output.warn(text("medium \"{}\" is damaged, too: run 'azekura repair --from MEDIUM' on it",
                     printable(folder)));
  }
}

std::vector<std::string> OtherMedia::damaged() const {
  std::vector<std::string> folders;
  for (const Medium& medium : media_) {
    if (!medium.reader->healer().take_made().empty()) {
      folders.push_back(medium.medium.folder().path());
    }
  }
  return folders;
}

}  // namespace azekura::cli
