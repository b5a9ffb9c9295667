#include "cli/refusal_words.h"

#include "core/error.h"
#include "core/messages.h"
#include "vault/refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace azekura::cli {

namespace {

constexpr std::string_view kBringIt =
    "bring it: 'azekura rotate' leads you; what was captured for it waits";
constexpr std::string_view kEvidence =
    "keep the one that was here, unwritten, as evidence, and find out where it came from; bring "
    "the right one: 'azekura rotate' leads you";
constexpr std::string_view kInsertAgain =
    "insert it again: 'azekura rotate' leads you; what is on it already is not written again";

constexpr RefusalWords kUnknownRefusal{
    "see what its run said",
    "do what its run said; if nothing waits for it, 'azekura backup --to SET' captures anew"};

constexpr std::array<std::pair<std::string_view, RefusalWords>, 14> kWordsOfRefusals{{
    {vault::refusal::kNotTonights, {"the medium of another set was here", kBringIt}},
    {vault::refusal::kNotEnrolled, {"a disk that is not enrolled was here", kBringIt}},
    {vault::refusal::kOtherSite, {"a medium of another site was here", kBringIt}},
    {vault::refusal::kCloned, {"there is a copy of it, or its label is not genuine", kEvidence}},
    {vault::refusal::kBehind, {"an older copy of it was here", kEvidence}},
    {vault::refusal::kForked, {"it has a session that this host did not seal", kEvidence}},
    {vault::refusal::kTwoOfOnePool, {"another medium of its pool was here, too", kBringIt}},
    {vault::refusal::kStillAttached,
     {"it was left in since it was last written",
      "pull it; then 'azekura rotate' leads you; what was captured for it waits"}},
    {vault::refusal::kTooSmall,
     {"it is too small for what waits",
      "enrol a larger medium for another set; what was captured waits in the spool"}},
    {vault::refusal::kFailing,
     {"it fails, or its slot or cable does",
      "try another slot or cable, then enrol another medium; what was captured for it waits"}},
    {vault::refusal::kReadOnly,
     {"it is read-only",
      "unlock its switch and bring it: 'azekura rotate' leads you; if it stays so, it fails"}},
    {vault::refusal::kMissing,
     {"it was not here",
      "bring it: 'azekura rotate' leads you; if it is lost, enrol another one for a new set and "
      "take its set out of site.toml"}},
    {vault::refusal::kPulled, {"it was pulled while it was written", kInsertAgain}},
    {vault::refusal::kTooLong, {"it was connected longer than the site allows", kInsertAgain}},
}};

}  // namespace

RefusalWords words_of_refusal(std::string_view code) {
  const auto* const found = std::find_if(kWordsOfRefusals.begin(), kWordsOfRefusals.end(),
                                         [&](const auto& one) { return one.first == code; });
  return found == kWordsOfRefusals.end() ? kUnknownRefusal : found->second;
}

std::string refusal_text(const vault::Refusal& refusal) {
  std::string said{in_language(words_of_refusal(refusal.code).meaning)};
  if (!refusal.code.empty()) {
    said = fmt::format("{}, {}", refusal.code, said);
  }
  return refusal.person.empty() ? said : text("{} ({} says so)", said, refusal.person);
}

void note_refusal(vault::MediumRegister& media, const std::string& set,
                  const vault::Refusal& refusal, Output& output) {
  try {
    media.note_refusal(set, refusal);
  } catch (const Error& error) {
    output.notice(text("'azekura status' will not tell that the medium '{}' was refused: {}", set,
                       error.one_line()));
  }
}

}  // namespace azekura::cli
