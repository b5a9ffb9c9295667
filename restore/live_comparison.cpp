#include "restore/live_comparison.h"

#include "core/error.h"
#include "core/interrupt.h"
#include "restore/content_reader.h"
#include "restore/live_tree.h"
#include "restore/sampling.h"
#include "restore/tree_view.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace azekura::restore {

namespace {

Timestamp timestamp_of(const struct timespec& time) {
  return {.seconds = time.tv_sec, .nanoseconds = static_cast<std::uint32_t>(time.tv_nsec)};
}

/// A file of the snapshot whose bytes are to be compared.
struct LiveCandidate {
  std::string path;
  Timestamp modified;
  Content content;
};

bool is_as_before(const struct stat& state, const Timestamp& modified, std::uint64_t size) {
  return S_ISREG(state.st_mode) && static_cast<std::uint64_t>(state.st_size) == size &&
         timestamp_of(state.st_mtim) == modified;
}

bool are_equal_states(const struct stat& one, const struct stat& other) {
  return one.st_size == other.st_size && timestamp_of(one.st_mtim) == timestamp_of(other.st_mtim) &&
         timestamp_of(one.st_ctim) == timestamp_of(other.st_ctim);
}

/// Finds where a live file begins to differ from bytes that come in file order.
class DifferenceFinder {
 public:
  explicit DifferenceFinder(const LiveFile& file) : file_{file}, buffer_(kPiece) {}

  void compare(std::uint64_t offset, ByteView stored) {
    while (!stored.empty() && !has_ended_) {
      throw_if_interrupted();
      const ByteView wanted = stored.first(std::min(stored.size(), buffer_.size()));
      const MutableBytes room = MutableBytes{buffer_}.first(wanted.size());
      note(offset, wanted, room.first(file_.read(offset, room)));
      offset += wanted.size();
      stored = stored.subspan(wanted.size());
    }
  }
  /// nullopt if all is the same.
  [[nodiscard]] const std::optional<ByteRange>& found() const noexcept { return found_; }
  /// Nothing more is to be found.
  [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }

 private:
  static constexpr std::size_t kPiece = 1 * kMiB;
  /// Bytes that agree one after the other, by which a range ends: chance brings a few.
  static constexpr std::uint64_t kAgreeing = 64;

  void note(std::uint64_t offset, ByteView stored, ByteView live) {
    if (!found_ && equal(stored, live)) {
      return;
    }
    for (std::size_t i = 0; i < stored.size() && !has_ended_; ++i) {
      const std::uint64_t at = offset + i;
      if (i >= live.size() || stored[i] != live[i]) {
        found_ = found_.value_or(ByteRange{at, 0});
        found_->length = at + 1 - found_->offset;
      } else if (found_) {
        has_ended_ = at + 1 - (found_->offset + found_->length) == kAgreeing;
      }
    }
  }

  const LiveFile& file_;
  Buffer buffer_;
  std::optional<ByteRange> found_;
  bool has_ended_ = false;
};

class LiveComparison {
 public:
  LiveComparison(ExtentSource& source, const Snapshot& snapshot, const LiveSettings& settings,
                 const SpillFile& spill, Observer& observer,
                 const std::function<void(const LiveFinding&)>& report)
      : source_{source},
        root_{snapshot.root},
        live_{settings.path, snapshot.root.kind},
        scope_{settings.scope},
        spill_{spill},
        observer_{observer},
        tell_{report} {}

  LiveReport run() {
    observer_.phase("comparing with the live source", 0);
    TreeWalk walk{source_, root_};
    while (advance(walk)) {
      throw_if_interrupted();
      visit(walk);
    }
    leave_to(0);
    compare_sample();
    return report_;
  }

 private:
  /// Names that are there now in a directory on the way; those before `next` are dealt with.
  struct Listing {
    std::vector<std::string> names;
    std::size_t next = 0;
  };

  /// What the first name of a file tells about its further ones.
  struct FirstName {
    std::optional<Content> content;               ///< none if it is flawed
    std::optional<std::pair<dev_t, ino_t>> live;  ///< the file that a name of it led to
  };

