#include "vault/pack_reader.h"

#include "core/byte_reader.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/limits.h"
#include "vault/object.h"

#include <exception>
#include <utility>

namespace azekura::vault {

namespace {

constexpr std::uint64_t kTableBytesMax = limits::kPackDataBytes;

Buffer read_part(int file, std::uint64_t offset, std::uint64_t bytes, std::uint32_t pack) {
  if (file < 0) {
    throw DamageError{"\"{}\" is not on the medium", pack_path(pack)};
  }
  Buffer part(static_cast<std::size_t>(bytes));
  std::size_t count = 0;
  try {
    count = read_some_at(file, part, offset, pack_path(pack));
  } catch (const SystemError& error) {  // what the device does not give back is damage
    throw DamageError{"{}", error.what()};
  }
  if (count != part.size()) {
    throw DamageError{"pack {:08x} ends too early", pack};
  }
  return part;
}

/// The bytes of a pack file, and what heals them.
struct PackBytes {
  int file = -1;
  std::uint32_t pack = 0;
  Healer* healer = nullptr;

  /// Calls `use` with bytes of the file; if it says that they are not what they must be, once more
  /// with healed ones. Errors: what `use` throws of those in the file.
  template <typename Use>
  auto with(std::uint64_t offset, std::uint64_t bytes, Use&& use) const {
    std::exception_ptr problem;
    try {
      return use(read_part(file, offset, bytes, pack));
    } catch (const Error& error) {
      if (healer == nullptr || !error.is_about_stored_bytes()) {
        throw;
      }
      problem = std::current_exception();
    }
    try {
      return use(healer->read(pack, offset, bytes));
    } catch (const Error& error) {
      if (error.is_about_stored_bytes()) {
        std::rethrow_exception(problem);
      }
      throw;
    }
  }
};

struct PackHeader {
  std::uint32_t number = 0;
  SetId set;
  SessionId session;
  std::uint32_t session_number = 0;
  Digest commitment;
};

PackHeader decode_header(ByteView bytes) {
  ByteReader in{bytes, "a pack header"};
  if (as_text(in.bytes(kPackMagic.size())) != kPackMagic) {
    in.fail("it does not begin as it must");
  }
  const std::uint16_t version = in.u16();
  if (version != kFormatVersion || in.u16() != 0) {
    throw VersionError{"a pack has format version {}, this program knows version {}", version,
                       kFormatVersion};
  }
  PackHeader header;
  header.number = in.u32();
  header.set = in.id<SetId>();
  header.session = in.id<SessionId>();
  header.session_number = in.u32();
  if (in.u32() != 0 || in.u64() != 0) {
    in.fail("reserved bytes are not zero");
  }
  header.commitment = in.id<Digest>();
  return header;
}

struct SealedTable {
  std::uint64_t offset = 0;
  Buffer box;
};

/// Opens the locator at `offset` and calls `use` with the sealed table it points to.
template <typename Use>
auto with_table(const PackBytes& bytes, const PackInfo& info, std::uint64_t offset,
                const Secret& key, ByteView associated, Use&& use) {
  const Buffer plain = bytes.with(offset, kLocatorBytes, [&](ByteView sealed) {
    return open_box(key, associated, sealed, text("a table locator of pack {:08x}", info.number));
  });
  ByteReader in{plain, "a table locator"};
  const std::uint64_t at = in.u64();
  const std::uint64_t length = in.u64();
  const std::uint64_t data_bytes = pack_data_bytes(info.file_bytes);
  if (length > kTableBytesMax || at > data_bytes || length > data_bytes - at) {
    in.fail("it points outside the pack");
  }
  return bytes.with(at, length, [&](Buffer box) { return use(SealedTable{at, std::move(box)}); });
}

void check_header(const PackHeader& header, const PackInfo& info, const SessionIdentity& session) {
  if (header.number != info.number || header.set != session.set ||
      header.session != session.session || header.session_number != session.number) {
    throw DamageError{"pack {:08x} says it is pack {:08x} of session {}", info.number,
                      header.number, header.session_number};
  }
}

template <typename Use>
auto with_chunk_table(const PackBytes& bytes, const PackInfo& info, const SessionIdentity& session,
                      const Secret& catalogue_key, Use&& use) {
  const Buffer context = pack_context(session, info.number);
  const std::uint64_t data_bytes = pack_data_bytes(info.file_bytes);
  return with_table(
      bytes, info, data_bytes - kLocatorBytes, chunk_table_key(catalogue_key, context),
      part_associated(context, PackPart::chunk_table_locator), [&](SealedTable table) {
        const std::uint64_t used = table.offset + table.box.size() + kLocatorsBytes;
        if (data_bytes != limits::kPackDataBytes && data_bytes != padded_data_bytes(used)) {
          throw DamageError{"pack {:08x} is not padded as it must be", info.number};
        }
        return use(std::move(table));
      });
}

}  // namespace

PackReader::PackReader(UniqueFd file, const PackInfo& info, const OpenedSlot& session,
                       Healer* healer)
    : file_{std::move(file)},
      healer_{healer},
      info_{info},
      session_{session.identity},
      context_{pack_context(session.identity, info.number)},
      block_key_{std::size_t{0}} {
  const PackBytes bytes{file_.get(), info_.number, healer_};
  PackKeys keys = PackKeys::of(session.session_key, session_, info_.number);
  bytes.with(0, kPackHeaderBytes, [&](ByteView head) {
    const PackHeader header = decode_header(head);
    check_header(header, info_, session_);
    if (!equal_in_constant_time(keys.commitment(context_).bytes(), header.commitment.bytes())) {
      throw DamageError{"pack {:08x} was not written under its session's key", info_.number};
    }
  });
  const std::uint64_t data_bytes = pack_data_bytes(info_.file_bytes);
  table_ = with_table(
      bytes, info_, data_bytes - kLocatorsBytes, keys.block_table,
      part_associated(context_, PackPart::block_table_locator), [&](const SealedTable& sealed) {
        BlockTable table = BlockTable::decode(
            open_box(keys.block_table, part_associated(context_, PackPart::block_table), sealed.box,
                     text("the block table of pack {:08x}", info_.number)),
            data_bytes);
        const std::uint64_t blocks_end = table.blocks.empty()
                                             ? kPackHeaderBytes
                                             : std::uint64_t{table.blocks.back().stored_offset} +
                                                   table.blocks.back().stored_bytes;
        if (sealed.offset != blocks_end) {
          throw DamageError{"the block table of pack {:08x} does not follow its blocks",
                            info_.number};
        }
        return table;
      });
  block_key_ = std::move(keys.block);
}

std::uint32_t PackReader::plain_bytes() const noexcept {
  return table_.blocks.empty()
             ? 0
             : table_.blocks.back().plain_offset + table_.blocks.back().plain_bytes;
}

Buffer PackReader::open_block(std::uint32_t index) const {
  const BlockInfo& block = table_.blocks.at(index);
  return PackBytes{file_.get(), info_.number, healer_}.with(
      block.stored_offset, block.stored_bytes, [&](ByteView sealed) {
        const Buffer payload = Sealer{block_key_}.open(
            block_nonce(index, block.nonce_part), block_associated(context_, index, block), sealed,
            text("block {} of pack {:08x}", index, info_.number));
        return expand(block.codec, payload, block.plain_bytes);
      });
}

ChunkTable PackReader::chunk_table(const Secret& catalogue_key) const {
  return with_chunk_table({file_.get(), info_.number, healer_}, info_, session_, catalogue_key,
                          [&](const SealedTable& table) {
                            return open_chunk_table(catalogue_key, session_, info_.number,
                                                    table.box);
                          });
}

Buffer read_sealed_chunk_table(int file, const PackInfo& info, const SessionIdentity& session,
                               const Secret& catalogue_key) {
  check_header(decode_header(read_part(file, 0, kPackHeaderBytes, info.number)), info, session);
  return with_chunk_table({file, info.number, nullptr}, info, session, catalogue_key,
                          [](SealedTable table) { return std::move(table.box); });
}

SessionIdentity pack_session(int file, const SiteId& site) {
  const PackHeader header = decode_header(read_part(file, 0, kPackHeaderBytes, 0));
  return {site, header.set, header.session, header.session_number};
}

}  // namespace azekura::vault
