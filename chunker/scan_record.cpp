#include "chunker/scan_record.h"

#include "core/byte_reader.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/tree_codec.h"

#include <algorithm>
#include <utility>

namespace azekura::chunker {

namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kObject = "a scan record";
/// Coarser than any file system's clock tick, and FAT's.
constexpr std::int64_t kTrustSeconds = 2;

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

}  // namespace

void ScanRecordWriter::add(std::string_view name, const FileState& state, ByteView entry) {
  const Timestamp trusted{.seconds = scan_start_.seconds - kTrustSeconds,
                          .nanoseconds = scan_start_.nanoseconds};
  if (state.modified >= trusted || state.changed >= trusted) {
    return;
  }
  files_.short_bytes(as_bytes(name));
  files_.u64(state.device).u64(state.inode).u64(state.size);
  encode_time(files_, state.modified);
  encode_time(files_, state.changed);
  encode_time(files_, state.born);
  files_.long_bytes(entry);
}

Buffer ScanRecordWriter::take() {
  ByteWriter record;
  record.u32(kVersion).bytes(files_.view());
  return record.take();
}

ScanRecord::ScanRecord(Buffer encoded) : encoded_{std::move(encoded)} {
  ByteReader in{encoded_, kObject};
  if (in.u32() != kVersion) {
    in.fail("an unknown version");
  }
  const auto offset_of = [&](ByteView part) {
    return static_cast<std::size_t>(part.data() - encoded_.data());
  };
  while (!in.at_end()) {
    const ByteView name = in.short_bytes(limits::kNameMax);
    const FileState state = decode_state(in);
    const ByteView entry = in.long_bytes(in.remaining());
    if (!files_.empty() && name_of(files_.back()) >= as_text(name)) {
      in.fail("names do not rise");
    }
    files_.push_back({.name_start = offset_of(name),
                      .name_size = name.size(),
                      .state = state,
                      .entry_start = offset_of(entry),
                      .entry_size = entry.size()});
  }
}

std::string_view ScanRecord::name_of(const File& file) const {
  return as_text(ByteView{encoded_}.subspan(file.name_start, file.name_size));
}

std::optional<Entry> ScanRecord::find(std::string_view name, const FileState& state) const {
  const auto file = std::lower_bound(
      files_.begin(), files_.end(), name,
      [this](const File& left, std::string_view right) { return name_of(left) < right; });
  if (file == files_.end() || name_of(*file) != name || file->state != state) {
    return std::nullopt;
  }
  Entry entry = decode_entry(ByteView{encoded_}.subspan(file->entry_start, file->entry_size));
  if (entry.name != name || entry.kind != EntryKind::file || !entry.content) {
    throw DamageError{"{}: an entry is not the named file with content", kObject};
  }
  return entry;
}

}  // namespace azekura::chunker
