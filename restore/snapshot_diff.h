#pragma once

#include "core/entry.h"
#include "core/extent_source.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace azekura::restore {

/// What can differ of an entry that two trees have at one path.
enum class EntryField {
  kind,
  content,  ///< of files: bytes, or where holes are
  mode,
  uid,
  gid,
  user,
  group,
  modified,
  born,
  xattrs,
  flags,
  target,
  device,
  hard_link,  ///< it is a name of the file of another path, or no longer is
  flaw,
};

/// A path that is not the same in two trees. Lifetime: the call it is given to.
struct Difference {
  std::string_view path;           ///< from the root; raw bytes
  const Entry* before;             ///< nullptr if it was added
  const Entry* after;              ///< nullptr if it was removed
  std::vector<EntryField> fields;  ///< rising; empty if it was added or removed
};

/// Reports every path, at `path` and below it, that is not the same in both trees, in tree order.
/// A directory that could not be listed when it was backed up has nothing below it.
///
/// Reads directories only, and none that is equal in both. Hard links cost more: from the first one
/// met on, what else the two trees say of the names of that file decides, so both are walked whole.
/// Memory: a record for each file with several names.
/// Requires: both trees are of one media set, else no digests are equal.
/// Errors: UsageError if neither tree has `path`; those of read_content, naming the directory.
void diff_trees(ExtentSource& source, const Entry& before, const Entry& after,
                std::string_view path, const std::function<void(const Difference&)>& report);

}  // namespace azekura::restore
