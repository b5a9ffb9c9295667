#include "vault/set_writer.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/interrupt.h"
#include "core/limits.h"
#include "core/sabotage.h"
#include "core/text.h"
#include "vault/hash.h"
#include "vault/pack_check.h"
#include "vault/pack_reader.h"

#include <fcntl.h>

#include <algorithm>

namespace azekura::vault {

namespace {

constexpr std::size_t kCopyBytes = 1 * kMiB;
/// Left free for what a file system needs to finish a session on a nearly full medium.
constexpr std::uint64_t kReserveBytes = 4 * kMiB;

SessionIdentity identity_of(const SealedSession& session) { return session.seal.identity; }

/// A label in order, of a site that is not this one.
bool is_of_another_site(const FolderMedium& medium, const SiteId& site) {
  try {
    const std::optional<Buffer> bytes = medium.read("label", limits::kLabelBytesMax);
    return bytes && Label::decode(*bytes).site != site;
  } catch (const Error&) {  // not a label in order
    return false;
  }
}

std::uint32_t next_pack_after(const SealedSession& session) {
  const std::vector<PackInfo>& packs = session.manifest.packs;
  return std::max(session.header.first_pack, packs.empty() ? 1 : packs.back().number + 1);
}

}  // namespace

SetWriter::SetWriter(MediaSet& set, FolderMedium& medium, Observer& observer)
    : set_{set},
      medium_{medium},
      observer_{observer},
      vault_{medium, set.site().writer().authority},
      attached_at_{steady_seconds()} {}

void SetWriter::check_label() {
  if (!vault_.label()) {
    const Finding& finding = vault_.findings().front();
    if (is_of_another_site(medium_, set_.site().id())) {
      throw_other_site();
    }
    if (finding.kind == ErrorKind::authenticity) {
      AuthenticityError error{"medium \"{}\" is not this site's: {}", printable(medium_.path()),
                              finding.fact};
      error.set_hint("fetch the medium of this set; do not write to this one");
      throw error;
    }
    MediumError error{"medium \"{}\" cannot be identified: {}", printable(medium_.path()),
                      finding.fact};
    error.set_hint("check it with 'azekura verify --from DIR'");
    throw error;
  }
  if (vault_.label()->site != set_.site().id()) {
    throw_other_site();
  }
}

std::optional<SealedSession> SetWriter::newest_session() {
  const std::vector<std::uint32_t> numbers = vault_.numbers();
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    if (std::optional<SealedSession> session = vault_.session(*number)) {
      return session;
    }
  }
  return std::nullopt;
}

Attached SetWriter::attach() {
  check_label();
  medium_.clear_unfinished();
  const std::vector<SpooledSession> waiting = set_.spool().sessions();
  compare_chains();
  if (forget_missing_packs() || !spool_fits()) {
    set_.discard_spool();
  }
  for (const Finding& finding : vault_.findings()) {
    observer_.notice(fmt::format("the medium: {}", finding.fact));
  }
  const std::vector<SpooledSession> kept = set_.spool().sessions();
  const auto is_kept_or_landed = [&](const SpooledSession& session) {
    const auto same = [&](const SpooledSession& other) {
      return other.header.identity == session.header.identity;
    };
    if (std::any_of(kept.begin(), kept.end(), same)) {
      return true;
    }
    const std::optional<SealedSession> landed = vault_.session(session.number());
    return landed && landed->seal.identity == session.header.identity;
  };
  return std::all_of(waiting.begin(), waiting.end(), is_kept_or_landed) ? Attached::ready
                                                                        : Attached::recapture;
}

void SetWriter::compare_chains() {
  const std::optional<SealedSession> newest = newest_session();
  const ChainHead head = set_.catalogue().head();
  const std::uint32_t newest_number = newest ? newest->number() : 0;
  const bool is_known = newest && newest->seal_digest == head.seal;
  if (newest && !is_known && identity_of(*newest).set != set_.secrets().id &&
      !may_take_over(*newest)) {
    throw_other_set();
  }
  if (newest_number < head.number) {
    AuthenticityError error{
        "medium \"{}\" ends with session {}, the catalogue knows session {}: an older copy, or not "
        "the medium of this set",
        printable(medium_.path()), newest_number, head.number};
    error.set_hint("fetch the medium that was written last; keep this one, unwritten, as evidence");
    throw error;
  }
  if (newest && newest_number == head.number && newest->seal_digest != head.seal) {
    throw AuthenticityError{
        "medium \"{}\" is forked: its session {} is not the one this host sealed",
        printable(medium_.path()), head.number};
  }
  if (newest && newest_number > head.number) {
    learn(*newest);
  }
  if (!newest && vault_.label()->set != set_.secrets().id) {
    throw_other_set();
  }
}

