#include "chunker/owner_names.h"

#include "core/limits.h"

#include <grp.h>
#include <pwd.h>

#include <vector>

namespace azekura::chunker {

namespace {

/// Enough for one record; a group with more members than fit has no name for us.
constexpr std::size_t kRecordBytes = 256 * kKiB;

std::string usable(const char* name) {
  std::string text{name};
  return text.size() <= limits::kNameMax ? text : std::string{};
}

std::string look_up_user(std::uint32_t uid) {
  std::vector<char> text(kRecordBytes);
  passwd record{};
  passwd* found = nullptr;
  const int failed = ::getpwuid_r(uid, &record, text.data(), text.size(), &found);
  return failed == 0 && found != nullptr ? usable(found->pw_name) : std::string{};
}

std::string look_up_group(std::uint32_t gid) {
  std::vector<char> text(kRecordBytes);
  ::group record{};
  ::group* found = nullptr;
  const int failed = ::getgrgid_r(gid, &record, text.data(), text.size(), &found);
  return failed == 0 && found != nullptr ? usable(found->gr_name) : std::string{};
}

}  // namespace

const std::string& OwnerNames::user(std::uint32_t uid) {
  const auto known = users_.find(uid);
  return known != users_.end() ? known->second
                               : users_.emplace(uid, look_up_user(uid)).first->second;
}

const std::string& OwnerNames::group(std::uint32_t gid) {
  const auto known = groups_.find(gid);
  return known != groups_.end() ? known->second
                                : groups_.emplace(gid, look_up_group(gid)).first->second;
}

}  // namespace azekura::chunker
