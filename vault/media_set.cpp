#include "vault/media_set.h"

#include "core/error.h"
#include "core/file_io.h"
#include "vault/pack_reader.h"
#include "vault/parity_writer.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

namespace azekura::vault {

namespace {

/// Packs a crashed run may have begun without a trace left in the spool: one a lane of packs.
constexpr std::uint32_t kPacksWithoutTrace = 16;

UniqueFd take_lock(const Site& site, const std::string& set) {
  site.make_folders();
  UniqueFd lock = open_file(site.lock_path(set), O_RDWR | O_CREAT | O_NOFOLLOW);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      throw SystemError{errno, "lock the set '{}'", set};
    }
    BusyError error{"another run holds the catalogue of the set '{}'", set};
    error.set_hint("wait until it ends; 'azekura status' shows what waits");
    throw error;
  }
  return lock;
}

/// What an earlier run left half written gives its space back first: the catalogue may need it.
std::unique_ptr<Catalogue> open_catalogue(const Site& site, const std::string& set,
                                          const SetSecrets& secrets) {
  Spool::empty_unfinished(site.spool_path(set));
  return Catalogue::open(site.catalogue_path(set), secrets.id, secrets.keys);
}

/// What a full disk ended is finished without parity, or no run would ever get past it.
std::optional<ParityInfo> parity_of_fragment(const OpenSession& session, const ParityShape& shape,
                                             Observer& observer) {
  try {
    return write_parity(session.folder, session.header.identity, session.packs, {}, shape);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::space) {
      throw;
    }
    observer.notice(text("no space for the parity of session {}, which ended early",
                         session.header.identity.number));
    try_to_empty(session.folder + "/parity");
    return std::nullopt;
  }
}

}  // namespace

MediaSet::MediaSet(const Site& site, const std::string& name, Observer& observer,
                   ParityShape parity)
    : site_{site},
      name_{name},
      parity_{parity},
      lock_{take_lock(site, name)},
      secrets_{site.set_secrets(name)},
      catalogue_{open_catalogue(site, name, secrets_)},
      spool_{site.spool_path(name)} {
  settle();
  if (discarded_ > 0) {
    observer.notice(
        text("{} waiting sessions of the set '{}' cannot follow what is on its "
             "medium or are damaged; they are captured again",
             discarded_, name_));
  }
  finish_interrupted(observer);
}

bool MediaSet::adopt_packs(const std::string& folder, const SessionIdentity& identity,
                           const std::vector<PackInfo>& packs) {
  try {
    for (const PackInfo& pack : packs) {
      const auto known = catalogue_->packs().find(pack.number);
      const std::string path = Spool::pack_path(folder, pack.number);
      const UniqueFd file = open_file(path, O_RDONLY | O_NOFOLLOW);
      if (file_size(file.get(), path) != pack.file_bytes) {
        return false;
      }
      if (known != catalogue_->packs().end() && known->second == pack) {
        continue;
      }
      catalogue_->add_pack(
          pack, identity,
          read_sealed_chunk_table(file.get(), pack, identity, secrets_.keys.catalogue));
    }
    return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::space) {
      throw;
    }
    return false;  // the spool lost it: it is captured again
  }
}

void MediaSet::settle() {
  const std::uint32_t head = catalogue_->head().number;
  std::map<std::uint32_t, SpooledSession> readable;
  for (SpooledSession& session : spool_.sessions()) {
    const std::uint32_t number = session.number();
    readable.emplace(number, std::move(session));
  }
  std::set<std::pair<std::uint32_t, SessionId>> waiting;
  const std::vector<std::uint32_t> numbers = spool_.complete_numbers();
  // A catalogue that knows nothing cannot judge: the medium will say what comes before.
  const bool is_judged = head > 0 || numbers.empty();
  std::uint32_t expected = is_judged ? head + 1 : numbers.front();
  for (const std::uint32_t number : numbers) {
    const auto session = readable.find(number);
    if (number <= head) {  // committed, and the run ended before it was cleared
      spool_.discard(number);
    } else if (number == expected && session != readable.end() &&
               session->second.header.identity.set == secrets_.id &&
               adopt_packs(session->second.folder, session->second.header.identity,
                           session->second.manifest.own_packs())) {
      waiting.emplace(number, session->second.header.identity.session);
      ++expected;
    } else {  // nothing after it follows any more
      spool_.discard(number);
      ++discarded_;
    }
  }
  catalogue_->keep_sessions([&](std::uint32_t number, const SessionId& id) {
    return number <= head || waiting.contains({number, id});
  });
}

void MediaSet::finish_interrupted(Observer& observer) {
  for (const OpenSession& session : spool_.interrupted()) {
    const SessionIdentity& identity = session.header.identity;
    was_interrupted_ = true;
    if (session.packs.empty() || identity.number != next_session() || identity.set != secrets_.id ||
        !adopt_packs(session.folder, identity, session.packs)) {
      spool_.discard(identity.number);
      settle();  // nothing may refer to what of it was adopted
      continue;
    }
    Manifest manifest = manifest_of(identity);
    manifest.parity = parity_of_fragment(session, parity_, observer);
    Spool::complete(session.folder, manifest);
    observer.notice(
        text("an earlier run of the set '{}' ended early; the {} packs it had finished are kept",
             name_, session.packs.size()));
  }
}

Manifest MediaSet::manifest_of(const SessionIdentity& identity) const {
  Manifest manifest;
  manifest.identity = identity;
  for (const auto& [number, pack] : catalogue_->packs()) {
    manifest.packs.push_back(pack);
  }
  return manifest;
}

std::uint32_t MediaSet::next_session() const {
  const std::vector<SpooledSession> sessions = spool_.sessions();
  return std::max(catalogue_->head().number, sessions.empty() ? 0 : sessions.back().number()) + 1;
}

std::uint32_t MediaSet::next_pack() const {
  return std::max(catalogue_->head().next_pack, spool_.next_pack()) +
         (was_interrupted_ ? kPacksWithoutTrace : 0);
}

std::vector<KeySlot> MediaSet::earlier_slots() const {
  std::vector<SpooledSession> sessions = spool_.sessions();
  if (sessions.empty()) {
    return catalogue_->slots();
  }
  return std::move(sessions.back().header.slots);
}

void MediaSet::discard_spool() {
  // The last first: what is left after a crash is still a chain.
  std::vector<SpooledSession> sessions = spool_.sessions();
  for (auto session = sessions.rbegin(); session != sessions.rend(); ++session) {
    spool_.discard(session->number());
  }
  settle();
}

}  // namespace azekura::vault