void SetWriter::throw_other_site() const {
  MediumError error{"medium \"{}\" belongs to another site", printable(medium_.path())};
  error.set_hint("fetch a medium of this site");
  throw error;
}

void SetWriter::throw_other_set() const {
  MediumError error{"medium \"{}\" belongs to another set", printable(medium_.path())};
  error.set_hint(fmt::format("fetch the medium of the set '{}'", set_.name()));
  throw error;
}

/// The medium is ahead of the catalogue: the catalogue was lost or is old, a run ended between
/// seal and commit, or another host wrote before this one took over.
void SetWriter::learn(const SealedSession& newest) {
  const ChainHead head = set_.catalogue().head();
  if (identity_of(newest).set != set_.secrets().id) {
    take_over(newest);
    return;
  }
  if (newest.header.writer.certificate.host_key != set_.site().writer().certificate.host_key) {
    throw AuthenticityError{"session {} of medium \"{}\" was sealed by another host",
                            newest.number(), printable(medium_.path())};
  }
  if (head.number > 0) {
    const std::optional<SealedSession> known = vault_.session(head.number);
    if (!known || known->seal_digest != head.seal) {
      throw AuthenticityError{
          "medium \"{}\" is forked: its session {} is not the one this host sealed",
          printable(medium_.path()), head.number};
    }
  }
  observer_.notice(
      fmt::format("learning sessions {} to {} from the medium", head.number + 1, newest.number()));
  for (const std::uint32_t number : vault_.numbers()) {
    if (number <= head.number || number > newest.number()) {
      continue;
    }
    const std::optional<SealedSession> session = vault_.session(number);
    if (session && identity_of(*session).set == set_.secrets().id) {
      learn_packs(*session);
      complete_copies(*session);
    }
  }
  // The run that wrote them may have ended before they were durable.
  medium_.commit();
  set_.catalogue().commit({newest.number(), newest.seal_digest, next_pack_after(newest)},
                          newest.header_bytes);
  set_.settle();
}

/// A run that ended while it wrote the seal's copies left some out.
void SetWriter::complete_copies(const SealedSession& session) {
  const auto complete = [&](std::string_view object, const Digest& digest, std::uint64_t max) {
    std::optional<Buffer> whole;
    for (const std::string_view folder : kSessionFolders) {
      std::optional<Buffer> copy =
          medium_.read(session_path(folder, session.number(), object), max);
      if (copy && sha256(*copy) == digest) {
        whole = std::move(copy);
      }
    }
    for (const std::string_view folder : kSessionFolders) {
      const std::string path = session_path(folder, session.number(), object);
      if (whole && !medium_.size_of(path)) {
        medium_.append(path, *whole);
      }
    }
  };
  complete("header", session.seal.header, limits::kHeaderBytesMax);
  complete("manifest", session.seal.manifest, limits::kManifestBytesMax);
  complete("seal", session.seal_digest, limits::kSealBytesMax);
}

void SetWriter::learn_packs(const SealedSession& session) {
  for (const PackInfo& pack : session.own_packs()) {
    throw_if_interrupted();
    try {
      PackCheck check{pack, identity_of(session)};
      medium_.stream(pack_path(pack.number), [&](ByteView bytes) { check.update(bytes); });
      check.finish();
      const UniqueFd file = medium_.open(pack_path(pack.number));
      set_.catalogue().add_pack(pack, identity_of(session),
                                read_sealed_chunk_table(file.get(), pack, identity_of(session),
                                                        set_.secrets().keys.catalogue));
    } catch (const DamageError& error) {  // nothing new will refer to it
      observer_.notice(fmt::format("{}; its chunks are stored again", error.what()));
    }
  }
}

/// A new host continues a medium as a new set if it has the authority's newer certificate.
bool SetWriter::may_take_over(const SealedSession& newest) {
  return set_.catalogue().head().number == 0 &&
         set_.site().writer().certificate.epoch > newest.header.writer.certificate.epoch;
}

