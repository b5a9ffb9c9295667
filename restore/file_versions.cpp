#include "restore/file_versions.h"

#include "core/interrupt.h"
#include "restore/report.h"
#include "restore/tree_view.h"

namespace azekura::restore {

const std::vector<Extent>* FileVersions::version(std::size_t number) {
  while (contents_.size() <= number && next_ < snapshots_.size()) {
    throw_if_interrupted();
    look_into_next();
  }
  if (number >= contents_.size()) {
    return nullptr;
  }
  if (resolved_ != number) {
    resolve(number);
  }
  return &extents_;
}

void FileVersions::look_into_next() {
  const Snapshot& snapshot = *snapshots_[next_++];
  try {
    std::optional<Entry> entry = find_entry(source_, snapshot.root, path_);
    if (entry && entry->kind == EntryKind::file && entry->content &&
        known_.insert(entry->content->digest).second) {
      contents_.push_back(*std::move(entry->content));
    }
  } catch (const Error& error) {  // another snapshot may have it
    if (!concerns_one_item(error)) {
      throw;
    }
  }
}

void FileVersions::resolve(std::size_t number) {
  resolved_ = number;
  extents_.clear();
  try {
    extents_ = resolve_extents(source_, contents_[number]);
  } catch (const Error& error) {
    if (!concerns_one_item(error)) {
      throw;
    }
  }
}

}  // namespace azekura::restore
