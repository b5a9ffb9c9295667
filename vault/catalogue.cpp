#include "vault/catalogue.h"

#include "core/byte_reader.h"
#include "core/byte_writer.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cerrno>

namespace azekura::vault {

namespace {

// Rows by the first letter of their key; numbers are big-endian so that they sort.
constexpr char kHeadRow = 'h';     // "h" → box of the chain's head
constexpr char kSlotsRow = 'k';    // "k" → box of the newest committed header
constexpr char kSessionRow = 'n';  // "n" number → box of the session id
constexpr char kPackRow = 'p';     // "p" number → box of the pack's info
constexpr char kTableRow = 't';    // "t" number → the pack's sealed chunk table
constexpr char kChunkRow = 'c';    // "c" id[0..16) → pack number, offset, length, proof
constexpr char kScanRow = 's';     // "s" key → session number, box of the record

constexpr std::size_t kChunkKeyBytes = 16;
constexpr std::size_t kProofBytes = 8;
constexpr std::size_t kPlaceBytes = 4 + 4 + 4;
/// Chunk tables that are open: of so many packs, with so many rows together (about 90 bytes each).
constexpr std::size_t kNeighbourhoods = 24;
constexpr std::size_t kNeighboursMax = 1'000'000;
/// A pack's table is worth opening when so many chunks were found there while it was one of the
/// packs that were found last.
constexpr unsigned kHits = 4;
constexpr std::size_t kPacksFoundLast = 8;
constexpr std::string_view kObject = "a catalogue row";

std::string row_key(char row, std::uint32_t number) {
  std::string key(1, row);
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    key.push_back(static_cast<char>(number >> (shift - 8) & 0xFFU));
  }
  return key;
}

std::string row_key(char row, ByteView bytes) {
  std::string key(1, row);
  key += as_text(bytes);
  return key;
}

rocksdb::Slice slice(ByteView bytes) { return {as_text(bytes).data(), bytes.size()}; }
ByteView view(const rocksdb::Slice& bytes) { return as_bytes({bytes.data(), bytes.size()}); }

void check(const rocksdb::Status& status, std::string_view attempt) {
  if (!status.ok()) {
    if (status.IsNoSpace()) {
      throw SpaceError{"no space on the disk of the site to {}", in_language(attempt)};
    }
    SystemError error{EIO, "{} ({})", in_language(attempt), status.ToString()};
    error.set_hint("check the disk of the site; 'azekura catalogue rebuild SET' makes it anew");
    throw error;
  }
}

rocksdb::Options options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 16 * kMiB;
  options.max_open_files = 64;
  options.keep_log_file_num = 1;
  options.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
  options.compression = rocksdb::kNoCompression;  // ids and boxes do not compress
  // Most look-ups are for chunks that are not there.
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.05;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

/// RocksDB tells a held lock only in its text: the first is another process, the second our own.
bool is_lock_held(std::string_view text) {
  return text.find("While lock file") != std::string_view::npos ||
         text.find("lock hold by current process") != std::string_view::npos;
}

std::unique_ptr<rocksdb::DB> open_database(const std::string& path) {
  rocksdb::DB* raw = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(options(), path, &raw);
  if (status.IsIOError() && is_lock_held(status.ToString())) {
    throw BusyError{"another run holds the catalogue \"{}\"", printable(path)};
  }
  // It is a cache: what is damaged is worth nothing. A disk that fails or is full is told.
  if (status.IsCorruption() || status.IsInvalidArgument() || status.IsNotSupported() ||
      status.IsPathNotFound()) {
    remove_tree(path);
    make_directory(path);
    status = rocksdb::DB::Open(options(), path, &raw);
  }
  check(status, "open the catalogue");
  return std::unique_ptr<rocksdb::DB>{raw};
}

/// Whether a write is on the device when it returns.
enum class Flush { no, yes };

}  // namespace

struct Catalogue::Database {
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::Status last_write;

  /// After a write that failed there is no other: RocksDB would end the program.
  void write(rocksdb::WriteBatch& batch, Flush flush, std::string_view attempt) {
    if (last_write.ok()) {
      rocksdb::WriteOptions options;
      options.sync = flush == Flush::yes;
      last_write = db->Write(options, &batch);
    }
    check(last_write, attempt);
  }
};

/// The chunk table of one pack, ready for look-ups: streams repeat in runs, so the next chunks
/// are likely in the same pack. But not those of a file that changes a little every night, whose
/// neighbours lie in the packs of many nights.
struct Catalogue::Neighbourhood {
  struct Place {
    std::uint32_t offset;
    std::uint32_t length;
  };
  std::uint32_t pack = 0;
  std::unordered_map<ChunkId, Place, IdHash<ChunkId>> places;
};

