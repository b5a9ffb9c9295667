#include "core/snapshot.h"

#include "core/limits.h"
#include "core/tree_codec.h"

#include <algorithm>

namespace azekura {

namespace {

constexpr std::size_t kLabelMax = 64;
bool decode_flag(ByteReader& in) {
  const std::uint8_t value = in.u8();
  if (value > 1) {
    in.fail("a flag is neither 0 nor 1");
  }
  return value == 1;
}

}  // namespace

bool is_valid_label(std::string_view name) noexcept {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= kLabelMax && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), allowed);
}

void encode_snapshot(ByteWriter& out, const Snapshot& snapshot) {
  out.short_bytes(as_bytes(snapshot.source.name));
  out.u8(static_cast<std::uint8_t>(snapshot.source.kind));
  out.long_bytes(as_bytes(snapshot.source.origin));
  out.i64(snapshot.started.seconds).u32(snapshot.started.nanoseconds);
  out.i64(snapshot.finished.seconds).u32(snapshot.finished.nanoseconds);
  out.u8(snapshot.complete ? 1 : 0);
  ByteWriter root;
  encode_entry(root, snapshot.root);
  out.long_bytes(root.view());
  const SnapshotTotals& totals = snapshot.totals;
  out.u64(totals.entries).u64(totals.bytes).u64(totals.read_bytes).u64(totals.flawed);
  out.u8(snapshot.command_end.has_value() ? 1 : 0);
  if (snapshot.command_end) {
    out.u32(static_cast<std::uint32_t>(snapshot.command_end->exit_status));
    out.long_bytes(as_bytes(snapshot.command_end->error_text));
  }
}

Snapshot decode_snapshot(ByteReader& in) {
  Snapshot snapshot;
  snapshot.source.name = in.short_text(kLabelMax);
  if (!is_valid_label(snapshot.source.name)) {
    in.fail("a source has an impossible name");
  }
  const std::uint8_t kind = in.u8();
  if (kind < 1 || kind > 2) {
    in.fail("a source has an unknown kind");
  }
  snapshot.source.kind = static_cast<SourceKind>(kind);
  snapshot.source.origin = std::string{as_text(in.long_bytes(limits::kTextMax))};
  snapshot.started = decode_time(in);
  snapshot.finished = decode_time(in);
  snapshot.complete = decode_flag(in);
  snapshot.root = decode_entry(in.long_bytes(in.remaining()));
  if (!snapshot.root.name.empty()) {
    in.fail("a root has a name");
  }
  snapshot.totals.entries = in.u64();
  snapshot.totals.bytes = in.u64();
  snapshot.totals.read_bytes = in.u64();
  snapshot.totals.flawed = in.u64();
  if (decode_flag(in)) {
    snapshot.command_end = CommandEnd{};
    snapshot.command_end->exit_status = static_cast<std::int32_t>(in.u32());
    snapshot.command_end->error_text = std::string{as_text(in.long_bytes(limits::kTextMax))};
  }
  const bool is_stream = snapshot.source.kind == SourceKind::stream;
  if (is_stream ? snapshot.root.kind != EntryKind::file : snapshot.command_end.has_value()) {
    in.fail("a snapshot's root or end does not fit its source");
  }
  return snapshot;
}

}  // namespace azekura
