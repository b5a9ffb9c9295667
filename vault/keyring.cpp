#include "vault/keyring.h"

#include "core/byte_reader.h"
#include "core/byte_writer.h"
#include "core/error.h"
#include "vault/hash.h"

#include <algorithm>

namespace azekura::vault {

namespace {

constexpr std::size_t kCutterKeyBytes = 256;

}  // namespace

BoxSealer::BoxSealer(const Secret& key)
    : nonce_prf_{derive(key, "azekura box nonce v1", {}, kKeyBytes).bytes()},
      sealer_{derive(key, "azekura box key v1", {}, kKeyBytes)} {}

Buffer BoxSealer::seal(ByteView associated, ByteView plain) {
  Buffer input = ByteWriter{}.u64(associated.size()).bytes(associated).bytes(plain).take();
  const Digest digest = nonce_prf_(input);
  wipe(input);
  Nonce nonce{};
  std::copy_n(digest.bytes().begin(), nonce.size(), nonce.begin());
  Buffer box(plain.size() + kBoxOverhead);
  std::copy(nonce.begin(), nonce.end(), box.begin());
  sealer_.seal(nonce, associated, plain, MutableBytes{box}.subspan(kNonceBytes));
  return box;
}

Buffer BoxSealer::open(ByteView associated, ByteView box, std::string_view object) {
  if (box.size() < kBoxOverhead) {
    throw DamageError{"{} is too short to be a box", in_language(object)};
  }
  Nonce nonce{};
  std::copy_n(box.begin(), nonce.size(), nonce.begin());
  return sealer_.open(nonce, associated, box.subspan(kNonceBytes), object);
}

Buffer seal_box(const Secret& key, ByteView associated, ByteView plain) {
  return BoxSealer{key}.seal(associated, plain);
}

Buffer open_box(const Secret& key, ByteView associated, ByteView box, std::string_view object) {
  return BoxSealer{key}.open(associated, box, object);
}

SetKeys SetKeys::generate() { return {Secret::random(kKeyBytes), Secret::random(kKeyBytes)}; }

SetKeys SetKeys::from_bytes(ByteView bytes) {
  if (bytes.size() != 2 * kKeyBytes) {
    throw DamageError{"set keys have {} bytes, not {}", bytes.size(), 2 * kKeyBytes};
  }
  return {Secret::copy_of(bytes.first(kKeyBytes)), Secret::copy_of(bytes.subspan(kKeyBytes))};
}

Secret SetKeys::bytes() const {
  Secret both{2 * kKeyBytes};
  std::copy(dedup.bytes().begin(), dedup.bytes().end(), both.mutable_bytes().begin());
  std::copy(catalogue.bytes().begin(), catalogue.bytes().end(),
            both.mutable_bytes().subspan(kKeyBytes).begin());
  return both;
}

Hmac SetKeys::chunk_hasher(const SetId& set) const {
  return Hmac{derive(dedup, "azekura chunk id v1", set.bytes(), kKeyBytes).bytes()};
}

std::vector<ChunkId> ids_of_chunks(std::span<const ByteView> chunks, Hmac& chunk_hasher) {
  std::vector<Digest> digests(chunks.size());
  chunk_hasher.each(chunks, digests);
  std::vector<ChunkId> ids(digests.size());
  std::transform(digests.begin(), digests.end(), ids.begin(),
                 [](const Digest& digest) { return ChunkId::from_bytes(digest.bytes()); });
  return ids;
}

CutterKey SetKeys::cutter_key(const SetId& set) const {
  const Secret bytes = derive(dedup, "azekura cutter v1", set.bytes(), kCutterKeyBytes);
  ByteReader in{bytes.bytes(), "a cutter key"};
  CutterKey key;
  for (std::uint16_t& value : key.low) {
    value = in.u16();
  }
  for (std::uint16_t& value : key.high) {
    value = in.u16();
  }
  const ByteView confirm = in.bytes(key.confirm.size());
  std::copy(confirm.begin(), confirm.end(), key.confirm.begin());
  return key;
}

Buffer SessionIdentity::bytes() const {
  return ByteWriter{}.id(site).id(set).id(session).u32(number).take();
}

Buffer pack_context(const SessionIdentity& session, std::uint32_t pack) {
  return ByteWriter{}.id(session.set).id(session.session).u32(pack).take();
}

PackKeys PackKeys::of(const Secret& session_key, const SessionIdentity& session,
                      std::uint32_t pack) {
  const Buffer context = pack_context(session, pack);
  Secret block = derive(session_key, "azekura pack key v1", context, kKeyBytes);
  Secret table = derive(block, "azekura block table v1", context, kKeyBytes);
  return {std::move(block), derive(session_key, "azekura block nonce v1", context, kKeyBytes),
          std::move(table)};
}

Digest PackKeys::commitment(ByteView context) const {
  const Buffer input = ByteWriter{}.text("azekura pack commitment v1").u8(0).bytes(context).take();
  return Hmac{block.bytes()}(input);
}

Secret chunk_table_key(const Secret& catalogue_key, ByteView context) {
  return derive(catalogue_key, "azekura chunk table v1", context, kKeyBytes);
}

}  // namespace azekura::vault