void SetWriter::take_over(const SealedSession& newest) {
  observer_.notice(
      fmt::format("continuing the medium after session {} as a new set", newest.number()));
  set_.catalogue().commit({newest.number(), newest.seal_digest, next_pack_after(newest)},
                          newest.header_bytes);
  set_.settle();
}

bool SetWriter::forget_missing_packs() {
  std::vector<std::uint32_t> missing;
  const std::uint32_t head = set_.catalogue().head().number;
  for (const auto& [number, pack] : set_.catalogue().packs()) {
    if (pack.session <= head && medium_.size_of(pack_path(number)) != pack.file_bytes) {
      missing.push_back(number);
    }
  }
  if (missing.empty()) {
    return false;
  }
  observer_.notice(
      fmt::format("{} packs are missing from the medium or cut short; their chunks "
                  "are captured again",
                  missing.size()));
  set_.catalogue().forget_packs(missing);
  return true;
}

/// What waits must not need a pack that is neither known nor waiting itself, nor use a pack number
/// again that the medium has: both can happen to it when the catalogue was lost or is an old one.
bool SetWriter::spool_fits() {
  const std::vector<SpooledSession> sessions = set_.spool().sessions();
  const std::map<std::uint32_t, PackInfo>& known = set_.catalogue().packs();
  const std::optional<SealedSession> newest = newest_session();
  const std::uint32_t free = newest ? next_pack_after(*newest) : 1;
  const bool fits =
      std::all_of(sessions.begin(), sessions.end(), [&](const SpooledSession& session) {
        const std::vector<PackInfo>& packs = session.manifest.packs;
        return session.header.first_pack >= free &&
               std::all_of(packs.begin(), packs.end(), [&](const PackInfo& pack) {
                 const auto found = known.find(pack.number);
                 return found != known.end() && found->second == pack;
               });
      });
  if (!fits) {
    observer_.notice("what waits needs packs that are lost, or has numbers that are taken");
  }
  return fits;
}

void SetWriter::check_space(const std::vector<SpooledSession>& sessions) {
  std::uint64_t needed = kReserveBytes;
  for (const SpooledSession& session : sessions) {
    needed += kSessionFolders.size() *
              (session.header_bytes.size() + session.manifest_bytes.size() + limits::kSealBytesMax);
    for (const PackInfo& pack : session.own_packs()) {
      if (medium_.size_of(pack_path(pack.number)) != pack.file_bytes) {
        needed += pack.file_bytes;
      }
    }
  }
  if (const std::uint64_t free = medium_.free_bytes(); free < needed) {
    SpaceError error{"medium \"{}\" has {} free, {} are needed", printable(medium_.path()),
                     human_bytes(free), human_bytes(needed)};
    error.set_hint("bring a larger medium; what was captured waits in the spool");
    throw error;
  }
}

WriteTotals SetWriter::write() {
  const std::vector<SpooledSession> sessions = set_.spool().sessions();
  check_space(sessions);
  std::uint64_t bytes = 0;
  for (const SpooledSession& session : sessions) {
    for (const PackInfo& pack : session.own_packs()) {
      bytes += pack.file_bytes;
    }
  }
  observer_.phase("writing", bytes);
  for (const SpooledSession& session : sessions) {
    while_doing([&] { write_session(session); }, "writing session {} of the set '{}'",
                session.number(), set_.name());
  }
  totals_.connected_seconds = steady_seconds() - attached_at_;
  return totals_;
}

void SetWriter::put(const std::string& name, ByteView bytes) {
  if (medium_.size_of(name) == bytes.size()) {
    const std::optional<Buffer> there = medium_.read(name, bytes.size());
    if (there && equal(*there, bytes)) {
      return;  // an earlier attempt wrote it
    }
  }
  medium_.append(name, bytes);
  totals_.bytes += bytes.size();
}

