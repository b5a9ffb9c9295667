#include "vault/capture.h"

#include "core/error.h"
#include "core/file_io.h"
#include "vault/hash.h"
#include "vault/parity_writer.h"

namespace azekura::vault {

namespace {

SessionHeader make_header(MediaSet& set, const Secret& session_key) {
  const Site& site = set.site();
  SessionHeader header;
  header.identity = {site.id(), set.secrets().id, random_id<SessionId>(), set.next_session()};
  header.first_pack = set.next_pack();
  header.writer = site.writer();
  header.policy = site.policy();
  header.slots = set.earlier_slots();
  header.slots.push_back(
      KeySlot::make(header.identity, session_key, set.secrets().keys, header.policy));
  return header;
}

}  // namespace

Capture::Capture(MediaSet& set)
    : set_{set},
      session_key_{Secret::random(kKeyBytes)},
      header_{make_header(set, *session_key_)},
      folder_{set.spool().begin(header_)},
      next_pack_{header_.first_pack} {}

std::unique_ptr<PackWriter> Capture::begin_pack() {
  const std::lock_guard lock{mutex_};
  const std::uint32_t number = next_pack_++;
  return std::make_unique<PackWriter>(Spool::pack_path(folder_, number), header_.identity, number,
                                      *session_key_, set_.secrets().keys.catalogue);
}

void Capture::finish_pack(std::unique_ptr<PackWriter> pack, bool full) {
  if (pack == nullptr) {
    return;
  }
  const PackInfo info = pack->finish(full);
  const std::lock_guard lock{mutex_};
  keep(info, *pack);
}

void Capture::finish_tree_pack(std::unique_ptr<PackWriter> pack) {
  if (pack == nullptr) {
    return;
  }
  const PackInfo info = pack->finish(false);
  const std::lock_guard lock{mutex_};
  keep(info, *pack);
  tree_packs_.push_back(info.number);
}

/// Requires: mutex_ is held.
void Capture::keep(const PackInfo& info, const PackWriter& pack) {
  Spool::journal(folder_, info);
  set_.catalogue().add_pack(info, header_.identity, pack.sealed_chunk_table());
  ++pack_count_;
  stored_bytes_ += info.file_bytes;
}

void Capture::finish(const Generation& generation) {
  Manifest manifest = set_.manifest_of(header_.identity);
  manifest.parity =
      write_parity(folder_, header_.identity, manifest.own_packs(), tree_packs_, set_.parity());
  manifest.generation = generation.seal(*session_key_, header_.identity);
  // What cannot be opened again must not count as captured.
  const Generation opened = Generation::open(*manifest.generation, *session_key_, header_.identity);
  AZK_CHECK(opened.snapshots == generation.snapshots);
  session_key_.reset();
  Spool::complete(folder_, manifest);
}

std::uint32_t Capture::pack_count() const noexcept {
  const std::lock_guard lock{mutex_};
  return pack_count_;
}

std::uint64_t Capture::stored_bytes() const noexcept {
  const std::lock_guard lock{mutex_};
  return stored_bytes_;
}

}  // namespace azekura::vault
