#include "restore/hard_links.h"

#include "core/error.h"
#include "core/text.h"

#include <cerrno>

namespace azekura::restore {

namespace {
constexpr std::size_t kWaitingMax = 200'000;
}  // namespace

void HardLinks::add_first(std::uint64_t id, EntryKind kind, DirectoryId directory,
                          const std::string& name) {
  const bool added = firsts_.emplace(id, First{kind, directory, name}).second;
  AZK_CHECK(added);
}

void HardLinks::add_further(std::uint64_t id, EntryKind kind, DirectoryId directory,
                            const std::string& name) {
  if (firsts_.at(id).kind != kind) {
    reporter_.lost(guard_.path(directory, name), "its first name is of another kind");
    return;
  }
  waiting_.push_back({id, directory, name});
}

bool HardLinks::is_full() const noexcept { return waiting_.size() >= kWaitingMax; }

void HardLinks::run() {
  for (const Further& further : waiting_) {
    make(further);
  }
  waiting_.clear();
}

void HardLinks::make(const Further& further) {
  const First& first = firsts_.at(further.id);
  try {
    guard_.link(first.directory, first.name, further.directory, further.name);
    reporter_.made_entry();
  } catch (const SystemError& error) {
    if (!concerns_one_item(error)) {
      throw;
    }
    const std::string first_path = guard_.path(first.directory, first.name);
    reporter_.lost(guard_.path(further.directory, further.name),
                   error.error_number() == ENOENT
                       ? fmt::format("its content, under its first name \"{}\", is lost",
                                     printable(first_path))
                       : error.one_line());
  }
}

}  // namespace azekura::restore
