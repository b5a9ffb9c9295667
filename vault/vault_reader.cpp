#include "vault/vault_reader.h"

#include "core/text.h"
#include "vault/content_builder.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace azekura::vault {

namespace {

constexpr std::size_t kOpenPacksMax = 64;
constexpr std::size_t kRecentBlocksMax = 16;
/// Fetches that begin with fewer blocks of a pack are done by the caller's thread, with a cache:
/// trees.
constexpr std::size_t kParallelBlocks = 4;
constexpr std::size_t kTablesMax = 64;

}  // namespace

std::string StoredSnapshot::name() const {
  return fmt::format("{}/{}", session, snapshot.source.name);
}

void expect_key_of_site(const RecoveryKey& key, const FolderMedium& medium) {
  const std::optional<SiteId> site = labelled_site(medium);
  if (site && *site != key.site()) {
    AuthenticityError error{"this recovery key is of site {}, medium \"{}\" is of site {}",
                            key.site().hex(), printable(medium.path()), site->hex()};
    error.set_hint("use the recovery kit of the medium's site");
    throw error;
  }
}

VaultReader::VaultReader(const FolderMedium& medium, const RecoveryKey& key, unsigned threads)
    : medium_{medium}, threads_{threads} {
  Vault vault{medium, key.authority().public_key()};
  sessions_ = vault.sessions();
  findings_ = vault.findings();
  open_slots(key);
  open_generations();
  healer_ = std::make_unique<Healer>(medium_, sessions_, findings_);
}

void VaultReader::open_slots(const RecoveryKey& key) {
  std::set<std::uint32_t> damaged;  // a slot is repeated in every later header
  const auto open = [&](const SealedSession& session, const KeySlot& slot) {
    if (slots_.contains(slot.number)) {
      return;
    }
    try {
      if (auto opened = open_slot(slot, session.seal.identity.site, key.recovery_secret())) {
        slots_.emplace(slot.number, std::move(*opened));
      }
    } catch (const DamageError& error) {
      if (damaged.insert(slot.number).second) {
        findings_.push_back({ErrorKind::damage, error.what()});
      }
    }
  };
  // A session's own word goes before what others repeat of it.
  for (const SealedSession& session : sessions_) {
    open(session, session.header.slots.back());
  }
  // The newest first: it repeats the slots of every session that is lost.
  for (auto session = sessions_.rbegin(); session != sessions_.rend(); ++session) {
    for (const KeySlot& slot : session->header.slots) {
      open(*session, slot);
    }
  }
  if (slots_.empty()) {
    expect_key_of_site(key, medium_);
  }
  if (slots_.empty() && !sessions_.empty()) {
    AuthenticityError error{"this recovery key opens no session of medium \"{}\"",
                            printable(medium_.path())};
    error.set_hint("use the recovery kit of this medium's site; 'azekura key check' names a key's");
    throw error;
  }
  if (sessions_.empty() && !findings_.empty()) {
    const Finding& finding = findings_.front();
    Error error{finding.kind, finding.fact};
    error.set_hint(finding.hint);
    throw error;
  }
}

void VaultReader::open_generations() {
  for (const SealedSession& session : sessions_) {
    if (!session.manifest.generation) {
      continue;
    }
    try {
      Generation generation = open_generation(session);
      for (Snapshot& snapshot : generation.snapshots) {
        snapshots_.push_back(
            {session.number(), generation.set_name, generation.host, std::move(snapshot)});
      }
    } catch (const Error& error) {
      findings_.push_back({error.kind(),
                           text("the snapshots of session {}: {}", session.number(), error.what()),
                           session.number()});
    }
  }
}

Generation VaultReader::open_generation(const SealedSession& session) const {
  const OpenedSlot& opened = slot(session.number());
  if (opened.identity != session.seal.identity) {
    throw AuthenticityError{"its key slot is another session's"};
  }
  return Generation::open(*session.manifest.generation, opened.session_key, session.seal.identity);
}

std::optional<Generation> VaultReader::newest_generation() const {
  for (auto session = sessions_.rbegin(); session != sessions_.rend(); ++session) {
    if (!session->manifest.generation || !slots_.contains(session->number())) {
      continue;
    }
    try {
      return open_generation(*session);
    } catch (const DamageError&) {  // findings() tell of it
      continue;
    } catch (const AuthenticityError&) {
      continue;
    }
  }
  return std::nullopt;
}

