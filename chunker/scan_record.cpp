#include "chunker/scan_record.h"

#include "core/byte_reader.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/tree_codec.h"

#include <utility>

namespace azekura::chunker {

namespace {

constexpr std::uint32_t kVersion = 2;
constexpr std::string_view kObject = "a scan record";
/// Coarser than any file system's clock tick, and FAT's.
constexpr std::int64_t kTrustSeconds = 2;
constexpr std::size_t kStateBytes = 3 * 8 + 3 * 12;

enum class ChildKind : std::uint8_t { name = 0, directory = 1, content = 2, file = 3 };

ChildKind child_kind_of(const Entry& entry, bool has_state) {
  if (entry.kind == EntryKind::directory) {
    return ChildKind::directory;
  }
  if (entry.kind != EntryKind::file || !entry.content) {
    return ChildKind::name;
  }
  return has_state ? ChildKind::file : ChildKind::content;
}

FileState decode_state(ByteReader& in) {
  FileState state;
  state.device = in.u64();
  state.inode = in.u64();
  state.size = in.u64();
  state.modified = decode_time(in);
  state.changed = decode_time(in);
  state.born = decode_time(in);
  return state;
}

ScanRecord::Child decode_child(ByteReader& in) {
  ScanRecord::Child child;
  child.name = as_text(in.short_bytes(limits::kNameMax));
  const std::uint8_t kind = in.u8();
  if (kind > static_cast<std::uint8_t>(ChildKind::file)) {
    in.fail("a child of an unknown kind");
  }
  switch (static_cast<ChildKind>(kind)) {
    case ChildKind::name:
      break;
    case ChildKind::directory:
      child.is_directory = true;
      break;
    case ChildKind::content:
      child.content = in.id<DigestPrefix>();
      break;
    case ChildKind::file:
      child.content = in.id<DigestPrefix>();
      child.state = in.bytes(kStateBytes);
      child.entry = in.long_bytes(in.remaining());
      break;
  }
  return child;
}

}  // namespace

DigestPrefix prefix_of(const Digest& digest) {
  return DigestPrefix::from_bytes(digest.bytes().first(DigestPrefix::kBytes));
}

std::string scan_record_key(std::string_view source, std::string_view path) {
  std::string key{source};
  key += '\0';
  key += path;
  return key;
}

void ScanRecordWriter::add(const Entry& entry, ByteView encoded,
                           const std::optional<FileState>& state) {
  const Timestamp trusted{.seconds = scan_start_.seconds - kTrustSeconds,
                          .nanoseconds = scan_start_.nanoseconds};
  const bool has_state = state && state->modified < trusted && state->changed < trusted;
  const ChildKind kind = child_kind_of(entry, has_state);
  children_.short_bytes(as_bytes(entry.name)).u8(static_cast<std::uint8_t>(kind));
  if (kind == ChildKind::content || kind == ChildKind::file) {
    children_.id(prefix_of(entry.content->digest));
  }
  if (kind == ChildKind::file) {
    children_.u64(state->device).u64(state->inode).u64(state->size);
    encode_time(children_, state->modified);
    encode_time(children_, state->changed);
    encode_time(children_, state->born);
    children_.long_bytes(encoded);
  }
}

Buffer ScanRecordWriter::take(bool is_short) {
  ByteWriter record;
  record.u32(kVersion).u8(is_short ? 1 : 0).bytes(children_.view());
  return record.take();
}

ScanRecord::ScanRecord(Buffer encoded) : encoded_{std::move(encoded)} {
  ByteReader in{encoded_, kObject};
  if (in.u32() != kVersion) {
    in.fail("an unknown version");
  }
  const std::uint8_t is_short = in.u8();
  if (is_short > 1) {
    in.fail("a flag is neither 0 nor 1");
  }
  is_short_ = is_short == 1;
  while (!in.at_end()) {
    Child child = decode_child(in);
    if (!children_.empty() && children_.back().name >= child.name) {
      in.fail("names do not rise");
    }
    children_.push_back(child);
  }
}

std::optional<Entry> ScanRecord::entry_of(const Child& child, const FileState& state) {
  ByteReader remembered{child.state, kObject};
  if (child.state.empty() || decode_state(remembered) != state) {
    return std::nullopt;
  }
  Entry entry = decode_entry(child.entry);
  if (entry.name != child.name || entry.kind != EntryKind::file || !entry.content) {
    throw DamageError{"{}: an entry is not the named file with content", kObject};
  }
  return entry;
}

}  // namespace azekura::chunker
