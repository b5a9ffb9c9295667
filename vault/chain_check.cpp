#include "vault/chain_check.h"

#include "core/error.h"
#include "core/interrupt.h"
#include "core/limits.h"
#include "core/text.h"
#include "vault/checked_file.h"
#include "vault/hash.h"
#include "vault/pack_reader.h"
#include "vault/refusal.h"
#include "vault/vouched_packs.h"

namespace azekura::vault {

ChainCheck::ChainCheck(MediaSet& set, FolderMedium& medium, Vault& vault, Observer& observer)
    : set_{set}, medium_{medium}, vault_{vault}, observer_{observer} {}

std::optional<SealedSession> ChainCheck::run() {
  check_label();
  std::optional<SealedSession> newest = newest_session();
  compare(newest);
  on_written(medium_, [&] { medium_.clear_unfinished(); });
  if (newest && newest->number() > set_.catalogue().head().number) {
    learn(*newest);
  }
  return newest;
}

void ChainCheck::check_label() const {
  if (!vault_.label()) {
    const Finding& finding = vault_.findings().front();
    if (labelled_site(medium_).value_or(set_.site().id()) != set_.site().id()) {
      throw_other_site();
    }
    if (finding.kind == ErrorKind::authenticity) {
      AuthenticityError error{"medium \"{}\" is not this site's: {}", printable(medium_.path()),
                              finding.fact};
      error.set_hint(finding.hint);
      error.set_hint("fetch the medium of this set; do not write to this one");
      throw error;
    }
    MediumError error{"medium \"{}\" cannot be identified: {}", printable(medium_.path()),
                      finding.fact};
    error.set_hint("check it with 'azekura verify --from MEDIUM'");
    throw error;
  }
  if (vault_.label()->site != set_.site().id()) {
    throw_other_site();
  }
}

std::optional<SealedSession> ChainCheck::newest_session() {
  const std::vector<std::uint32_t> numbers = on_written(medium_, [&] { return vault_.numbers(); });
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    if (std::optional<SealedSession> session = vault_.session(*number)) {
      return session;
    }
  }
  return std::nullopt;
}

bool ChainCheck::is_of_set(const SealedSession& session) const {
  return session.seal.identity.set == set_.secrets().id;
}

void ChainCheck::compare(const std::optional<SealedSession>& newest) {
  const ChainHead head = set_.catalogue().head();
  const std::uint32_t newest_number = newest ? newest->number() : 0;
  const bool is_known = newest && newest->seal_digest == head.seal;
  if (newest && !is_known && !is_of_set(*newest) && !may_take_over(*newest)) {
    if (is_of_newer_host(*newest)) {
      throw_replaced();
    }
    throw_other_set();
  }
  if (newest_number < head.number) {
    AuthenticityError error{
        "medium \"{}\" ends with session {}, the catalogue knows session {}: an older copy, or not "
        "the medium of this set",
        printable(medium_.path()), newest_number, head.number};
    error.set_code(refusal::kBehind);
    error.set_hint("fetch the medium that was written last; keep this one, unwritten, as evidence");
    throw error;
  }
  if (newest && newest_number == head.number && newest->seal_digest != head.seal) {
    throw_forked(head.number);
  }
  const Label& label = *vault_.label();
  if (!newest && label.set != set_.secrets().id && !is_older(label.writer)) {
    throw_other_set();
  }
}

void ChainCheck::throw_other_site() const {
  MediumError error{"medium \"{}\" belongs to another site", printable(medium_.path())};
  error.set_code(refusal::kOtherSite);
  error.set_hint("fetch a medium of this site");
  throw error;
}

void ChainCheck::throw_other_set() const {
  MediumError error{"medium \"{}\" belongs to another set", printable(medium_.path())};
  error.set_code(refusal::kNotTonights);
  error.set_hint(text("fetch the medium of the set '{}'", set_.name()));
  throw error;
}

void ChainCheck::throw_replaced() const {
  AuthenticityError error{
      "another host of this site took over medium \"{}\": this host was replaced",
      printable(medium_.path())};
  error.set_hint("run backups on that host; this site folder is no longer wanted");
  throw error;
}

void ChainCheck::throw_forked(std::uint32_t number) const {
  AuthenticityError error{"medium \"{}\" is forked: its session {} is not the one this host sealed",
                          printable(medium_.path()), number};
  error.set_code(refusal::kForked);
  error.set_hint("keep this medium, unwritten, as evidence; fetch the one this host wrote");
  throw error;
}

