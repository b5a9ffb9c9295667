#include "core/byte_writer.h"
#include "core/file_io.h"
#include "core/limits.h"
#include "tests/fuzz/fuzz_target.h"
#include "vault/object.h"
#include "vault/pack_check.h"
#include "vault/pack_reader.h"

#include <sys/mman.h>

namespace azekura::tests {

namespace {

/// What the first byte of the input asks for.
enum Given : unsigned { block_locator = 1, chunk_locator = 2, head = 4, changed_byte = 8 };

/// What a session's host can put into a pack: everything below is sealed and hashed as it must be.
struct Parts {
  unsigned given = 0;
  ByteView chunk_table;
  ByteView block_locator;
  ByteView chunk_locator;
  ByteView head;
  std::size_t changed_at = 0;
  std::byte change{};
  vault::BlockTable table;
  std::vector<ByteView> payloads;
};

Parts read_parts(ByteView input) {
  ByteReader in{input, "the input"};
  Parts parts;
  parts.given = in.u8();
  const auto bytes_if = [&](Given given, std::size_t count) {
    return in.bytes((parts.given & given) != 0 ? count : 0);
  };
  parts.chunk_table = in.short_bytes(in.remaining());
  parts.block_locator = bytes_if(Given::block_locator, 16);
  parts.chunk_locator = bytes_if(Given::chunk_locator, 16);
  parts.head = bytes_if(Given::head, vault::kCommitmentOffset);
  if ((parts.given & Given::changed_byte) != 0) {
    parts.changed_at = in.u16();
    parts.change = static_cast<std::byte>(in.u8());
  }
  while (!in.at_end()) {
    vault::BlockInfo block;
    block.codec = static_cast<vault::Codec>(in.u8());
    block.plain_bytes = in.u32();
    block.chunk_count = in.u8();
    block.first_chunk = static_cast<std::uint32_t>(parts.table.chunk_lengths.size());
    for (std::uint32_t i = 0; i < block.chunk_count; ++i) {
      parts.table.chunk_lengths.push_back(in.u32());
    }
    parts.payloads.push_back(in.short_bytes(in.remaining()));
    block.stored_bytes =
        static_cast<std::uint32_t>(parts.payloads.back().size() + vault::kTagBytes);
    parts.table.blocks.push_back(block);
  }
  return parts;
}

/// The keys of the one pack.
struct Session {
  vault::OpenedSlot slot{
      {{}, {}, {}, 1}, vault::Secret{32}, vault::SetKeys::from_bytes(Buffer(64, std::byte{1}))};
  std::uint32_t number = 1;
  Buffer context = vault::pack_context(slot.identity, number);
  vault::PackKeys keys = vault::PackKeys::of(slot.session_key, slot.identity, number);
  vault::Secret chunk_key = vault::chunk_table_key(slot.set_keys.catalogue, context);
};

void append_blocks(Buffer& region, Parts& parts, const Session& session) {
  vault::Sealer sealer{session.keys.block};
  std::uint32_t plain_offset = 0;
  for (std::uint32_t i = 0; i < parts.payloads.size(); ++i) {
    vault::BlockInfo& block = parts.table.blocks[i];
    block.plain_offset = plain_offset;
    plain_offset += block.plain_bytes;
    append(region,
           sealer.seal(vault::block_nonce(i, block.nonce_part),
                       vault::block_associated(session.context, i, block), parts.payloads[i]));
  }
}

Buffer make_region(Parts& parts, const Session& session) {
  ByteWriter header;
  header.text(vault::kPackMagic).u16(vault::kFormatVersion).u16(0).u32(session.number);
  header.id(session.slot.identity.set).id(session.slot.identity.session);
  header.u32(session.slot.identity.number).u32(0).u64(0);
  Buffer region = header.take();
  if (!parts.head.empty()) {
    region.assign(parts.head.begin(), parts.head.end());
  }
  append(region, session.keys.commitment(session.context).bytes());
  append_blocks(region, parts, session);

  const auto associated = [&](vault::PackPart part) {
    return vault::part_associated(session.context, part);
  };
  const auto locator_of = [&](const Buffer& box, ByteView given) {
    const Buffer right = ByteWriter{}.u64(region.size()).u64(box.size()).take();
    append(region, box);
    return given.empty() ? right : Buffer{given.begin(), given.end()};
  };
  const Buffer block_locator =
      locator_of(vault::seal_box(session.keys.block_table, associated(vault::PackPart::block_table),
                                 parts.table.encode()),
                 parts.block_locator);
  const Buffer chunk_locator =
      locator_of(vault::seal_box(session.chunk_key, associated(vault::PackPart::chunk_table),
                                 parts.chunk_table),
                 parts.chunk_locator);
  const std::uint64_t data_bytes = vault::padded_data_bytes(region.size() + vault::kLocatorsBytes);
  region.resize(static_cast<std::size_t>(data_bytes) - vault::kLocatorsBytes, std::byte{0});
  append(region, vault::seal_box(session.keys.block_table,
                                 associated(vault::PackPart::block_table_locator), block_locator));
  append(region, vault::seal_box(session.chunk_key,
                                 associated(vault::PackPart::chunk_table_locator), chunk_locator));
  return region;
}

/// The file of a data region, and what a manifest says of it.
std::pair<Buffer, vault::PackInfo> make_file(Buffer region, const Session& session) {
  Buffer hashes;
  for (ByteView rest = region; !rest.empty();) {
    const std::size_t leaf = std::min<std::size_t>(rest.size(), limits::kLeafBytes);
    append(hashes, vault::sha256(rest.first(leaf)).bytes());
    rest = rest.subspan(leaf);
  }
  vault::PackInfo info{session.number, session.slot.identity.number, 0, {}};
  info.root = vault::pack_root(session.slot.identity.set, session.slot.identity.session,
                               session.number, region.size(), hashes);
  ByteWriter tail;
  tail.bytes(hashes).text(vault::kPackTailMagic).u32(session.number);
  tail.u32(static_cast<std::uint32_t>(vault::leaf_count(region.size()))).u64(region.size());
  tail.id(info.root).u64(0);
  append(region, tail.view());
  info.file_bytes = region.size();
  return {std::move(region), info};
}

/// A keyless check passes exactly the file that the manifest vouches for.
void check_keyless(const Parts& parts, ByteView file, const vault::PackInfo& info,
                   const Session& session) {
  const auto good = decoded({ErrorKind::damage, ErrorKind::authenticity}, [&] {
    vault::PackCheck check{info, session.slot.identity};
    check.update(file.first(file.size() / 2));
    check.update(file.subspan(file.size() / 2));
    check.finish();
    return true;
  });
  const bool is_changed = parts.change != std::byte{0};
  AZK_CHECK(!good || !is_changed);
  AZK_CHECK(good || is_changed || !parts.head.empty());
}

void read_keyed(ByteView file, const vault::PackInfo& info, const Session& session) {
  UniqueFd fd{memfd_create("pack", MFD_CLOEXEC)};
  write_all(fd.get(), file, "pack");
  const auto pack = decoded({ErrorKind::damage, ErrorKind::authenticity}, [&] {
    return vault::PackReader{std::move(fd), info, session.slot};
  });
  if (!pack) {
    return;
  }
  AZK_CHECK(pack->plain_bytes() <= limits::kPackPlainMax);
  for (std::uint32_t i = 0; i < pack->table().blocks.size(); ++i) {
    const auto plain = decoded([&] { return pack->open_block(i); });
    AZK_CHECK(!plain || plain->size() == pack->table().blocks[i].plain_bytes);
  }
  static_cast<void>(decoded([&] { return pack->chunk_table(session.slot.set_keys.catalogue); }));
}

}  // namespace

/// Input: u8 Given ‖ short chunk table ‖ what is given: block locator [16], chunk locator [16],
/// header without commitment [64], u16 offset and u8 change of one byte of the file ‖ blocks, each
/// u8 codec ‖ u32 plain length ‖ u8 count ‖ count × u32 chunk length ‖ short payload.
void fuzz_one(ByteView input) {
  static const Session session;
  auto parts = decoded([&] { return read_parts(input); });
  if (!parts) {
    return;
  }
  auto [file, info] = make_file(make_region(*parts, session), session);
  parts->changed_at %= file.size();
  file[parts->changed_at] ^= parts->change;
  check_keyless(*parts, file, info, session);
  read_keyed(file, info, session);
}

}  // namespace azekura::tests