std::unique_ptr<Catalogue> Catalogue::open(const std::string& path, const SetId& set,
                                           const SetKeys& keys) {
  make_directory(path);
  for (bool anew = false;; anew = true) {
    auto database = std::make_unique<Database>();
    database->db = open_database(path);
    std::unique_ptr<Catalogue> catalogue{new Catalogue{std::move(database), set, keys}};
    if (catalogue->load() || anew) {
      return catalogue;
    }
    catalogue.reset();
    remove_tree(path);
    make_directory(path);
  }
}

std::optional<ChainHead> Catalogue::peek(const std::string& path, const SetId& set,
                                         const SetKeys& keys) {
  rocksdb::DB* raw = nullptr;
  rocksdb::Options reading = options();
  reading.create_if_missing = false;
  if (!rocksdb::DB::OpenForReadOnly(reading, path, &raw).ok()) {
    return std::nullopt;
  }
  auto database = std::make_unique<Database>();
  database->db.reset(raw);
  Catalogue catalogue{std::move(database), set, keys};
  return catalogue.load() ? std::optional{catalogue.head_} : std::nullopt;
}

Catalogue::Catalogue(std::unique_ptr<Database> database, const SetId& set, const SetKeys& keys)
    : database_{std::move(database)},
      set_{set},
      keys_{keys.clone()},
      row_box_{derive(keys.catalogue, "azekura catalogue v1", set.bytes(), 32)},
      chunk_prover_{derive(keys.catalogue, "azekura chunk row v1", set.bytes(), 32).bytes()} {}

Catalogue::~Catalogue() = default;

Buffer Catalogue::seal_row(const std::string& key, ByteView plain) {
  return row_box_.seal(as_bytes(key), plain);
}

std::optional<Buffer> Catalogue::open_row(const std::string& key, ByteView value) {
  try {
    return row_box_.open(as_bytes(key), value, kObject);
  } catch (const DamageError&) {  // forged, damaged or another set's: as if it were not there
    return std::nullopt;
  }
}

void Catalogue::load_pack(const std::string& key, ByteView value) {
  const std::optional<Buffer> plain = open_row(key, value);
  if (!plain) {
    return;
  }
  ByteReader in{*plain, kObject};
  PackInfo info;
  info.number = in.u32();
  info.session = in.u32();
  info.file_bytes = in.u64();
  info.root = in.id<Digest>();
  const auto session = sessions_.find(info.session);
  if (session != sessions_.end() && session->second.session == in.id<SessionId>()) {
    packs_[info.number] = info;
  }
  head_.next_pack = std::max(head_.next_pack, info.number + 1);
}

bool Catalogue::load() {
  const std::unique_ptr<rocksdb::Iterator> rows{database_->db->NewIterator({})};
  for (rows->Seek(std::string(1, kHeadRow)); rows->Valid(); rows->Next()) {
    const std::string key = rows->key().ToString();
    if (key[0] > kPackRow) {
      break;
    }
    if (key[0] == kPackRow) {
      load_pack(key, view(rows->value()));
      continue;
    }
    const std::optional<Buffer> plain = open_row(key, view(rows->value()));
    if (!plain) {
      continue;
    }
    ByteReader in{*plain, kObject};
    if (key[0] == kHeadRow) {
      head_.number = in.u32();
      head_.seal = in.id<Digest>();
      head_.next_pack = in.u32();
    } else if (key[0] == kSlotsRow) {
      slots_ = SessionHeader::decode(*plain).slots;
    } else if (key[0] == kSessionRow) {
      const std::uint32_t number = in.u32();
      sessions_[number] = {{}, set_, in.id<SessionId>(), number};
    }
  }
  if (rows->status().IsCorruption()) {
    return false;
  }
  check(rows->status(), "read the catalogue");
  return true;
}

