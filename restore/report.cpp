#include "restore/report.h"

#include <algorithm>
#include <cerrno>

namespace azekura::restore {

namespace {

std::vector<ByteRange> merge(std::vector<ByteRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.offset < b.offset; });
  std::vector<ByteRange> merged;
  for (const ByteRange& range : ranges) {
    if (!merged.empty() && merged.back().offset + merged.back().length == range.offset) {
      merged.back().length += range.length;
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

}  // namespace

void Reporter::phase(std::string_view name, std::uint64_t total_bytes) {
  observer_.phase(name, total_bytes);
}

void Reporter::advanced(std::uint64_t more_bytes) { observer_.advanced(more_bytes); }

void Reporter::made_file(std::uint64_t bytes) {
  ++report_.entries;
  ++report_.files;
  report_.bytes += bytes;
}

void Reporter::lost(const std::string& path, std::string reason, std::vector<ByteRange> ranges) {
  observer_.flawed(path, reason);
  report_.lost.push_back({path, std::move(reason), merge(std::move(ranges))});
}

void Reporter::flawed(const std::string& path, EntryFlaw flaw) {
  if (flaw != EntryFlaw::none) {
    observer_.flawed(path, meaning_of(flaw));
    report_.flawed.push_back({path, flaw});
  }
}

void Reporter::metadata_flaw(const std::string& path, std::string_view reason) {
  ++report_.metadata_flaws;
  observer_.flawed(path, reason);
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
  return error.kind() == ErrorKind::damage || error.kind() == ErrorKind::authenticity ||
         error.kind() == ErrorKind::system || error.kind() == ErrorKind::incomplete;
}

}  // namespace azekura::restore
