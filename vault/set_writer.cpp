#include "vault/set_writer.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/interrupt.h"
#include "core/limits.h"
#include "core/sabotage.h"
#include "core/text.h"
#include "vault/chain_check.h"
#include "vault/checked_file.h"
#include "vault/countersignature.h"
#include "vault/generation_record.h"
#include "vault/hash.h"
#include "vault/refusal.h"
#include "vault/vouched_packs.h"

#include <fcntl.h>

#include <algorithm>

namespace azekura::vault {

/// A file that goes from the spool onto the medium as it is.
struct SpooledFile : CheckedFile {
  std::string path;  ///< in the spool
};

namespace {

constexpr std::size_t kCopyBytes = 1 * kMiB;
/// Left free for what a file system needs to finish a session on a nearly full medium.
constexpr std::uint64_t kReserveBytes = 4 * kMiB;

/// Whether the slots begin with those of the sessions before them.
bool repeats_slots(const std::vector<KeySlot>& slots, const std::vector<KeySlot>& earlier) {
  return slots.size() >= earlier.size() && std::equal(earlier.begin(), earlier.end(), slots.begin(),
                                                      [](const KeySlot& a, const KeySlot& b) {
                                                        return a.number == b.number &&
                                                               a.session == b.session;
                                                      });
}

/// The packs and the parity of a session. Parity goes last: far from the packs it is for.
std::vector<SpooledFile> files_of(const SpooledSession& session) {
  std::vector<SpooledFile> files;
  for (const PackInfo& pack : session.manifest.own_packs()) {
    files.push_back({checked_pack(pack, session.header.identity), session.pack_path(pack.number)});
  }
  for (std::size_t i = 0; i < session.manifest.parity_files(); ++i) {
    files.push_back({checked_parity(session.manifest, i), Spool::parity_path(session.folder, i)});
  }
  return files;
}

bool has_file(const FolderMedium& medium, const SpooledFile& file) {
  return on_written(medium, [&] { return medium.size_of(file.name) == file.bytes; });
}

bool has_pack(const FolderMedium& medium, const PackInfo& pack) {
  return on_written(medium, [&] { return present_copy(medium, pack).has_value(); });
}

/// What a session's header, manifest and seal take in all their copies.
std::uint64_t copies_bytes(const SpooledSession& session) {
  return kSessionFolders.size() *
         (session.header_bytes.size() + session.manifest_bytes.size() + limits::kSealBytesMax);
}

}  // namespace

std::uint64_t bytes_waiting(const Spool& spool) {
  std::uint64_t bytes = kReserveBytes;
  for (const SpooledSession& session : spool.sessions()) {
    bytes += copies_bytes(session);
    for (const SpooledFile& file : files_of(session)) {
      bytes += file.bytes;
    }
  }
  return bytes;
}

SetWriter::SetWriter(MediaSet& set, FolderMedium& medium, Observer& observer)
    : set_{set},
      medium_{medium},
      observer_{observer},
      vault_{medium, set.site().writer().authority},
      attached_at_{steady_seconds()} {}

Attached SetWriter::attach() {
  const std::vector<SpooledSession> waiting = set_.spool().sessions();
  const std::optional<SealedSession> newest = ChainCheck{set_, medium_, vault_, observer_}.run();
  if (forget_missing_packs() || !spool_fits(newest ? newest->next_pack() : 1)) {
    set_.discard_spool();
  }
  for (const Finding& finding : vault_.findings()) {
    observer_.notice(text("the medium: {}", finding.fact));
  }
  const std::vector<SpooledSession> kept = set_.spool().sessions();
  for (const SpooledSession& session : waiting) {
    const auto same = [&](const SpooledSession& other) {
      return other.header.identity == session.header.identity;
    };
    if (std::any_of(kept.begin(), kept.end(), same)) {
      continue;
    }
    const std::optional<SealedSession> landed = vault_.session(session.number());
    if (!landed || landed->seal.identity != session.header.identity) {
      dropped_.push_back(session.number());
    } else {  // sealed by a run that ended before it could say so
      record_commit(session.header.identity);
    }
  }
  return dropped_.empty() ? Attached::ready : Attached::recapture;
}

/// Without it a report says less than is true.
void SetWriter::record_commit(const SessionIdentity& session) {
  try {
    GenerationRecord{set_.site(), set_.name()}.commit(session);
  } catch (const Error& error) {
    observer_.notice(
        text("'azekura status' will not know of session {}: {}", session.number, error.what()));
  }
}

bool SetWriter::forget_missing_packs() {
  std::vector<std::uint32_t> missing;
  const std::uint32_t head = set_.catalogue().head().number;
  for (const auto& [number, pack] : set_.catalogue().packs()) {
    throw_if_interrupted();
    if (pack.session <= head && !has_pack(medium_, pack)) {
      missing.push_back(number);
    }
  }
  if (missing.empty()) {
    return false;
  }
  observer_.notice(
      text("{} packs are missing from the medium or cut short; their chunks "
           "are captured again",
           missing.size()));
  set_.catalogue().forget_packs(missing);
  return true;
}

/// What waits must not need a pack that is neither known nor waiting itself, nor use a pack number
/// again that the medium has, nor repeat other key slots than the medium's: all can happen to it
/// when the catalogue was lost or is an old one.
bool SetWriter::spool_fits(std::uint32_t free_pack) {
  const std::vector<SpooledSession> sessions = set_.spool().sessions();
  const std::map<std::uint32_t, PackInfo>& known = set_.catalogue().packs();
  const std::vector<KeySlot> slots = set_.catalogue().slots();
  const bool fits =
      std::all_of(sessions.begin(), sessions.end(), [&](const SpooledSession& session) {
        const std::vector<PackInfo>& packs = session.manifest.packs;
        return session.header.first_pack >= free_pack &&
               repeats_slots(session.header.slots, slots) &&
               std::all_of(packs.begin(), packs.end(), [&](const PackInfo& pack) {
                 const auto found = known.find(pack.number);
                 return found != known.end() && found->second == pack;
               });
      });
  if (!fits) {
    observer_.notice("what waits does not follow what is on the medium");
  }
  return fits;
}

void SetWriter::check_space(const std::vector<SpooledSession>& sessions) {
  std::uint64_t needed = kReserveBytes;
  for (const SpooledSession& session : sessions) {
    needed += copies_bytes(session);
    for (const SpooledFile& file : files_of(session)) {
      needed += has_file(medium_, file) ? 0 : file.bytes;
    }
  }
  if (const std::uint64_t free = medium_.free_bytes(); free < needed) {
    SpaceError error{"medium \"{}\" has {} free, {} are needed", printable(medium_.path()),
                     human_bytes(free), human_bytes(needed)};
    error.set_code(refusal::kTooSmall);
    error.set_hint("bring a larger medium; what was captured waits in the spool");
    throw error;
  }
}

void SetWriter::write(WriteTotals& totals) {
  const std::vector<SpooledSession> sessions = set_.spool().sessions();
  check_space(sessions);
  std::uint64_t bytes = 0;
  for (const SpooledSession& session : sessions) {
    for (const SpooledFile& file : files_of(session)) {
      bytes += file.bytes;
    }
  }
  observer_.phase("writing", bytes);
  for (const SpooledSession& session : sessions) {
    while_doing([&] { write_session(session, totals); }, "writing session {} of the set '{}'",
                session.number(), set_.name());
  }
  carry_countersignatures(totals);
  set_.catalogue().flush_log();
  totals.connected_seconds = steady_seconds() - attached_at_;
}

void SetWriter::put(const std::string& name, ByteView bytes, WriteTotals& totals) {
  try {
    const std::optional<Buffer> there = medium_.read(name, bytes.size());
    if (there && equal(*there, bytes)) {
      return;  // an earlier attempt wrote it
    }
  } catch (const DamageError&) {
    observer_.notice(text("{} is there and not whole; it is written anew", name));
  }
  medium_.append(name, bytes);
  totals.bytes += bytes.size();
}

/// One that cannot be carried waits; nothing hangs on it.
void SetWriter::carry_countersignatures(WriteTotals& totals) {
  const std::string folder = set_.site().countersignature_path();
  std::vector<std::string> carried;
  for (const std::string& name : list_directory(folder)) {
    const std::string path = folder + "/" + name;
    Buffer bytes;
    Countersignature one;
    try {
      bytes = read_file(path, limits::kSealBytesMax);
      one = Countersignature::decode(bytes, set_.site().writer().authority);
    } catch (const Error& error) {
      observer_.notice(text("\"{}\" goes onto no medium: {}", printable(path), error.what()));
      continue;
    }
    if (one.medium == vault_.label()->medium) {
      put(one.path(), bytes, totals);
      carried.push_back(path);
    }
  }
  if (!carried.empty()) {
    medium_.commit();
    std::for_each(carried.begin(), carried.end(), remove_file);
  }
}

namespace {

SpoolError lost_in_spool(std::string_view why) {
  return SpoolError{text("a file in the spool is lost: {}", in_language(why))};
}

/// Hands the bytes of a spooled file to `take`. Errors: SpoolError, or what `take` throws.
void stream_spooled(const std::string& path, const std::function<void(ByteView)>& take) {
  Buffer bytes(kCopyBytes);
  const auto in_spool = [&](auto&& step) {
    try {
      return step();
    } catch (const Error& error) {
      throw lost_in_spool(error.what());
    }
  };
  const UniqueFd file = in_spool([&] { return open_file(path, O_RDONLY | O_NOFOLLOW); });
  while (const std::size_t count = in_spool([&] { return read_some(file.get(), bytes, path); })) {
    take(ByteView{bytes}.first(count));
  }
}

/// Errors: SpoolError if the spooled file is not the one that was captured.
void check_spooled(const SpooledFile& file) {
  try {
    file.expect_whole([&](const auto& take) { stream_spooled(file.path, take); });
  } catch (const DamageError& error) {
    throw lost_in_spool(error.what());
  }
}

}  // namespace

void SetWriter::write_file(const SpooledFile& file, WriteTotals& totals) {
  throw_if_interrupted();
  if (has_file(medium_, file)) {
    try {
      // An earlier attempt may have written it.
      file.expect_whole_on(medium_, file.name);
      observer_.advanced(file.bytes);
      return;
    } catch (const DamageError&) {
      observer_.notice(text("{} is there and not whole; it is written anew", file.name));
    }
  }
  try {
    file.append_to(medium_, file.name, [&](const auto& write) {
      std::uint64_t copied = 0;
      stream_spooled(file.path, [&](ByteView bytes) {
        copied += bytes.size();
        write(bytes);
      });
      if (copied != file.bytes) {
        throw lost_in_spool(text("it has {} bytes, {} were captured", copied, file.bytes));
      }
    });
  } catch (const DamageError& error) {
    // The one check of what the device gives back finds what either of the two spoilt.
    check_spooled(file);
    MediumError failure{"medium \"{}\" does not give back what was written: {}",
                        printable(medium_.path()), error.what()};
    failure.set_hint("replace the medium; what was captured waits in the spool");
    throw failure;
  }
  totals.bytes += file.bytes;
  observer_.advanced(file.bytes);
}

/// A seal vouches for every pack its manifest names, not only for this session's.
void SetWriter::prove_packs_present(const SpooledSession& session) const {
  for (const PackInfo& pack : session.manifest.packs) {
    throw_if_interrupted();
    if (!has_pack(medium_, pack)) {
      throw SpoolError{
          text("pack {:08x}, which the session refers to, is not on the medium", pack.number)};
    }
  }
}

void SetWriter::write_seal(const SpooledSession& session, ByteView seal, WriteTotals& totals) {
  for (const std::string_view folder : kSessionFolders) {
    put(session_path(folder, session.number(), "seal"), seal, totals);
  }
  medium_.commit();
}

void SetWriter::write_session(const SpooledSession& session, WriteTotals& totals) {
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
    write_seal(session, seal_bytes, totals);
  }
  for (const std::string_view folder : kSessionFolders) {
    put(session_path(folder, session.number(), "header"), session.header_bytes, totals);
  }
  for (const SpooledFile& file : files_of(session)) {
    write_file(file, totals);
  }
  for (const std::string_view folder : kSessionFolders) {
    throw_if_interrupted();
    put(session_path(folder, session.number(), "manifest"), session.manifest_bytes, totals);
  }
  prove_packs_present(session);
  // Everything the seal vouches for is durable before a seal exists.
  medium_.commit();
  write_seal(session, seal_bytes, totals);

  const std::optional<SealedSession> sealed = vault_.session(session.number());
  if (!sealed || sealed->seal_digest != sha256(seal_bytes)) {
    throw MediumError{"medium \"{}\" does not give back the seal of session {}",
                      printable(medium_.path()), session.number()};
  }
  ++totals.sessions;
  totals.last_session = session.number();
  if (totals.first_session == 0) {
    totals.first_session = session.number();
  }
  record_commit(session.header.identity);
  set_.catalogue().commit({session.number(), sealed->seal_digest, sealed->next_pack()},
                          session.header_bytes);
  set_.spool().discard(session.number());
}

}  // namespace azekura::vault
