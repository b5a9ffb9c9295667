#include "restore/report.h"

#include <algorithm>
#include <cerrno>
#include <numeric>

namespace azekura::restore {

namespace {

std::vector<LostRange> merge(std::vector<LostRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const LostRange& a, const LostRange& b) { return a.offset < b.offset; });
  std::vector<LostRange> merged;
  for (const LostRange& range : ranges) {
    if (!merged.empty() && merged.back().offset + merged.back().length == range.offset &&
        merged.back().pack == range.pack) {
      merged.back().length += range.length;
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

constexpr std::array<std::string_view, kLacks> kLackNames{
    "owner",     "mode",        "set_id",     "time",
    "attribute", "access_list", "capability", "trusted_attribute",
    "flags",     "device",      "socket"};

}  // namespace

std::string_view name_of(Lack lack) noexcept { return kLackNames[static_cast<std::size_t>(lack)]; }

std::uint64_t LackCounts::total() const noexcept {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

void Reporter::phase(std::string_view name, std::uint64_t total_bytes) {
  const std::lock_guard lock{telling_};
  observer_.phase(name, total_bytes);
}

void Reporter::advanced(std::uint64_t more_bytes) {
  const std::lock_guard lock{telling_};
  observer_.advanced(more_bytes);
}

void Reporter::notice(std::string_view text) {
  const std::lock_guard lock{telling_};
  observer_.notice(text);
}

void Reporter::made_entry() {
  const std::lock_guard lock{telling_};
  ++report_.entries;
}

void Reporter::made_file(std::uint64_t bytes) {
  const std::lock_guard lock{telling_};
  ++report_.entries;
  ++report_.files;
  report_.bytes += bytes;
}

void Reporter::kept_file(std::uint64_t bytes) {
  made_file(bytes);
  advanced(bytes);
  const std::lock_guard lock{telling_};
  ++report_.kept;
}

void Reporter::lost(const std::string& path, std::string reason, std::vector<LostRange> ranges,
                    std::string saved_as) {
  const std::lock_guard lock{telling_};
  observer_.flawed(path, reason);
  report_.lost.push_back({path, std::move(reason), merge(std::move(ranges)), std::move(saved_as)});
}

void Reporter::flawed(const std::string& path, EntryFlaw flaw) {
  if (flaw != EntryFlaw::none) {
    const std::lock_guard lock{telling_};
    observer_.flawed(path, meaning_of(flaw));
    report_.flawed.push_back({path, flaw});
  }
}

void Reporter::left_out(const std::string& path, Lack lack) {
  const std::lock_guard lock{telling_};
  report_.left_out.add(lack);
  observer_.left_out(path, name_of(lack));
}

void Reporter::not_set(const std::string& path, Lack lack, std::string_view reason) {
  const std::lock_guard lock{telling_};
  report_.not_set.add(lack);
  observer_.not_set(path, name_of(lack), reason);
}

std::string_view meaning_of(EntryFlaw flaw) noexcept {
  switch (flaw) {
    case EntryFlaw::none:
      return "it is whole";
    case EntryFlaw::unreadable:
      return "it could not be read, or not all of it, when the snapshot was made";
    case EntryFlaw::changed_while_read:
      return "it changed while it was read; its bytes may mix two states";
  }
  return "";
}

bool concerns_one_item(const Error& error) noexcept {
  if (const auto* system = dynamic_cast<const SystemError*>(&error)) {
    // EFBIG: this file is too large for the target's file system, others are not.
    return system->error_number() == EFBIG || error.kind() == ErrorKind::system;
  }
  return error.is_about_stored_bytes() || error.kind() == ErrorKind::system ||
         error.kind() == ErrorKind::incomplete;
}

}  // namespace azekura::restore