void Catalogue::add_pack(const PackInfo& info, const SessionIdentity& session,
                         ByteView sealed_chunk_table) {
  const ChunkTable chunks =
      open_chunk_table(keys_.catalogue, session, info.number, sealed_chunk_table);
  const std::lock_guard lock{mutex_};
  rocksdb::WriteBatch batch;
  const std::string pack_key = row_key(kPackRow, info.number);
  const Buffer pack_row = seal_row(pack_key, ByteWriter{}
                                                 .u32(info.number)
                                                 .u32(info.session)
                                                 .u64(info.file_bytes)
                                                 .id(info.root)
                                                 .id(session.session)
                                                 .view());
  batch.Put(pack_key, slice(pack_row));
  const std::string session_key = row_key(kSessionRow, session.number);
  const Buffer session_row =
      seal_row(session_key, ByteWriter{}.u32(session.number).id(session.session).view());
  batch.Put(session_key, slice(session_row));
  batch.Put(row_key(kTableRow, info.number), slice(sealed_chunk_table));
  for (const ChunkRow& row : chunks) {
    ByteWriter value;
    value.u32(info.number).u32(row.offset).u32(row.length);
    const Digest proof = proof_of(row.id, value.view(), session.session);
    value.bytes(proof.bytes().first(kProofBytes));
    batch.Put(row_key(kChunkRow, row.id.bytes().first(kChunkKeyBytes)), slice(value.view()));
  }
  database_->write(batch, Flush::no, "add a pack to the catalogue");
  sessions_[session.number] = session;
  packs_[info.number] = info;
  head_.next_pack = std::max(head_.next_pack, info.number + 1);
}

void Catalogue::keep_sessions(
    const std::function<bool(std::uint32_t number, const SessionId&)>& keep) {
  rocksdb::WriteBatch batch;
  for (auto session = sessions_.begin(); session != sessions_.end();) {
    if (keep(session->first, session->second.session)) {
      ++session;
      continue;
    }
    batch.Delete(row_key(kSessionRow, session->first));
    for (auto pack = packs_.begin(); pack != packs_.end();) {
      if (pack->second.session != session->first) {
        ++pack;
        continue;
      }
      batch.Delete(row_key(kPackRow, pack->first));
      batch.Delete(row_key(kTableRow, pack->first));
      pack = packs_.erase(pack);
    }
    session = sessions_.erase(session);
  }
  // A number is never used for two things, even when its pack is discarded.
  put_head(batch, head_);
  database_->write(batch, Flush::no, "drop sessions from the catalogue");
  forget_neighbours();
}

void Catalogue::forget_packs(const std::vector<std::uint32_t>& numbers) {
  rocksdb::WriteBatch batch;
  for (const std::uint32_t number : numbers) {
    batch.Delete(row_key(kPackRow, number));
    batch.Delete(row_key(kTableRow, number));
    packs_.erase(number);
  }
  // Remembered directories may lie in them: all are scanned again.
  batch.DeleteRange(std::string(1, kScanRow), std::string(1, kScanRow + 1));
  database_->write(batch, Flush::yes, "drop packs from the catalogue");
  forget_neighbours();
}

void Catalogue::forget_neighbours() {
  recent_.clear();
  neighbours_ = 0;
}

const Catalogue::Neighbourhood* Catalogue::neighbourhood(std::uint32_t pack) {
  const auto known = std::find_if(recent_.begin(), recent_.end(),
                                  [&](const auto& one) { return one->pack == pack; });
  if (known != recent_.end()) {
    std::rotate(recent_.begin(), known, known + 1);
    return recent_.front().get();
  }
  const auto info = packs_.find(pack);
  if (info == packs_.end()) {
    return nullptr;
  }
  std::string sealed;
  if (!database_->db->Get({}, row_key(kTableRow, pack), &sealed).ok()) {
    return nullptr;
  }
  auto fresh = std::make_unique<Neighbourhood>();
  fresh->pack = pack;
  try {
    for (const ChunkRow& row : open_chunk_table(keys_.catalogue, sessions_.at(info->second.session),
                                                pack, as_bytes(sealed))) {
      fresh->places.insert_or_assign(row.id, Neighbourhood::Place{row.offset, row.length});
    }
  } catch (const DamageError&) {  // forged or damaged: its chunks are stored again
    return nullptr;
  }
  neighbours_ += fresh->places.size();
  recent_.insert(recent_.begin(), std::move(fresh));
  while (recent_.size() > kNeighbourhoods || (recent_.size() > 1 && neighbours_ > kNeighboursMax)) {
    neighbours_ -= recent_.back()->places.size();
    recent_.pop_back();
  }
  return recent_.front().get();
}

