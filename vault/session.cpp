#include "vault/session.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/tree_codec.h"
#include "vault/hash.h"
#include "vault/object.h"
#include "vault/parity_layout.h"

#include <algorithm>

namespace azekura::vault {

namespace {

constexpr std::string_view kHeaderMagic = "AZKHEADR";
constexpr std::string_view kManifestMagic = "AZKMANIF";
constexpr std::string_view kSealMagic = "AZKSEAL1";
constexpr std::string_view kSealDomain = "azekura seal v1";
constexpr std::string_view kHeaderObject = "a session header";
constexpr std::string_view kManifestObject = "a manifest";
constexpr std::string_view kSealObject = "a seal";
constexpr std::string_view kGenerationObject = "a generation";

// Section types. Each object's identity is 1.
constexpr std::uint16_t kIdentity = 1;
constexpr std::uint16_t kHeaderAuthority = 2;
constexpr std::uint16_t kHeaderCertificate = 3;
constexpr std::uint16_t kHeaderPolicy = 4;
constexpr std::uint16_t kHeaderSlots = 5;
constexpr std::uint16_t kManifestPacks = 2;
constexpr std::uint16_t kManifestGeneration = 3;
constexpr std::uint16_t kManifestParity = 16;
constexpr std::uint16_t kSealHashes = 2;
constexpr std::uint16_t kSealPrevious = 3;
constexpr std::uint16_t kGenerationAbout = 1;
constexpr std::uint16_t kGenerationSnapshots = 2;
constexpr std::uint16_t kGenerationSiteFile = 3;
constexpr std::uint16_t kGenerationSignals = 17;
constexpr std::uint16_t kGenerationConnections = 18;

constexpr std::size_t kSealedSessionKeyBytes = 48;
constexpr std::size_t kSetKeysBoxBytes = 64 + kBoxOverhead;
constexpr std::size_t kShortTextMax = 255;

SessionIdentity decode_identity(ByteReader& in) {
  SessionIdentity identity;
  identity.site = in.id<SiteId>();
  identity.set = in.id<SetId>();
  identity.session = in.id<SessionId>();
  identity.number = in.u32();
  if (identity.number == 0 || identity.number > limits::kSessionsMax) {
    in.fail("an impossible session number");
  }
  return identity;
}

void encode_slot(ByteWriter& out, const KeySlot& slot) {
  out.u32(slot.number).id(slot.set).id(slot.session).bytes(slot.set_keys);
  out.u8(static_cast<std::uint8_t>(slot.sealed.size()));
  for (const KeySlot::Sealed& sealed : slot.sealed) {
    out.id(sealed.recipient).id(sealed.encapsulated).bytes(sealed.session_key);
  }
}

KeySlot decode_slot(ByteReader& in) {
  KeySlot slot;
  slot.number = in.u32();
  slot.set = in.id<SetId>();
  slot.session = in.id<SessionId>();
  const ByteView set_keys = in.bytes(kSetKeysBoxBytes);
  slot.set_keys.assign(set_keys.begin(), set_keys.end());
  const std::uint8_t count = in.u8();
  if (count == 0 || count > limits::kRecipientsMax) {
    in.fail("a key slot for no recipient or too many");
  }
  for (std::uint8_t i = 0; i < count; ++i) {
    KeySlot::Sealed sealed;
    sealed.recipient = in.id<RecipientTag>();
    sealed.encapsulated = in.id<EncapsulatedKey>();
    const ByteView key = in.bytes(kSealedSessionKeyBytes);
    sealed.session_key.assign(key.begin(), key.end());
    slot.sealed.push_back(std::move(sealed));
  }
  return slot;
}

std::vector<KeySlot> decode_slots(ByteView bytes, const SessionIdentity& identity) {
  ByteReader in{bytes, kHeaderObject};
  const std::uint32_t count = in.u32();
  if (count == 0 || count > limits::kSessionsMax) {
    in.fail("no key slots or too many");
  }
  std::vector<KeySlot> slots;
  for (std::uint32_t i = 0; i < count; ++i) {
    slots.push_back(decode_slot(in));
    if (i > 0 && slots[i - 1].number >= slots[i].number) {
      in.fail("key slots are not rising");
    }
  }
  in.expect_end();
  const KeySlot& own = slots.back();
  if (own.number != identity.number || own.set != identity.set || own.session != identity.session) {
    in.fail("its own key slot is missing");
  }
  return slots;
}

Secret generation_key(const Secret& session_key, const SessionIdentity& identity) {
  return derive(session_key, "azekura generation v1", identity.bytes(), kKeyBytes);
}

std::vector<Snapshot> decode_snapshots(ByteView bytes) {
  ByteReader in{bytes, kGenerationObject};
  const std::uint32_t count = in.u32();
  if (count > limits::kSourcesMax) {
    in.fail("too many snapshots");
  }
  std::vector<Snapshot> snapshots;
  for (std::uint32_t i = 0; i < count; ++i) {
    ByteReader one{in.long_bytes(in.remaining()), kGenerationObject};
    snapshots.push_back(decode_snapshot(one));
    one.expect_end();
    const std::string& name = snapshots.back().source.name;
    if (std::any_of(snapshots.begin(), snapshots.end() - 1,
                    [&](const Snapshot& other) { return other.source.name == name; })) {
      in.fail("a source is there twice");
    }
  }
  in.expect_end();
  return snapshots;
}

Buffer encode_all_signals(const std::vector<Snapshot>& snapshots) {
  ByteWriter list;
  list.u32(static_cast<std::uint32_t>(snapshots.size()));
  for (const Snapshot& snapshot : snapshots) {
    AZK_CHECK(snapshot.signals.has_value());
    ByteWriter one;
    encode_signals(one, *snapshot.signals);
    list.long_bytes(one.view());
  }
  return list.take();
}

void decode_all_signals(ByteView bytes, std::vector<Snapshot>& snapshots) {
  ByteReader in{bytes, kGenerationObject};
  if (in.u32() != snapshots.size() || snapshots.empty()) {
    in.fail("it does not have signals of each snapshot");
  }
  for (Snapshot& snapshot : snapshots) {
    ByteReader one{in.long_bytes(in.remaining()), kGenerationObject};
    snapshot.signals = decode_signals(one);
    one.expect_end();
    if (snapshot.source.kind == SourceKind::stream && snapshot.signals->tree) {
      in.fail("a stream has the signals of a tree");
    }
  }
  in.expect_end();
}

ParityInfo decode_parity(ByteView bytes, const std::vector<PackInfo>& own_packs) {
  ByteReader in{bytes, kManifestObject};
  ParityInfo parity;
  const std::uint8_t files = in.u8();
  for (std::uint8_t i = 0; i < files; ++i) {
    parity.roots.push_back(in.id<Digest>());
  }
  const std::uint8_t rows = in.u8();
  if (rows > limits::kParityRowsMax) {
    in.fail("its parity has too many rows");
  }
  std::vector<std::uint32_t> listed;
  for (std::uint8_t i = 0; i < rows; ++i) {
    ParityRow row;
    row.stripes = in.u32();
    const std::uint32_t count = in.u32();
    for (std::uint32_t pack = 0; pack < count; ++pack) {
      row.packs.push_back(in.u32());
      if (pack > 0 && row.packs[pack] <= row.packs[pack - 1]) {
        in.fail("packs of its parity are not rising");
      }
    }
    listed.insert(listed.end(), row.packs.begin(), row.packs.end());
    parity.rows.push_back(std::move(row));
  }
  in.expect_end();
  std::sort(listed.begin(), listed.end());
  const bool is_partition =
      std::equal(listed.begin(), listed.end(), own_packs.begin(), own_packs.end(),
                 [](std::uint32_t number, const PackInfo& pack) { return number == pack.number; });
  if (files == 0 || files > limits::kParityFilesMax || rows == 0 || !is_partition ||
      !is_sound(ParityLayout{parity, own_packs})) {
    in.fail("its parity has an impossible shape");
  }
  return parity;
}

}  // namespace

Buffer SessionHeader::encode() const {
  Sections sections;
  sections[kIdentity] = ByteWriter{}.bytes(identity.bytes()).u32(first_pack).take();
  sections[kHeaderAuthority] = ByteWriter{}.id(writer.authority).take();
  sections[kHeaderCertificate] = writer.certificate.encode();
  sections[kHeaderPolicy] = policy.encode();
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(slots.size()));
  for (const KeySlot& slot : slots) {
    encode_slot(out, slot);
  }
  sections[kHeaderSlots] = out.take();
  return encode_object(kHeaderMagic, sections);
}

