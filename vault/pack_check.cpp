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

std::uint64_t PackCheck::leaves_bytes() const noexcept { return data_bytes_; }

void PackCheck::update(ByteView bytes, ByteView leaf_hashes) {
  if (head_.size() < kPackHeaderBytes) {
    append(head_, bytes.first(std::min(bytes.size(), kPackHeaderBytes - head_.size())));
  }
  if (seen_ < data_bytes_) {
    const std::size_t part = std::min<std::uint64_t>(bytes.size(), data_bytes_ - seen_);
    leaves_.update(bytes.first(part), leaf_hashes);
    seen_ += part;
    bytes = bytes.subspan(part);
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
  const Buffer hashes = leaves_.finish();
  const Digest computed =
      pack_root(session_.set, session_.session, info_.number, data_bytes_, hashes);
  if (computed != info_.root) {
    const std::vector<std::uint32_t> damaged = differing_leaves(tail_, hashes);
    throw DamageError{"pack {:08x} is damaged: {} of {} leaves, the first at byte {}", info_.number,
                      damaged.size(), leaf_count(data_bytes_),
                      damaged.empty() ? 0 : damaged.front() * limits::kLeafBytes};
  }
  if (!equal(pack_end(info_, hashes), tail_)) {
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
