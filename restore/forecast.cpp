#include "restore/forecast.h"

#include "core/interrupt.h"
#include "core/tree_codec.h"
#include "restore/metadata.h"
#include "restore/selection.h"
#include "restore/tree_view.h"

#include <map>
#include <unordered_set>
#include <utility>

namespace azekura::restore {

namespace {

class Forecaster {
 public:
  Forecaster(ExtentSource& source, const Snapshot& snapshot, const RestoreSettings& settings,
             Observer& observer)
      : source_{source},
        snapshot_{snapshot},
        selection_{settings.paths},
        mode_{settings.mode},
        reporter_{observer},
        metadata_{settings.mode, reporter_} {}

  Forecast run() {
    reporter_.phase("look", 0);
    walk(
        selection_, [this](const std::string& path, const Entry& entry) { visit(path, entry); },
        [this](const std::string& path, const Error& error) {
          reporter_.lost(path.empty() ? "." : path, error.one_line());
        });
    settle_further_names();
    return {reporter_.take(), std::move(packs_)};
  }

 private:
  /// Visits what is wanted and the directories on the way to it; `fail` gets each directory that
  /// cannot be listed.
  template <typename Visit, typename Fail>
  void walk(const Selection& selection, Visit&& visit, Fail&& fail);
  void visit(const std::string& path, const Entry& entry);
  void visit_file(const std::string& path, const Entry& entry);
  void add_content(const std::string& path, const Content& content);
  /// Finds the contents of files of which only further names are wanted.
  void settle_further_names();

  ExtentSource& source_;
  const Snapshot& snapshot_;
  Selection selection_;
  RestoreMode mode_;
  Reporter reporter_;
  MetadataApplier metadata_;
  std::set<std::uint32_t> packs_;
  std::unordered_set<std::uint64_t> found_;  ///< hard-link ids whose content is wanted
  std::map<std::uint64_t, std::vector<std::string>> further_names_;  ///< by hard-link id
};

template <typename Visit, typename Fail>
void Forecaster::walk(const Selection& selection, Visit&& visit, Fail&& fail) {
  TreeWalk tree{source_, snapshot_.root};
  std::vector<Coverage> levels;  // of the directories above
  while (true) {
    throw_if_interrupted();
    try {
      if (!tree.next()) {
        return;
      }
    } catch (const Error& error) {
      if (!concerns_one_item(error)) {
        throw;
      }
      fail(tree.path(), error);
      continue;
    }
    const Entry& entry = tree.entry();
    levels.resize(tree.depth());
    const Coverage coverage =
        levels.empty() ? selection.of_root() : selection.of(tree.path(), levels.back());
    levels.push_back(coverage);
    if (coverage == Coverage::none) {
      tree.skip();
    } else if (coverage == Coverage::whole || entry.kind == EntryKind::directory) {
      const bool is_root_file = levels.size() == 1 && entry.kind != EntryKind::directory;
      visit(is_root_file ? snapshot_.source.name : tree.path(), entry);
    }
  }
}

void Forecaster::visit(const std::string& path, const Entry& entry) {
  if (!path.empty() || selection_.is_everything()) {
    reporter_.flawed(path.empty() ? "." : path, entry.flaw);
  }
  if (entry.kind == EntryKind::file) {
    visit_file(path, entry);
    return;
  }
  if (const std::optional<Lack> lack = left_out_by(mode_, entry.kind)) {
    reporter_.left_out(path, *lack);
    return;
  }
  if (is_device(entry.kind) && !is_root()) {
    reporter_.not_set(path, Lack::device, "only root may");
    return;
  }
  if (!path.empty()) {  // the root is the target
    reporter_.made_entry();
  }
  metadata_.forecast(attributes_of(entry), path.empty() ? "." : path);
}

void Forecaster::visit_file(const std::string& path, const Entry& entry) {
  if (entry.content) {
    if (entry.hard_link && !found_.insert(entry.hard_link->id).second) {
      reporter_.made_entry();
      return;
    }
    add_content(path, *entry.content);
    metadata_.forecast(attributes_of(entry), path);
  } else if (entry.hard_link && entry.flaw != EntryFlaw::unreadable) {
    further_names_[entry.hard_link->id].push_back(path);
  }
}

void Forecaster::add_content(const std::string& path, const Content& content) {
  try {
    const std::vector<Extent> extents = resolve_extents(source_, content);
    if (const std::optional<std::string> problem = source_.mismatch(content, extents)) {
      throw DamageError{"{}", *problem};
    }
    if (covered_bytes(extents) != content.size) {
      throw DamageError{"extents do not cover a file of {} bytes", content.size};
    }
    for (const Extent& extent : extents) {
      if (extent.kind == ExtentKind::data) {
        packs_.insert(extent.position.pack);
      }
    }
    reporter_.made_file(content.size);
  } catch (const Error& error) {
    if (!concerns_one_item(error)) {
      throw;
    }
    reporter_.lost(path, error.one_line());
  }
}

void Forecaster::settle_further_names() {
  for (const std::uint64_t id : found_) {
    const auto names = further_names_.extract(id);
    for (std::size_t i = 0; !names.empty() && i < names.mapped().size(); ++i) {
      reporter_.made_entry();
    }
  }
  if (!further_names_.empty() && !selection_.is_everything()) {
    const auto adopt = [this](const std::string& /*path*/, const Entry& entry) {
      if (entry.kind != EntryKind::file || !entry.content || !entry.hard_link) {
        return;
      }
      const auto names = further_names_.extract(entry.hard_link->id);
      for (std::size_t i = 0; !names.empty() && i < names.mapped().size(); ++i) {
        if (i > 0) {
          reporter_.made_entry();
        } else {  // it becomes the first
          add_content(names.mapped().front(), *entry.content);
          metadata_.forecast(attributes_of(entry), names.mapped().front());
        }
      }
    };
    // Nobody asked for a directory that cannot be listed here; what it may hide counts as lost.
    walk(Selection{std::vector<std::string>{}}, adopt, [](const auto&, const auto&) {});
  }
  for (const auto& [id, names] : further_names_) {
    for (const std::string& name : names) {
      reporter_.lost(name, "its content cannot be found");
    }
  }
}

}  // namespace

Forecast forecast_restore(ExtentSource& source, const Snapshot& snapshot,
                          const RestoreSettings& settings, Observer& observer) {
  Selection{settings.paths}.expect_known(source, snapshot.root);
  return Forecaster{source, snapshot, settings, observer}.run();
}

}  // namespace azekura::restore