  void tell(LiveFinding finding) {
    switch (finding.kind) {
      case LiveFindingKind::alarm:
        ++report_.alarms;
        break;
      case LiveFindingKind::unreadable:
        ++report_.unreadable;
        break;
      case LiveFindingKind::lost:
        ++report_.lost;
        break;
    }
    tell_(finding);
  }

  /// Runs a step that concerns one item; false if its failure was told. Errors: any other.
  template <typename Step>
  bool attempt(const std::string& path, Step&& step) {
    try {
      std::forward<Step>(step)();
      return true;
    } catch (const Error& error) {
      const bool is_live = error.kind() == ErrorKind::incomplete;
      if (!is_live && !error.is_about_stored_bytes()) {
        throw;
      }
      tell({is_live ? LiveFindingKind::unreadable : LiveFindingKind::lost,
            path,
            error.what(),
            {},
            {}});
      return false;
    }
  }

  bool advance(TreeWalk& walk) {
    bool is_there = false;
    while (!attempt(walk.path(), [&] { is_there = walk.next(); })) {
      listings_.back().names.clear();  // who knows what of them is new
    }
    return is_there;
  }

  void visit(TreeWalk& walk) {
    const Entry& entry = walk.entry();
    leave_to(walk.depth());
    if (!listings_.empty()) {
      pass_names(listings_.back(), entry.name);
    }
    if (entry.kind == EntryKind::directory && entry.content) {
      if (!attempt(walk.path(), [&] { enter(walk.path(), entry); })) {
        walk.skip();
      }
    } else if (entry.kind == EntryKind::file) {
      attempt(walk.path(), [&] { look_at(walk.path(), entry); });
    }
  }

  void leave_to(std::size_t depth) {
    while (listings_.size() > depth) {
      report_.added += listings_.back().names.size() - listings_.back().next;
      listings_.pop_back();
    }
  }

  /// Counts as new what comes before `name`, which the snapshot has.
  void pass_names(Listing& listing, const std::string& name) {
    const auto begin = listing.names.begin() + static_cast<std::ptrdiff_t>(listing.next);
    const auto found = std::lower_bound(begin, listing.names.end(), name);
    report_.added += static_cast<std::uint64_t>(found - begin);
    const bool is_there = found != listing.names.end() && *found == name;
    listing.next += static_cast<std::size_t>(found - begin) + (is_there ? 1 : 0);
  }

  /// What a flawed directory has not is not known to be new; one that is gone has nothing.
  void enter(const std::string& path, const Entry& directory) {
    std::optional<std::vector<std::string>> names = live_.list(path);
    if (directory.flaw != EntryFlaw::none || !names) {
      names.emplace();
    }
    listings_.push_back({*std::move(names), 0});
  }

  void look_at(const std::string& path, const Entry& entry) {
    FirstName file;
    if (entry.flaw == EntryFlaw::none) {
      file.content = entry.content;
    }
    bool is_further = false;
    if (entry.hard_link) {
      const auto known = first_names_.try_emplace(entry.hard_link->id, file);
      is_further = !known.second;
      file = known.first->second;
    }
    if (!file.content) {
      note_flawed(entry, is_further);
      return;
    }
    ++report_.files;
    const std::optional<struct stat> state = live_.look_at(path);
    if (state && file.live == std::pair{state->st_dev, state->st_ino}) {
      --report_.files;
    } else if (!state) {
      ++report_.gone;
    } else {
      if (entry.hard_link && !file.live) {
        first_names_.at(entry.hard_link->id).live = {state->st_dev, state->st_ino};
      }
      judge({path, entry.modified, *std::move(file.content)}, *state);
    }
  }

  void note_flawed(const Entry& entry, bool is_further) {
    if (is_further) {
      return;  // its first name was counted
    }
    if (entry.flaw == EntryFlaw::none) {
      throw DamageError{"the snapshot has no content of this file"};
    }
    ++report_.files;
    ++report_.flawed;
  }

  void judge(LiveCandidate file, const struct stat& state) {
    if (!is_as_before(state, file.modified, file.content.size)) {
      ++report_.changed;
      return;
    }
    ++report_.same;
    if (file.content.size == 0) {
      return;
    }
    if (scope_ == LiveScope::all) {
      compare(file);
    } else {
      offer(std::move(file));
    }
  }

