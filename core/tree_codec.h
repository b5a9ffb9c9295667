#pragma once

#include "core/byte_reader.h"
#include "core/byte_writer.h"
#include "core/entry.h"

#include <span>
#include <vector>

/// Directories, contents and extent lists to and from bytes. docs/format.md, sections 9 and 10.
///
///   directory   = { u32 length, entry }*            entries sorted by name, no name twice
///   entry       = u8 kind, u32 fields, short name, u32 mode, u32 uid, u32 gid, time modified,
///                 { u32 length, field }*            one per bit of `fields`, lowest bit first
///   content     = u64 size, u8 level, digest, u32 count, { extent }*
///   extent      = u8 kind, u64 length, [ u32 pack, u32 byte, digest ]   brackets: data only
///   extent list = { extent }*
///
/// Encoding is canonical: decode(encode(x)) = x, and encode(decode(b)) = b for every b that
/// decodes. Decoders throw DamageError and nothing else.
namespace azekura {

/// Requires: entries sorted by name, names unique and valid.
Buffer encode_directory(std::span<const Entry> entries);
std::vector<Entry> decode_directory(ByteView bytes);

/// One entry without its length; the root of a tree may have an empty name.
void encode_entry(ByteWriter& out, const Entry& entry);
/// `bytes` is exactly one entry. Shape: a name is empty only if `bytes` says so; callers of
/// anything but a root refuse that.
Entry decode_entry(ByteView bytes);

/// 12 bytes.
void encode_time(ByteWriter& out, const Timestamp& time);
Timestamp decode_time(ByteReader& in);

void encode_content(ByteWriter& out, const Content& content);
Content decode_content(ByteReader& in);

Buffer encode_extents(std::span<const Extent> extents);
std::vector<Extent> decode_extents(ByteView bytes);

/// True for names an entry may have: 1 to 255 bytes, no '/', no NUL, not "." or "..".
bool is_valid_name(std::string_view name) noexcept;

/// Bytes the extents cover. Errors: DamageError if the sum is beyond kFileBytesMax.
std::uint64_t covered_bytes(std::span<const Extent> extents);

}  // namespace azekura