const OpenedSlot& VaultReader::slot(std::uint32_t session) const {
  const auto found = slots_.find(session);
  if (found == slots_.end()) {
    throw DamageError{"no key slot of session {} is left", session};
  }
  return found->second;
}

std::shared_ptr<PackReader> VaultReader::pack(std::uint32_t number) {
  const auto open = std::find_if(open_packs_.begin(), open_packs_.end(),
                                 [&](const auto& one) { return one->number() == number; });
  if (open != open_packs_.end()) {
    open_packs_.splice(open_packs_.begin(), open_packs_, open);
    return open_packs_.front();
  }
  const auto known = packs().find(number);
  if (known == packs().end()) {
    throw DamageError{"no seal vouches for pack {:08x}", number};
  }
  if (open_packs_.size() == kOpenPacksMax) {
    open_packs_.pop_back();
  }
  UniqueFd file;
  try {
    file = medium_.open(pack_path(number));
  } catch (const DamageError&) {  // then all of it is to be healed
  }
  open_packs_.push_front(std::make_shared<PackReader>(
      std::move(file), known->second.info, slot(known->second.session.number), healer_.get()));
  return open_packs_.front();
}

std::vector<ChunkId> VaultReader::chunk_ids(const PackReader& pack, std::uint32_t block,
                                            ByteView plain) const {
  const OpenedSlot& keys = slot(packs().at(pack.number()).session.number);
  Hmac hasher = keys.set_keys.chunk_hasher(keys.identity.set);
  const BlockInfo& info = pack.table().blocks[block];
  std::vector<ByteView> chunks(info.chunk_count);
  for (std::uint32_t i = 0; i < info.chunk_count; ++i) {
    const std::uint32_t length = pack.table().chunk_lengths[info.first_chunk + i];
    chunks[i] = plain.first(length);
    plain = plain.subspan(length);
  }
  return ids_of_chunks(chunks, hasher);
}

std::shared_ptr<const OpenBlock> VaultReader::open_block(const PackReader& pack,
                                                         std::uint32_t index) const {
  auto block = std::make_shared<OpenBlock>();
  block->pack = pack.number();
  block->index = index;
  block->plain = pack.open_block(index);
  block->ids = chunk_ids(pack, index, block->plain);
  return block;
}

std::shared_ptr<const OpenBlock> VaultReader::cached_block(const PackReader& pack,
                                                           std::uint32_t index) {
  const auto known = std::find_if(
      recent_blocks_.begin(), recent_blocks_.end(),
      [&](const auto& block) { return block->pack == pack.number() && block->index == index; });
  if (known != recent_blocks_.end()) {
    recent_blocks_.splice(recent_blocks_.begin(), recent_blocks_, known);
    return recent_blocks_.front();
  }
  if (recent_blocks_.size() == kRecentBlocksMax) {
    recent_blocks_.pop_back();
  }
  recent_blocks_.push_front(open_block(pack, index));
  return recent_blocks_.front();
}

const ChunkTable& VaultReader::chunk_table(std::uint32_t number) {
  const auto known = tables_.find(number);
  if (known != tables_.end()) {
    return known->second;
  }
  if (tables_.size() == kTablesMax) {
    tables_.erase(tables_.begin());
  }
  const auto found = packs().find(number);
  if (found == packs().end()) {
    throw DamageError{"no seal vouches for pack {:08x}", number};
  }
  ChunkTable table =
      pack(number)->chunk_table(slot(found->second.session.number).set_keys.catalogue);
  return tables_[number] = std::move(table);
}

/// The recorded chunks that make up exactly these bytes; empty if there are none that do.
/// Lifetime: until the next chunk_table().
std::span<const ChunkRow> VaultReader::recorded_chunks(Position position, std::uint64_t length) {
  const ChunkTable& table = chunk_table(position.pack);
  const std::uint64_t end = position.byte + length;
  const auto first =
      std::lower_bound(table.begin(), table.end(), position.byte,
                       [](const ChunkRow& one, std::uint32_t byte) { return one.offset < byte; });
  auto row = first;
  std::uint64_t at = position.byte;
  for (; row != table.end() && row->offset == at && at < end; ++row) {
    at += row->length;
  }
  return at == end ? std::span{first, row} : std::span<const ChunkRow>{};
}

