#include "restore/selection.h"

#include "core/error.h"
#include "core/text.h"
#include "restore/report.h"
#include "restore/tree_view.h"

#include <algorithm>

namespace azekura::restore {

namespace {

bool is_missing(ExtentSource& source, const Entry& root, const std::string& path) {
  try {
    return !find_entry(source, root, path).has_value();
  } catch (const Error& error) {
    if (!concerns_one_item(error)) {
      throw;
    }
    return false;
  }
}

}  // namespace

Selection::Selection(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    paths_.push_back(plain_path(path));
  }
  std::sort(paths_.begin(), paths_.end());
}

Coverage Selection::of_root() const {
  return paths_.empty() || paths_.front().empty() ? Coverage::whole : Coverage::parent;
}

Coverage Selection::of(const std::string& path, Coverage above) const {
  if (above != Coverage::parent) {
    return above;
  }
  if (std::binary_search(paths_.begin(), paths_.end(), path)) {
    return Coverage::whole;
  }
  const std::string below = path + '/';
  const auto next = std::lower_bound(paths_.begin(), paths_.end(), below);
  const bool leads_on = next != paths_.end() && next->compare(0, below.size(), below) == 0;
  return leads_on ? Coverage::parent : Coverage::none;
}

void Selection::expect_known(ExtentSource& source, const Entry& root) const {
  for (const std::string& path : paths_) {
    if (is_missing(source, root, path)) {
      throw UsageError{"the snapshot has no \"{}\"", printable(path)};
    }
  }
}

}  // namespace azekura::restore
