#include "core/tree_codec.h"

#include "core/error.h"
#include "core/limits.h"

#include <algorithm>

namespace azekura {

namespace {

constexpr std::string_view kEntryObject = "a directory entry";
constexpr std::uint32_t kNanosecondsMax = 999'999'999;

/// Bit numbers of `fields`; docs/format.md, section 10.
enum class Field : unsigned {
  content = 0,
  link_target = 1,
  device = 2,
  hard_link = 3,
  user = 4,
  group = 5,
  xattrs = 6,
  born = 7,
  attribute_flags = 8,
  flaw = 9,
};
constexpr unsigned kFieldCount = 10;

void encode_extent(ByteWriter& out, const Extent& extent) {
  out.u8(static_cast<std::uint8_t>(extent.kind)).u64(extent.length);
  if (extent.kind == ExtentKind::data) {
    out.u32(extent.position.pack).u32(extent.position.byte).id(extent.digest);
  }
}

/// Kind and length; one of data has more.
constexpr std::size_t kExtentBytesMin = 9;

Extent decode_extent(ByteReader& in) {
  Extent extent;
  const std::uint8_t kind = in.u8();
  if (kind < 1 || kind > 3) {
    in.fail("an extent has an unknown kind");
  }
  extent.kind = static_cast<ExtentKind>(kind);
  extent.length = in.u64();
  if (extent.length == 0 || extent.length > limits::kFileBytesMax) {
    in.fail("an extent has an impossible length");
  }
  if (extent.kind == ExtentKind::data) {
    extent.position.pack = in.u32();
    extent.position.byte = in.u32();
    extent.digest = in.id<Digest>();
    if (extent.position.byte + extent.length > limits::kPackPlainMax) {
      in.fail("an extent reaches beyond a pack");
    }
  }
  return extent;
}

void encode_xattrs(ByteWriter& out, const Entry& entry) {
  for (const auto& [name, value] : entry.xattrs) {
    out.short_bytes(as_bytes(name)).long_bytes(value);
  }
}

void decode_xattrs(ByteReader& in, Entry& entry) {
  while (!in.at_end()) {
    if (entry.xattrs.size() == limits::kXattrsMax) {
      in.fail("too many extended attributes");
    }
    std::string name = in.short_text(limits::kXattrNameMax);
    if (name.empty() || name.find('\0') != std::string::npos ||
        (!entry.xattrs.empty() && entry.xattrs.back().first >= name)) {
      in.fail("extended attributes are not sorted by valid names");
    }
    const ByteView value = in.long_bytes(limits::kXattrValueMax);
    entry.xattrs.emplace_back(std::move(name), Buffer{value.begin(), value.end()});
  }
  if (entry.xattrs.empty()) {
    in.fail("an empty list of extended attributes");
  }
}

bool has_field(const Entry& entry, Field field) {
  switch (field) {
    case Field::content:
      return entry.content.has_value();
    case Field::link_target:
      return !entry.link_target.empty();
    case Field::device:
      return entry.device.has_value();
    case Field::hard_link:
      return entry.hard_link.has_value();
    case Field::user:
      return !entry.user.empty();
    case Field::group:
      return !entry.group.empty();
    case Field::xattrs:
      return !entry.xattrs.empty();
    case Field::born:
      return entry.born.has_value();
    case Field::attribute_flags:
      return entry.attribute_flags != 0;
    case Field::flaw:
      return entry.flaw != EntryFlaw::none;
  }
  return false;
}

Buffer encode_field(const Entry& entry, Field field) {
  ByteWriter out;
  switch (field) {
    case Field::content:
      encode_content(out, *entry.content);
      break;
    case Field::link_target:
      out.text(entry.link_target);
      break;
    case Field::device:
      out.u32(entry.device->major).u32(entry.device->minor);
      break;
    case Field::hard_link:
      out.u64(entry.hard_link->id).u32(entry.hard_link->names);
      break;
    case Field::user:
      out.text(entry.user);
      break;
    case Field::group:
      out.text(entry.group);
      break;
    case Field::xattrs:
      encode_xattrs(out, entry);
      break;
    case Field::born:
      encode_time(out, *entry.born);
      break;
    case Field::attribute_flags:
      out.u32(entry.attribute_flags);
      break;
    case Field::flaw:
      out.u8(static_cast<std::uint8_t>(entry.flaw));
      break;
  }
  return out.take();
}

/// The rest of `in`, as a text of 1 to `max` bytes without NUL.
std::string decode_rest_text(ByteReader& in, std::size_t max) {
  std::string text{as_text(in.bytes(in.remaining()))};
  if (text.empty() || text.size() > max || text.find('\0') != std::string::npos) {
    in.fail("a text has an impossible length or a NUL");
  }
  return text;
}

void decode_field(ByteReader& in, Field field, Entry& entry) {
  switch (field) {
    case Field::content:
      entry.content = decode_content(in);
      break;
    case Field::link_target:
      entry.link_target = decode_rest_text(in, limits::kSymlinkMax);
      break;
    case Field::device:
      entry.device = DeviceNumber{};
      entry.device->major = in.u32();
      entry.device->minor = in.u32();
      break;
    case Field::hard_link:
      entry.hard_link = HardLink{};
      entry.hard_link->id = in.u64();
      entry.hard_link->names = in.u32();
      break;
    case Field::user:
      entry.user = decode_rest_text(in, limits::kNameMax);
      break;
    case Field::group:
      entry.group = decode_rest_text(in, limits::kNameMax);
      break;
    case Field::xattrs:
      decode_xattrs(in, entry);
      break;
    case Field::born:
      entry.born = decode_time(in);
      break;
    case Field::attribute_flags:
      entry.attribute_flags = in.u32();
      if (entry.attribute_flags == 0) {
        in.fail("an empty set of attribute flags");
      }
      break;
    case Field::flaw: {
      const std::uint8_t flaw = in.u8();
      if (flaw < 1 || flaw > 2) {
        in.fail("an unknown flaw");
      }
      entry.flaw = static_cast<EntryFlaw>(flaw);
      break;
    }
  }
}

/// What a kind must and may not have, so that a reader can rely on it.
void check_shape(const ByteReader& in, const Entry& entry) {
  const bool has_bytes = entry.kind == EntryKind::file || entry.kind == EntryKind::directory;
  const bool is_device =
      entry.kind == EntryKind::block_device || entry.kind == EntryKind::character_device;
  if (entry.content.has_value() && !has_bytes) {
    in.fail("content on an object that has none");
  }
  if (entry.link_target.empty() == (entry.kind == EntryKind::symlink)) {
    in.fail("a link target is missing or out of place");
  }
  if (entry.device.has_value() != is_device) {
    in.fail("a device number is missing or out of place");
  }
  if (entry.kind == EntryKind::directory && entry.hard_link.has_value()) {
    in.fail("a directory with several names");
  }
  if (entry.kind == EntryKind::directory && !entry.content.has_value() &&
      entry.flaw != EntryFlaw::unreadable) {
    in.fail("a directory without content");
  }
  if (entry.kind == EntryKind::file && !entry.content.has_value() && !entry.hard_link.has_value() &&
      entry.flaw != EntryFlaw::unreadable) {
    in.fail("a file without content");
  }
}

}  // namespace

void encode_time(ByteWriter& out, const Timestamp& time) {
  out.i64(time.seconds).u32(time.nanoseconds);
}

Timestamp decode_time(ByteReader& in) {
  Timestamp time;
  time.seconds = in.i64();
  time.nanoseconds = in.u32();
  if (time.nanoseconds > kNanosecondsMax) {
    in.fail("a time has too many nanoseconds");
  }
  return time;
}

bool is_valid_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= limits::kNameMax && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

std::uint64_t covered_bytes(std::span<const Extent> extents) {
  std::uint64_t sum = 0;
  for (const Extent& extent : extents) {
    if (extent.length > limits::kFileBytesMax - sum) {
      throw DamageError{"extents cover more than {} bytes", limits::kFileBytesMax};
    }
    sum += extent.length;
  }
  return sum;
}

void encode_content(ByteWriter& out, const Content& content) {
  out.u64(content.size).u8(content.level).id(content.digest);
  out.u32(static_cast<std::uint32_t>(content.extents.size()));
  for (const Extent& extent : content.extents) {
    encode_extent(out, extent);
  }
}

Content decode_content(ByteReader& in) {
  Content content;
  content.size = in.u64();
  content.level = in.u8();
  content.digest = in.id<Digest>();
  const std::uint32_t count = in.u32();
  if (content.level > 1 || content.size > limits::kFileBytesMax) {
    in.fail("a content has an impossible level or size");
  }
  if (count > in.remaining() / kExtentBytesMin) {
    in.fail("a content counts more extents than it has bytes");
  }
  content.extents.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    content.extents.push_back(decode_extent(in));
    if (content.level == 1 && content.extents.back().kind != ExtentKind::data) {
      in.fail("a stored extent list has a gap");
    }
  }
  const std::uint64_t covered = covered_bytes(content.extents);
  if (content.level == 0 ? covered != content.size : covered > limits::kExtentListBytesMax) {
    in.fail("extents do not cover the content");
  }
  return content;
}