/// Adds the recorded chunks of an extent to its content's hash; false if they are not the extent's.
bool VaultReader::hash_extent(const Extent& extent, Sha256& content) {
  Sha256 hash;
  for (const ChunkRow& row : recorded_chunks(extent.position, extent.length)) {
    const Buffer item = chunk_item(row.id, row.length);
    hash.update(item);
    content.update(item);
  }
  return hash.finish() == extent.digest;
}

std::vector<WantedExtent> VaultReader::chunks_of(const WantedExtent& extent) {
  std::vector<WantedExtent> chunks;
  Sha256 hash;
  try {
    for (const ChunkRow& row : recorded_chunks(extent.position, extent.length)) {
      const Buffer item = chunk_item(row.id, row.length);
      hash.update(item);
      chunks.push_back({{extent.position.pack, row.offset}, row.length, sha256(item)});
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::damage) {
      throw;
    }
    return {};
  }
  return hash.finish() == extent.digest ? chunks : std::vector<WantedExtent>{};
}

std::optional<std::string> VaultReader::mismatch(const Content& content,
                                                 std::span<const Extent> extents) {
  Sha256 hash;
  // Neighbouring gaps of one kind are one item.
  for (std::size_t i = 0; i < extents.size(); ++i) {
    const Extent& extent = extents[i];
    if (extent.kind != ExtentKind::data) {
      std::uint64_t length = extent.length;
      while (i + 1 < extents.size() && extents[i + 1].kind == extent.kind) {
        length += extents[++i].length;
      }
      hash.update(gap_item(extent.kind, length));
      continue;
    }
    try {
      if (!hash_extent(extent, hash)) {
        return text("bytes {} to {} of pack {:08x} are not what was backed up",
                    extent.position.byte, extent.position.byte + extent.length,
                    extent.position.pack);
      }
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::damage) {
        return std::nullopt;  // without its chunk table the blocks may still be whole
      }
      throw;
    }
  }
  if (hash.finish() != content.digest) {
    return text("its extents do not make up what was backed up");
  }
  return std::nullopt;
}

void VaultReader::fetch(std::span<const WantedExtent> wanted, ExtentReceiver& receiver) {
  std::unique_ptr<FetchLine> line;
  for (std::size_t begin = 0; begin < wanted.size();) {
    const std::uint32_t number = wanted[begin].position.pack;
    std::size_t end = begin + 1;
    while (end < wanted.size() && wanted[end].position.pack == number) {
      ++end;
    }
    std::vector<std::size_t> indexes(end - begin);
    std::iota(indexes.begin(), indexes.end(), begin);
    std::stable_sort(indexes.begin(), indexes.end(), [&](std::size_t a, std::size_t b) {
      return wanted[a].position.byte < wanted[b].position.byte;
    });
    fetch_pack(number, wanted, indexes, receiver, line);
    begin = end;
  }
  if (line) {
    line->drain();
  }
}

void VaultReader::fetch_pack(std::uint32_t number, std::span<const WantedExtent> wanted,
                             std::span<const std::size_t> indexes, ExtentReceiver& receiver,
                             std::unique_ptr<FetchLine>& line) {
  std::shared_ptr<PackFetch> fetch;
  try {
    fetch = std::make_shared<PackFetch>(pack(number), wanted, indexes, receiver);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::medium) {
      throw;
    }
    if (line) {
      line->drain();
    }
    for (const std::size_t index : indexes) {
      receiver.failed(index, error);
    }
    return;
  }
  const std::vector<std::uint32_t> blocks = fetch->blocks();
  if (!line && blocks.size() < kParallelBlocks) {
    fetch_few(blocks, *fetch, receiver);
    return;
  }
  if (!line) {
    const auto open = [this](const PackReader& pack, std::uint32_t block) {
      return open_block(pack, block);
    };
    line = std::make_unique<FetchLine>(threads_, open, receiver);
  }
  line->add(fetch, blocks);
}

void VaultReader::fetch_few(std::span<const std::uint32_t> blocks, PackFetch& fetch,
                            ExtentReceiver& receiver) {
  for (const std::uint32_t block : blocks) {
    std::shared_ptr<const OpenBlock> opened;
    try {
      opened = cached_block(fetch.pack(), block);
    } catch (const Error& error) {
      fetch.fail(block, error);
      continue;
    }
    fetch.take(*opened);
    receiver.block_done();
  }
  fetch.finish();
}

}  // namespace azekura::vault