SessionHeader SessionHeader::decode(ByteView bytes) {
  ByteReader in{bytes, kHeaderObject};
  const Sections sections = decode_object(in, kHeaderMagic, kHeaderSlots, kHeaderObject);
  in.expect_end();
  SessionHeader header;
  ByteReader identity{section(sections, kIdentity, kHeaderObject), kHeaderObject};
  header.identity = decode_identity(identity);
  header.first_pack = identity.u32();
  identity.expect_end();
  ByteReader authority{section(sections, kHeaderAuthority, kHeaderObject), kHeaderObject};
  header.writer.authority = authority.id<PublicSigningKey>();
  authority.expect_end();
  header.writer.certificate =
      Certificate::decode(section(sections, kHeaderCertificate, kHeaderObject));
  header.policy = Policy::decode(section(sections, kHeaderPolicy, kHeaderObject));
  header.slots = decode_slots(section(sections, kHeaderSlots, kHeaderObject), header.identity);
  return header;
}

Buffer Generation::seal(const Secret& session_key, const SessionIdentity& identity) const {
  Sections sections;
  ByteWriter about;
  about.short_bytes(as_bytes(host)).short_bytes(as_bytes(set_name));
  about.short_bytes(as_bytes(writer_version));
  about.i64(started.seconds).u32(started.nanoseconds);
  about.i64(finished.seconds).u32(finished.nanoseconds);
  sections[kGenerationAbout] = about.take();
  ByteWriter list;
  list.u32(static_cast<std::uint32_t>(snapshots.size()));
  for (const Snapshot& snapshot : snapshots) {
    ByteWriter one;
    encode_snapshot(one, snapshot);
    list.long_bytes(one.view());
  }
  sections[kGenerationSnapshots] = list.take();
  const ByteView site = as_bytes(site_file);
  sections[kGenerationSiteFile] = Buffer{site.begin(), site.end()};
  if (std::any_of(snapshots.begin(), snapshots.end(),
                  [](const Snapshot& snapshot) { return snapshot.signals.has_value(); })) {
    sections[kGenerationSignals] = encode_all_signals(snapshots);
  }
  if (!connections.empty()) {
    ByteWriter newest;
    encode_connections(newest, connections);
    sections[kGenerationConnections] = newest.take();
  }
  ByteWriter body;
  encode_sections(body, sections);

  Buffer plain = ByteWriter{}.long_bytes(body.view()).take();
  plain.resize(static_cast<std::size_t>(padme(plain.size())), std::byte{0});
  return seal_box(generation_key(session_key, identity), identity.bytes(), plain);
}