Buffer encode_extents(std::span<const Extent> extents) {
  ByteWriter out;
  for (const Extent& extent : extents) {
    encode_extent(out, extent);
  }
  return out.take();
}

std::vector<Extent> decode_extents(ByteView bytes) {
  ByteReader in{bytes, "an extent list"};
  std::vector<Extent> extents;
  while (!in.at_end()) {
    extents.push_back(decode_extent(in));
  }
  return extents;
}

void encode_entry(ByteWriter& out, const Entry& entry) {
  std::uint32_t fields = 0;
  for (unsigned bit = 0; bit < kFieldCount; ++bit) {
    if (has_field(entry, static_cast<Field>(bit))) {
      fields |= 1U << bit;
    }
  }
  out.u8(static_cast<std::uint8_t>(entry.kind)).u32(fields).short_bytes(as_bytes(entry.name));
  out.u32(entry.mode).u32(entry.uid).u32(entry.gid);
  encode_time(out, entry.modified);
  for (unsigned bit = 0; bit < kFieldCount; ++bit) {
    if ((fields & 1U << bit) != 0) {
      out.long_bytes(encode_field(entry, static_cast<Field>(bit)));
    }
  }
}

Entry decode_entry(ByteView bytes) {
  ByteReader in{bytes, kEntryObject};
  Entry entry;
  const std::uint8_t kind = in.u8();
  if (kind < 1 || kind > 7) {
    in.fail("an unknown kind");
  }
  entry.kind = static_cast<EntryKind>(kind);
  const std::uint32_t fields = in.u32();
  if (fields >> kFieldCount != 0) {
    in.fail("an unknown field");
  }
  entry.name = in.short_text(limits::kNameMax);
  entry.mode = in.u32();
  if (entry.mode > 07777) {
    in.fail("a mode has unknown bits");
  }
  entry.uid = in.u32();
  entry.gid = in.u32();
  entry.modified = decode_time(in);
  for (unsigned bit = 0; bit < kFieldCount; ++bit) {
    if ((fields & 1U << bit) != 0) {
      ByteReader field{in.long_bytes(in.remaining()), kEntryObject};
      decode_field(field, static_cast<Field>(bit), entry);
      field.expect_end();
    }
  }
  in.expect_end();
  check_shape(in, entry);
  return entry;
}

Buffer encode_directory(std::span<const Entry> entries) {
  AZK_CHECK(std::is_sorted(entries.begin(), entries.end(),
                           [](const Entry& a, const Entry& b) { return a.name < b.name; }));
  ByteWriter out;
  for (const Entry& entry : entries) {
    AZK_CHECK(is_valid_name(entry.name));
    ByteWriter one;
    encode_entry(one, entry);
    out.long_bytes(one.view());
  }
  return out.take();
}

std::vector<Entry> decode_directory(ByteView bytes) {
  ByteReader in{bytes, "a directory"};
  std::vector<Entry> entries;
  while (!in.at_end()) {
    entries.push_back(decode_entry(in.long_bytes(in.remaining())));
    if (!is_valid_name(entries.back().name)) {
      in.fail("an entry has an impossible name");
    }
    if (entries.size() > 1 && entries[entries.size() - 2].name >= entries.back().name) {
      in.fail("entries are not sorted by unique names");
    }
  }
  return entries;
}

}  // namespace azekura