namespace {

/// Hands a spooled pack to `write`, checked. Errors: SpoolError, or what `write` throws.
void copy_spooled_pack(const std::string& path, PackCheck& check,
                       const std::function<void(ByteView)>& write) {
  Buffer bytes(kCopyBytes);
  const auto in_spool = [&](auto&& step) {
    try {
      return step();
    } catch (const Error& error) {
      throw SpoolError{fmt::format("a pack in the spool is lost: {}", error.what())};
    }
  };
  const UniqueFd file = in_spool([&] { return open_file(path, O_RDONLY | O_NOFOLLOW); });
  while (const std::size_t count = in_spool([&] { return read_some(file.get(), bytes, path); })) {
    check.update(ByteView{bytes}.first(count));
    write(ByteView{bytes}.first(count));
  }
  in_spool([&] {
    check.finish();
    return 0;
  });
}

}  // namespace

void SetWriter::write_packs(const SpooledSession& session) {
  const SessionIdentity& identity = session.header.identity;
  for (const PackInfo& pack : session.own_packs()) {
    throw_if_interrupted();
    const std::string name = pack_path(pack.number);
    const auto check_on_medium = [&](const std::string& object) {
      PackCheck check{pack, identity};
      medium_.stream(object, [&](ByteView bytes) { check.update(bytes); });
      check.finish();
    };
    if (medium_.size_of(name) == pack.file_bytes) {
      try {
        check_on_medium(name);  // an earlier attempt wrote it
        observer_.advanced(pack.file_bytes);
        continue;
      } catch (const DamageError&) {
        observer_.notice(fmt::format("{} is there and not whole; it is written anew", name));
      }
    }
    const std::string spooled = session.pack_path(pack.number);
    PackCheck source_check{pack, identity};
    PackCheck device_check{pack, identity};
    bool source_whole = false;
    try {
      medium_.append(
          name, pack.file_bytes,
          [&](const auto& write) {
            copy_spooled_pack(spooled, source_check, write);
            source_whole = true;
          },
          [&](ByteView bytes) {
            if (bytes.empty()) {
              device_check.finish();
            }
            device_check.update(bytes);
          });
    } catch (const DamageError& error) {
      if (source_whole) {
        MediumError failure{"medium \"{}\" does not give back what was written: {}",
                            printable(medium_.path()), error.what()};
        failure.set_hint("replace the medium; what was captured waits in the spool");
        throw failure;
      }
      throw;
    }
    totals_.bytes += pack.file_bytes;
    observer_.advanced(pack.file_bytes);
  }
}

/// A seal vouches for every pack its manifest names, not only for this session's.
void SetWriter::prove_packs_present(const SpooledSession& session) const {
  for (const PackInfo& pack : session.manifest.packs) {
    if (medium_.size_of(pack_path(pack.number)) != pack.file_bytes) {
      throw SpoolError{fmt::format("pack {:08x}, which the session refers to, is not on the medium",
                                   pack.number)};
    }
  }
}

void SetWriter::write_seal(const SpooledSession& session, ByteView seal) {
  for (const std::string_view folder : kSessionFolders) {
    put(session_path(folder, session.number(), "seal"), seal);
  }
  medium_.commit();
}

void SetWriter::write_session(const SpooledSession& session) {
  const ChainHead head = set_.catalogue().head();
  Seal seal;
  seal.identity = session.header.identity;
  seal.medium = vault_.label()->medium;
  seal.header = sha256(session.header_bytes);
  seal.manifest = sha256(session.manifest_bytes);
  seal.previous_number = head.number;
  seal.previous = head.seal;
  const Buffer seal_bytes = seal.encode(set_.site().host_key());

  if (sabotaged(Sabotage::seal_before_packs)) {
    write_seal(session, seal_bytes);
  }
  for (const std::string_view folder : kSessionFolders) {
    put(session_path(folder, session.number(), "header"), session.header_bytes);
  }
  write_packs(session);
  for (const std::string_view folder : kSessionFolders) {
    put(session_path(folder, session.number(), "manifest"), session.manifest_bytes);
  }
  prove_packs_present(session);
  // Everything the seal vouches for is durable before a seal exists.
  medium_.commit();
  write_seal(session, seal_bytes);

  const std::optional<SealedSession> sealed = vault_.session(session.number());
  if (!sealed || sealed->seal_digest != sha256(seal_bytes)) {
    throw MediumError{"medium \"{}\" does not give back the seal of session {}",
                      printable(medium_.path()), session.number()};
  }
  set_.catalogue().commit({session.number(), sealed->seal_digest, next_pack_after(*sealed)},
                          session.header_bytes);
  set_.spool().discard(session.number());
  ++totals_.sessions;
}

}  // namespace azekura::vault