Generation Generation::open(ByteView box, const Secret& session_key,
                            const SessionIdentity& identity) {
  const Buffer plain =
      open_box(generation_key(session_key, identity), identity.bytes(), box, kGenerationObject);
  ByteReader in{plain, kGenerationObject};
  ByteReader body{in.long_bytes(in.remaining()), kGenerationObject};
  const std::size_t used = plain.size() - in.remaining();
  const ByteView padding = in.bytes(in.remaining());
  if (plain.size() != padme(used) ||
      std::any_of(padding.begin(), padding.end(), [](std::byte b) { return b != std::byte{0}; })) {
    in.fail("its padding is not as it must be");
  }
  const Sections sections = decode_sections(body, kGenerationSiteFile, kGenerationObject);
  body.expect_end();
  Generation generation;
  ByteReader about{section(sections, kGenerationAbout, kGenerationObject), kGenerationObject};
  generation.host = about.short_text(kShortTextMax);
  generation.set_name = about.short_text(kShortTextMax);
  generation.writer_version = about.short_text(kShortTextMax);
  generation.started = decode_time(about);
  generation.finished = decode_time(about);
  about.expect_end();
  generation.snapshots =
      decode_snapshots(section(sections, kGenerationSnapshots, kGenerationObject));
  generation.site_file =
      std::string{as_text(section(sections, kGenerationSiteFile, kGenerationObject))};
  if (const auto signals = sections.find(kGenerationSignals); signals != sections.end()) {
    decode_all_signals(signals->second, generation.snapshots);
  }
  if (const auto newest = sections.find(kGenerationConnections); newest != sections.end()) {
    ByteReader reader{newest->second, kGenerationObject};
    generation.connections = decode_connections(reader);
  }
  return generation;
}

std::vector<PackInfo> Manifest::own_packs() const {
  std::vector<PackInfo> own;
  std::copy_if(packs.begin(), packs.end(), std::back_inserter(own),
               [&](const PackInfo& pack) { return pack.session == identity.number; });
  return own;
}