/// The medium is ahead of the catalogue: the catalogue was lost or is old, a run ended between
/// seal and commit, or another host wrote before this one took over.
void ChainCheck::learn(const SealedSession& newest) {
  if (!is_of_set(newest)) {
    take_over(newest);
    return;
  }
  check_continues_known(newest);
  const ChainHead head = set_.catalogue().head();
  observer_.notice(
      text("learning sessions {} to {} from the medium", head.number + 1, newest.number()));
  for (const std::uint32_t number : vault_.numbers()) {
    if (number <= head.number || number > newest.number()) {
      continue;
    }
    const std::optional<SealedSession> session = vault_.session(number);
    if (session && is_of_set(*session)) {
      learn_packs(*session);
      complete_copies(*session);
    }
  }
  // The run that wrote them may have ended before they were durable.
  medium_.commit();
  set_.catalogue().commit({newest.number(), newest.seal_digest, newest.next_pack()},
                          newest.header_bytes);
  set_.settle();
}

void ChainCheck::check_continues_known(const SealedSession& newest) {
  if (newest.header.writer.certificate.host_key != set_.site().writer().certificate.host_key) {
    throw AuthenticityError{"session {} of medium \"{}\" was sealed by another host",
                            newest.number(), printable(medium_.path())};
  }
  const ChainHead head = set_.catalogue().head();
  if (head.number == 0) {
    return;
  }
  const std::optional<SealedSession> known = vault_.session(head.number);
  if (!known || known->seal_digest != head.seal) {
    throw_forked(head.number);
  }
}

/// A run that ended while it wrote the seal's copies left some out.
void ChainCheck::complete_copies(const SealedSession& session) {
  const auto is_absent = [&](const std::string& path) {
    try {
      return !medium_.size_of(path);
    } catch (const DamageError&) {  // a copy that is damaged is no obstacle
      return false;
    }
  };
  const auto complete = [&](std::string_view object, const Digest& digest) {
    const std::optional<Buffer> whole = vault_.whole_copy(session.number(), object, digest);
    for (const std::string_view folder : kSessionFolders) {
      const std::string path = session_path(folder, session.number(), object);
      if (whole && is_absent(path)) {
        medium_.append(path, *whole);
      }
    }
  };
  complete("header", session.seal.header);
  complete("manifest", session.seal.manifest);
  complete("seal", session.seal_digest);
}

/// A copy of the pack, read from the device and found whole. Errors: DamageError, of the first.
std::string ChainCheck::whole_copy(const PackInfo& pack, const SessionIdentity& session) const {
  std::optional<DamageError> problem;
  for (std::string& copy : pack_copies(pack.number)) {
    try {
      checked_pack(pack, session).expect_whole_on(medium_, copy);
      return std::move(copy);
    } catch (const DamageError& error) {
      if (!problem) {
        problem = error;
      }
    }
  }
  throw *std::move(problem);
}

void ChainCheck::learn_packs(const SealedSession& session) {
  const SessionIdentity& identity = session.seal.identity;
  for (const PackInfo& pack : session.manifest.own_packs()) {
    throw_if_interrupted();
    try {
      const std::string copy = whole_copy(pack, identity);
      const UniqueFd file = medium_.open(copy);
      set_.catalogue().add_pack(
          pack, identity,
          read_sealed_chunk_table(file.get(), pack, identity, set_.secrets().keys.catalogue));
    } catch (const DamageError& error) {  // nothing new may refer to it
      set_.catalogue().forget_packs({pack.number});
      observer_.notice(text("{}; its chunks are stored again", error.what()));
    }
  }
}

/// A new host continues a medium as a new set if it has the authority's newer certificate.
bool ChainCheck::may_take_over(const SealedSession& newest) const {
  return set_.catalogue().head().number == 0 && is_older(newest.header.writer);
}

bool ChainCheck::is_older(const Writer& writer) const {
  return writer.certificate.epoch < set_.site().writer().certificate.epoch;
}

bool ChainCheck::is_of_newer_host(const SealedSession& session) const {
  return session.header.writer.certificate.epoch > set_.site().writer().certificate.epoch;
}

void ChainCheck::take_over(const SealedSession& newest) {
  observer_.notice(text("continuing the medium after session {} as a new set", newest.number()));
  set_.catalogue().commit({newest.number(), newest.seal_digest, newest.next_pack()},
                          newest.header_bytes);
  set_.settle();
}

}  // namespace azekura::vault