std::optional<Position> Catalogue::find(const ChunkId& id, std::uint32_t length) {
  const std::lock_guard lock{mutex_};
  const auto place_in = [&](const Neighbourhood& where) -> std::optional<Position> {
    const auto place = where.places.find(id);
    if (place == where.places.end() || place->second.length != length) {
      return std::nullopt;
    }
    return Position{where.pack, place->second.offset};
  };
  for (const auto& where : recent_) {
    if (const std::optional<Position> position = place_in(*where)) {
      return position;
    }
  }
  std::string value;
  if (!database_->db->Get({}, row_key(kChunkRow, id.bytes().first(kChunkKeyBytes)), &value).ok() ||
      value.size() != kPlaceBytes + kProofBytes) {
    return std::nullopt;
  }
  ByteReader in{as_bytes(value), kObject};
  const Position position{in.u32(), in.u32()};
  const auto pack = packs_.find(position.pack);
  if (in.u32() != length || pack == packs_.end()) {
    return std::nullopt;
  }
  if (note_found_in(position.pack) >= kHits) {
    const Neighbourhood* where = neighbourhood(position.pack);
    return where == nullptr ? std::nullopt : place_in(*where);
  }
  const Digest proof =
      proof_of(id, as_bytes(value).first(kPlaceBytes), sessions_.at(pack->second.session).session);
  return equal(in.bytes(kProofBytes), proof.bytes().first(kProofBytes)) ? std::optional{position}
                                                                        : std::nullopt;
}

/// How many chunks were found in it lately.
unsigned Catalogue::note_found_in(std::uint32_t pack) {
  auto at = std::find_if(found_last_.begin(), found_last_.end(),
                         [&](const auto& one) { return one.first == pack; });
  if (at == found_last_.end()) {
    if (found_last_.size() == kPacksFoundLast) {
      found_last_.pop_back();
    }
    at = found_last_.insert(found_last_.end(), {pack, 0});
  }
  ++at->second;
  std::rotate(found_last_.begin(), at, at + 1);
  return found_last_.front().second;
}

/// That the catalogue key's holder put the chunk there.
Digest Catalogue::proof_of(const ChunkId& id, ByteView place, const SessionId& session) {
  ByteWriter row;
  row.id(id).bytes(place).id(session);
  return chunk_prover_(row.view());
}

std::optional<std::uint32_t> Catalogue::session_of(std::uint32_t pack) const {
  const std::lock_guard lock{mutex_};
  const auto known = packs_.find(pack);
  return known == packs_.end() ? std::nullopt : std::optional{known->second.session};
}

std::optional<Recalled> Catalogue::recall(const Digest& key) {
  const std::lock_guard lock{mutex_};
  const std::string row = row_key(kScanRow, key.bytes());
  std::string value;
  if (!database_->db->Get({}, row, &value).ok()) {
    return std::nullopt;
  }
  const std::optional<Buffer> plain = open_row(row, as_bytes(value));
  if (!plain) {
    return std::nullopt;
  }
  ByteReader in{*plain, kObject};
  const auto session = sessions_.find(in.u32());
  if (session == sessions_.end() || session->second.session != in.id<SessionId>()) {
    return std::nullopt;
  }
  const ByteView record = in.bytes(in.remaining());
  return Recalled{Buffer{record.begin(), record.end()}, session->first};
}

void Catalogue::remember(const std::vector<std::pair<Digest, Buffer>>& records,
                         const SessionIdentity& session) {
  const std::lock_guard lock{mutex_};
  rocksdb::WriteBatch batch;
  const std::string session_key = row_key(kSessionRow, session.number);
  batch.Put(
      session_key,
      slice(seal_row(session_key, ByteWriter{}.u32(session.number).id(session.session).view())));
  sessions_[session.number] = session;
  for (const auto& [key, record] : records) {
    const std::string row = row_key(kScanRow, key.bytes());
    const Buffer plain = ByteWriter{}.u32(session.number).id(session.session).bytes(record).take();
    batch.Put(row, slice(seal_row(row, plain)));
  }
  database_->write(batch, Flush::no, "keep directories in the catalogue");
}

void Catalogue::put_head(rocksdb::WriteBatch& batch, const ChainHead& head) {
  const std::string key(1, kHeadRow);
  const Buffer plain = ByteWriter{}.u32(head.number).id(head.seal).u32(head.next_pack).take();
  batch.Put(key, slice(seal_row(key, plain)));
}

void Catalogue::commit(const ChainHead& head, ByteView header) {
  const std::lock_guard lock{mutex_};
  ChainHead next = head;
  next.next_pack = std::max(next.next_pack, head_.next_pack);
  rocksdb::WriteBatch batch;
  put_head(batch, next);
  const std::string slots_key(1, kSlotsRow);
  batch.Put(slots_key, slice(seal_row(slots_key, header)));
  database_->write(batch, Flush::yes, "commit a session to the catalogue");
  head_ = next;
  slots_ = SessionHeader::decode(header).slots;
}

void Catalogue::flush_log() {
  const std::lock_guard lock{mutex_};
  static_cast<void>(database_->db->Flush({}));
}

}  // namespace azekura::vault