Buffer Manifest::encode() const {
  Sections sections;
  sections[kIdentity] = identity.bytes();
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(packs.size()));
  for (const PackInfo& pack : packs) {
    out.u32(pack.number).u32(pack.session).u64(pack.file_bytes).id(pack.root);
  }
  sections[kManifestPacks] = out.take();
  if (generation) {
    sections[kManifestGeneration] = *generation;
  }
  if (parity) {
    ByteWriter list;
    list.u8(static_cast<std::uint8_t>(parity->roots.size()));
    for (const Digest& root : parity->roots) {
      list.id(root);
    }
    list.u8(static_cast<std::uint8_t>(parity->rows.size()));
    for (const ParityRow& row : parity->rows) {
      list.u32(row.stripes).u32(static_cast<std::uint32_t>(row.packs.size()));
      for (const std::uint32_t pack : row.packs) {
        list.u32(pack);
      }
    }
    sections[kManifestParity] = list.take();
  }
  return encode_object(kManifestMagic, sections);
}

Manifest Manifest::decode(ByteView bytes) {
  ByteReader in{bytes, kManifestObject};
  Sections sections = decode_object(in, kManifestMagic, kManifestGeneration, kManifestObject);
  in.expect_end();
  Manifest manifest;
  ByteReader identity{section(sections, kIdentity, kManifestObject), kManifestObject};
  manifest.identity = decode_identity(identity);
  identity.expect_end();
  ByteReader packs{section(sections, kManifestPacks, kManifestObject), kManifestObject};
  const std::uint32_t count = packs.u32();
  for (std::uint32_t i = 0; i < count; ++i) {
    PackInfo pack;
    pack.number = packs.u32();
    pack.session = packs.u32();
    pack.file_bytes = packs.u64();
    pack.root = packs.id<Digest>();
    if (i > 0 && manifest.packs.back().number >= pack.number) {
      packs.fail("packs are not rising");
    }
    if (pack.session == 0 || pack.session > manifest.identity.number) {
      packs.fail("a pack belongs to an impossible session");
    }
    manifest.packs.push_back(pack);
  }
  packs.expect_end();
  if (const auto generation = sections.find(kManifestGeneration); generation != sections.end()) {
    manifest.generation = std::move(generation->second);
  }
  if (const auto parity = sections.find(kManifestParity); parity != sections.end()) {
    manifest.parity = decode_parity(parity->second, manifest.own_packs());
  }
  return manifest;
}

Buffer Seal::encode(const SigningKey& host) const {
  Sections sections;
  sections[kIdentity] = ByteWriter{}.bytes(identity.bytes()).id(medium).take();
  sections[kSealHashes] = ByteWriter{}.id(header).id(manifest).take();
  sections[kSealPrevious] = ByteWriter{}.u32(previous_number).id(previous).take();
  Buffer bytes = encode_object(kSealMagic, sections);
  append(bytes, host.sign(kSealDomain, bytes).bytes());
  return bytes;
}

Seal Seal::decode(ByteView bytes) {
  ByteReader in{bytes, kSealObject};
  const Sections sections = decode_object(in, kSealMagic, kSealPrevious, kSealObject);
  in.id<Signature>();
  in.expect_end();
  Seal seal;
  ByteReader identity{section(sections, kIdentity, kSealObject), kSealObject};
  seal.identity = decode_identity(identity);
  seal.medium = identity.id<MediumId>();
  identity.expect_end();
  ByteReader hashes{section(sections, kSealHashes, kSealObject), kSealObject};
  seal.header = hashes.id<Digest>();
  seal.manifest = hashes.id<Digest>();
  hashes.expect_end();
  ByteReader previous{section(sections, kSealPrevious, kSealObject), kSealObject};
  seal.previous_number = previous.u32();
  seal.previous = previous.id<Digest>();
  previous.expect_end();
  if (seal.previous_number >= seal.identity.number ||
      (seal.previous_number == 0) != seal.previous.is_zero()) {
    in.fail("it names an impossible predecessor");
  }
  return seal;
}

bool Seal::is_signed_by(ByteView bytes, const PublicSigningKey& host) {
  if (bytes.size() < Signature::kBytes) {
    return false;
  }
  const std::size_t signed_size = bytes.size() - Signature::kBytes;
  return verify_signature(host, kSealDomain, bytes.first(signed_size),
                          Signature::from_bytes(bytes.subspan(signed_size)));
}

}  // namespace azekura::vault
