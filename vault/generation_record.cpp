#include "vault/generation_record.h"

#include "core/byte_reader.h"
#include "core/byte_writer.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/limits.h"

#include <algorithm>
#include <optional>

namespace azekura::vault {

namespace {

constexpr std::string_view kRecordMagic = "AZKGENR1";
constexpr std::string_view kRecordName = "the record of generations";
/// A source waits in as many sessions as a set has missed nights; years of them.
constexpr std::uint32_t kGenerationsMax = 1U << 20U;
constexpr std::uint64_t kRecordBytesMax = 128 * kMiB;
constexpr std::size_t kLabelMax = 64;
constexpr std::uint8_t kComplete = 1;
constexpr std::uint8_t kCommitted = 2;

}  // namespace

GenerationRecord::GenerationRecord(const Site& site, const std::string& set)
    : folder_{site.path() + "/generations"}, path_{folder_ + "/" + set} {
  try {
    if (const std::optional<Buffer> bytes = read_file_if_any(path_, kRecordBytesMax)) {
      load(*bytes);
    }
  } catch (const DamageError&) {
    generations_.clear();
  }
}

void GenerationRecord::load(ByteView bytes) {
  ByteReader in{bytes, kRecordName};
  if (as_text(in.bytes(kRecordMagic.size())) != kRecordMagic) {
    in.fail("it is of another kind");
  }
  const std::uint32_t count = in.u32();
  if (count > kGenerationsMax) {
    in.fail("it is too long");
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    SourceGeneration one;
    one.source = in.short_text(kLabelMax);
    one.started.seconds = in.i64();
    one.started.nanoseconds = in.u32();
    one.number = in.u32();
    one.session = in.id<SessionId>();
    const std::uint8_t flags = in.u8();
    one.complete = (flags & kComplete) != 0;
    one.committed = (flags & kCommitted) != 0;
    generations_.push_back(std::move(one));
  }
  in.expect_end();
}

void GenerationRecord::save() {
  ByteWriter out;
  out.text(kRecordMagic).u32(static_cast<std::uint32_t>(generations_.size()));
  for (const SourceGeneration& one : generations_) {
    const auto flags = static_cast<std::uint8_t>((one.complete ? kComplete : 0) |
                                                 (one.committed ? kCommitted : 0));
    out.short_bytes(as_bytes(one.source))
        .i64(one.started.seconds)
        .u32(one.started.nanoseconds)
        .u32(one.number)
        .id(one.session)
        .u8(flags);
  }
  make_directory(folder_);
  replace_file(path_, out.view());
}

void GenerationRecord::add(const SessionIdentity& session, const std::vector<Snapshot>& snapshots) {
  // What waited under this number, or a later one, was dropped.
  std::erase_if(generations_, [&](const SourceGeneration& one) {
    return !one.committed && one.number >= session.number;
  });
  for (const Snapshot& snapshot : snapshots) {
    generations_.push_back({.source = snapshot.source.name,
                            .started = snapshot.started,
                            .number = session.number,
                            .session = session.session,
                            .complete = snapshot.complete});
  }
  save();
}

void GenerationRecord::commit(const SessionIdentity& session) {
  std::vector<SourceGeneration> kept;
  for (SourceGeneration& one : generations_) {
    one.committed = one.committed || one.session == session.session;
    // Sessions are written in order: what waited before this one was dropped.
    if (!one.committed && one.number < session.number) {
      continue;
    }
    if (one.committed) {
      std::erase_if(kept, [&](const SourceGeneration& earlier) {
        return earlier.committed && earlier.source == one.source &&
               (one.complete || !earlier.complete);
      });
    }
    kept.push_back(std::move(one));
  }
  generations_ = std::move(kept);
  save();
}

}  // namespace azekura::vault