  void offer(LiveCandidate file) {
    const std::optional<std::size_t> place = reservoir_.place_next(random_);
    if (place && *place == sample_.size()) {
      sample_.push_back(std::move(file));
    } else if (place) {
      sample_[*place] = std::move(file);
    }
  }

  /// In the order in which the files lie on the medium.
  void compare_sample() {
    const auto position = [](const LiveCandidate& file) {
      const auto& extents = file.content.extents;
      const auto data = std::find_if(extents.begin(), extents.end(), [](const Extent& extent) {
        return extent.kind == ExtentKind::data;
      });
      return data == extents.end() ? Position{} : data->position;
    };
    std::sort(sample_.begin(), sample_.end(), [&](const LiveCandidate& a, const LiveCandidate& b) {
      return position(a) < position(b);
    });
    for (const LiveCandidate& file : sample_) {
      throw_if_interrupted();
      attempt(file.path, [&] { compare(file); });
    }
  }

  /// Of a file that had the snapshot's size and mtime a moment ago.
  void compare(const LiveCandidate& file) {
    const std::optional<LiveFile> live = live_.open(file.path);
    if (!live) {
      --report_.same;
      ++report_.gone;
      return;
    }
    const struct stat before = live->state();
    if (!is_as_before(before, file.modified, file.content.size)) {
      --report_.same;
      ++report_.changed;
      return;
    }
    DifferenceFinder finder{*live};
    // What differs before bytes that cannot be had is no less an alarm.
    if (attempt(file.path, [&] { look_for_difference(file.content, *live, finder); })) {
      ++report_.compared;
    }
    if (!finder.found()) {
      return;
    }
    if (!are_equal_states(before, live->state())) {
      --report_.same;
      ++report_.changed;
      return;
    }
    const std::vector<Extent> extents = resolve_extents(source_, file.content);
    if (const auto problem = source_.mismatch(file.content, extents)) {
      throw DamageError{"{}", *problem};
    }
    tell({LiveFindingKind::alarm, file.path, {}, *finder.found(), timestamp_of(before.st_ctim)});
  }

  void look_for_difference(const Content& content, const LiveFile& live, DifferenceFinder& finder) {
    if (scope_ == LiveScope::all || !look_at_sample(content, live, finder)) {
      live.forget_cached(0, content.size);
      std::uint64_t offset = 0;
      write_content(
          source_, content,
          [&](ByteView stored) {
            compare_at(offset, stored, finder);
            offset += stored.size();
          },
          spill_);
    }
  }

  /// False if the chunks that it needs cannot be had by themselves.
  bool look_at_sample(const Content& content, const LiveFile& live, DifferenceFinder& finder) {
    const std::vector<Extent> extents = resolve_extents(source_, content);
    for (const ByteRange& range : sampled_ranges(content.size, random_)) {
      const std::optional<Buffer> stored =
          read_range(source_, extents, range.offset, static_cast<std::uint32_t>(range.length));
      if (!stored) {
        return false;
      }
      live.forget_cached(range.offset, range.length);
      compare_at(range.offset, *stored, finder);
      if (finder.found()) {
        break;
      }
    }
    return true;
  }

  void compare_at(std::uint64_t offset, ByteView stored, DifferenceFinder& finder) {
    if (!finder.has_ended()) {
      finder.compare(offset, stored);
      report_.bytes += stored.size();
      observer_.advanced(stored.size());
    }
  }

  ExtentSource& source_;
  const Entry& root_;
  LiveTree live_;
  LiveScope scope_;
  const SpillFile& spill_;
  Observer& observer_;
  const std::function<void(const LiveFinding&)>& tell_;
  LiveReport report_;
  std::vector<Listing> listings_;  ///< of the directories on the way
  std::map<std::uint64_t, FirstName> first_names_;
  KernelRandom random_;
  Reservoir reservoir_{kSampledFiles};
  std::vector<LiveCandidate> sample_;
};

}  // namespace

LiveReport compare_with_live(ExtentSource& source, const Snapshot& snapshot,
                             const LiveSettings& settings, const SpillFile& spill,
                             Observer& observer,
                             const std::function<void(const LiveFinding&)>& report) {
  return LiveComparison{source, snapshot, settings, spill, observer, report}.run();
}

}  // namespace azekura::restore
