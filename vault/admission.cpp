#include "vault/admission.h"

#include "core/error.h"
#include "core/text.h"
#include "vault/refusal.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace azekura::vault {

namespace {

using Known = AdmittedMedium;

template <typename Failure>
[[noreturn]] void refuse(Failure failure, std::string_view code, std::string_view hint) {
  failure.set_code(code);
  failure.set_hint(hint);
  throw Failure{std::move(failure)};
}

/// Media of this site that the register knows, each once.
std::vector<Known> known_media(const Site& site, const MediumRegister& media,
                               const FoundMedia& found) {
  std::vector<Known> known;
  for (const ConnectedMedium& one : found.media) {
    if (one.label.site != site.id()) {
      continue;
    }
    if (one.label.writer.authority != site.writer().authority) {
      refuse(AuthenticityError{"\"{}\" says it is a medium of this site and is not signed by its "
                               "authority",
                               printable(one.device.path)},
             refusal::kCloned, "pull it and keep it as evidence; fetch the medium of this site");
    }
    std::optional<MediumRecord> record = media.find(one.label.medium);
    if (!record) {
      continue;
    }
    for (const Known& other : known) {
      if (other.record.id == record->id) {
        refuse(AuthenticityError{"\"{}\" and \"{}\" both say they are the medium '{}': one is a "
                                 "copy",
                                 printable(other.medium->device.path), printable(one.device.path),
                                 record->name},
               refusal::kCloned, "pull both and keep them as evidence; find out who made the copy");
      }
    }
    known.push_back({&one, *std::move(record)});
  }
  return known;
}

/// A disk that the register does not name, for who holds it in hand.
std::string disk_in_hand(const BlockDevice& device) {
  return fmt::format("\"{}\" ({}, {})", printable(device.path), device.description,
                     human_bytes(device.bytes));
}

/// Why none of the connected disks is the set's medium.
[[noreturn]] void refuse_all(const Site& site, const std::string& set, const FoundMedia& found,
                             const std::vector<Known>& known) {
  const std::string fetch = text("fetch the medium '{}' and insert it", set);
  if (!known.empty()) {
    refuse(MediumError{"the medium '{}' is here, '{}' is wanted", known.front().record.name, set},
           refusal::kNotTonights,
           text("pull '{}' and put it away; {}", known.front().record.name, fetch));
  }
  for (const ConnectedMedium& one : found.media) {
    const bool is_ours = one.label.site == site.id();
    refuse(is_ours ? MediumError{"{} is a medium of this site that is not enrolled",
                                 disk_in_hand(one.device)}
                   : MediumError{"{} is a medium of another site", disk_in_hand(one.device)},
           is_ours ? refusal::kNotEnrolled : refusal::kOtherSite,
           is_ours ? text("enter it again with 'azekura medium enrol {} --set SET', or {}",
                          printable(one.device.path), fetch)
                   : text("pull it; {}", fetch));
  }
  for (const UnknownMedium& one : found.unknown) {
    refuse(
        MediumError{"{} has no label that can be read: {}", disk_in_hand(one.device), one.problem},
        refusal::kNotEnrolled, text("pull it; {}", fetch));
  }
  refuse(MediumError{"the medium '{}' is not here", set}, refusal::kMissing,
         text("{}; what was captured waits in the spool", fetch));
}

std::string pool_of(const SiteConfig& config, const std::string& set) {
  const auto found = std::find_if(config.sets.begin(), config.sets.end(),
                                  [&](const SetConfig& one) { return one.name == set; });
  return found == config.sets.end() ? "" : found->pool;
}

void refuse_second_of_pool(const SiteConfig& config, const std::string& set,
                           const std::vector<Known>& known) {
  for (const Known& other : known) {
    const bool is_other = other.record.set != set;
    if (is_other && pool_of(config, other.record.set) == pool_of(config, set)) {
      refuse(PolicyError{"the media '{}' and '{}' of one pool are both connected", set,
                         other.record.name},
             refusal::kTwoOfOnePool, text("pull '{}' and put it away", other.record.name));
    }
  }
}

void refuse_unfit(const Known& wanted, std::uint64_t needed) {
  const MediumRecord& record = wanted.record;
  if (record.is_left_in()) {
    refuse(PolicyError{"the medium '{}' was not pulled since it was last written", record.name},
           refusal::kStillAttached,
           text("pull '{}'; insert it again only if it is to be written now", record.name));
  }
  if (wanted.medium->device.read_only) {
    refuse(MediumError{"the medium '{}' is read-only", record.name}, refusal::kReadOnly,
           "unlock its switch, pull it and insert it again; if it stays so, it fails: use another");
  }
  if (record.free_bytes > 0 && record.free_bytes < needed) {
    refuse(SpaceError{"the medium '{}' has {} free, {} wait for it", record.name,
                      human_bytes(record.free_bytes), human_bytes(needed)},
           refusal::kTooSmall,
           "enrol a larger medium for another set; what was captured waits in the spool");
  }
}

}  // namespace

AdmittedMedium admit(const Site& site, const SiteConfig& config, const std::string& set,
                     const MediumRegister& media, const FoundMedia& found, std::uint64_t needed) {
  const std::vector<Known> known = known_media(site, media, found);
  const auto wanted = std::find_if(known.begin(), known.end(),
                                   [&](const Known& one) { return one.record.set == set; });
  if (wanted == known.end()) {
    refuse_all(site, set, found, known);
  }
  refuse_second_of_pool(config, set, known);
  refuse_unfit(*wanted, needed);
  return *wanted;
}

}  // namespace azekura::vault
