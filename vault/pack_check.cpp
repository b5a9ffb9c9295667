#include "vault/pack_check.h"

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/sabotage.h"
#include "vault/object.h"

#include <algorithm>

namespace azekura::vault {

PackCheck::PackCheck(const PackInfo& info, const SessionIdentity& session)
    : info_{info}, session_{session}, data_bytes_{pack_data_bytes(info.file_bytes)} {}

void PackCheck::update(ByteView bytes) {
  if (head_.size() < kPackHeaderBytes) {
    append(head_, bytes.first(std::min(bytes.size(), kPackHeaderBytes - head_.size())));
  }
  while (!bytes.empty() && seen_ < data_bytes_) {
    const std::uint64_t leaf_end =
        std::min((seen_ / limits::kLeafBytes + 1) * limits::kLeafBytes, data_bytes_);
    const std::size_t part = std::min<std::uint64_t>(bytes.size(), leaf_end - seen_);
    leaf_.update(bytes.first(part));
    seen_ += part;
    bytes = bytes.subspan(part);
    if (seen_ == leaf_end) {
      append(leaf_hashes_, leaf_.finish().bytes());
    }
  }
  seen_ += bytes.size();
  if (seen_ > info_.file_bytes) {  // at once: a sparse file may be as long as it likes
    throw DamageError{"pack {:08x} is longer than the {} bytes that were sealed", info_.number,
                      info_.file_bytes};
  }
  const std::size_t tail_bytes = leaf_count(data_bytes_) * Digest::kBytes + kPackTailBytes;
  append(tail_, bytes.first(std::min(bytes.size(), tail_bytes - tail_.size())));
}

void PackCheck::finish() {
  if (sabotaged(Sabotage::roots_unchecked)) {
    return;
  }
  if (seen_ != info_.file_bytes) {
    throw DamageError{"pack {:08x} has {} bytes, {} were sealed", info_.number, seen_,
                      info_.file_bytes};
  }
  const Digest computed =
      pack_root(session_.set, session_.session, info_.number, data_bytes_, leaf_hashes_);
  if (computed != info_.root) {
    const ByteView stored = ByteView{tail_}.first(leaf_hashes_.size());
    std::size_t damaged = 0;
    std::size_t first = 0;
    for (std::size_t leaf = 0; leaf * Digest::kBytes < leaf_hashes_.size(); ++leaf) {
      const std::size_t at = leaf * Digest::kBytes;
      if (!equal(stored.subspan(at, Digest::kBytes),
                 ByteView{leaf_hashes_}.subspan(at, Digest::kBytes))) {
        first = damaged == 0 ? leaf : first;
        ++damaged;
      }
    }
    throw DamageError{"pack {:08x} is damaged: {} of {} leaves, the first at byte {}", info_.number,
                      damaged, leaf_count(data_bytes_), first * limits::kLeafBytes};
  }
  const ByteWriter tail = [&] {
    ByteWriter out;
    out.bytes(leaf_hashes_).text(kPackTailMagic).u32(info_.number);
    out.u32(static_cast<std::uint32_t>(leaf_count(data_bytes_))).u64(data_bytes_);
    out.id(info_.root).u64(0);
    return out;
  }();
  if (!equal(tail.view(), tail_)) {
    throw DamageError{"pack {:08x} is damaged in its leaf hashes or tail", info_.number};
  }
  ByteReader versions{ByteView{head_}.subspan(kPackMagic.size()), "a pack header"};
  if (versions.u16() != kFormatVersion || versions.u16() != 0) {
    throw VersionError{"pack {:08x} has a format version this program does not know", info_.number};
  }
  ByteWriter head;
  head.text(kPackMagic).u16(1).u16(0).u32(info_.number).id(session_.set).id(session_.session);
  head.u32(session_.number).u32(0).u64(0);
  if (!equal(head.view(), ByteView{head_}.first(kCommitmentOffset))) {
    throw DamageError{"pack {:08x} says it is another pack", info_.number};
  }
}

}  // namespace azekura::vault
